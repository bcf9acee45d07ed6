/** The table of what grows: a line for each call, a column for each size, and how the largest compares with the smallest. */
import type { Figure } from './calls.ts';

/** Above these ratios of the largest size to the smallest a call is marked. */
const FLAT_CALLS = 2;
const FLAT_TIME = 3;
/** Shorter than this at the largest size, ms, no time counts as growing: it is within what is measured of anything. */
const LEAST_MS = 0.5;

/** Why a call grows with a size, where that is meant, by `<what grows>: <call>`. */
const EXPLAINED: Readonly<Record<string, string>> = {
  'keys: read_latest of all keys': 'the answer grows until its page is full',
  'keys: read_history, a closed hour':
    'the answer names known keys without an event, of the first 5,000: one call for each 1,000',
  'streams: list_streams': 'a page has at most 20 streams, with two or three calls each; 42 calls at most',
  'streams: resources/list':
    'a page has at most 100, but all are gathered with each call, because templates list what they like; no calls',
  'streams: a sweep behind 100 events':
    'four calls for each stream, of 100 streams at most; each sweep begins with another one',
  'streams: a scheduled run behind them': 'the sweep, and one call for each stream on which a task may wait',
};

const figureText = ({ storeCalls, ms }: Figure) => `${storeCalls} / ${ms < 10 ? ms.toFixed(2) : ms.toFixed(0)} ms`;

export function printScale(title: string, of: string, found: readonly [number, ReadonlyMap<string, Figure>][]): void {
  const last = found.at(-1)?.[1] ?? new Map<string, Figure>();
  const notes: string[] = [];
  console.log(`\n${title}: calls to the store / median time`);
  const sizes = found.map(([size]) => size.toLocaleString('en').padStart(18)).join('');
  console.log(`  ${''.padEnd(28)}${sizes}    largest to smallest`);
  for (const [call, large] of last) {
    const row = found.map(([, figures]) => figures.get(call));
    const [small] = row;
    if (small === undefined) continue;
    const calls = large.storeCalls / Math.max(1, small.storeCalls);
    const time = large.ms / small.ms;
    const grows = [
      ...(calls > FLAT_CALLS ? ['CALLS GROW'] : []),
      ...(time > FLAT_TIME && large.ms > LEAST_MS ? ['TIME GROWS'] : []),
    ];
    const cells = row.map((figure) => (figure === undefined ? '' : figureText(figure)).padStart(18)).join('');
    const mark = grows.length === 0 ? '' : `  ${grows.join(', ')}`;
    console.log(`  ${call.padEnd(28)}${cells}    ${calls.toFixed(1)} / ${time.toFixed(1)}${mark}`);
    const why = EXPLAINED[`${of}: ${call}`];
    if (grows.length > 0) notes.push(`${call}: ${why ?? 'not explained'}`);
  }
  for (const note of notes) console.log(`  * ${note}`);
}
