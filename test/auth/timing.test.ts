/**
 * Nobody can tell by the time of an answer whether a handle is another's or nobody's. Calls of both kinds take turns, in a
 * random order within each pair, so that a machine that slows down slows both. Compared are ranks, of which a few slow calls
 * move little: the share of pairs in which another's took longer (Mann-Whitney), which is a half where there is no difference.
 */
import { expect, test } from 'vitest';
import type { Engine } from '../services/engine.ts';
import { testEachStore } from '../services/each-store.ts';
import { call, type CallerName, matrixStage, otherThan, type Seeds } from './callers.ts';
import { answerOf, modern, type Sent } from './messages.ts';
import { byDepth } from '../depth.ts';

/** `npm run timing`. */
const whole = process.env['MODE'] === 'timing';
/** Of both kinds together, where a call takes a fraction of a millisecond and where it takes some. */
const CALLS = whole ? 10_000 : byDepth(200, 400, 400);
const CALLS_OF_SERVERS = whole ? 10_000 : byDepth(60, 100, 100);
const WARM = whole ? 50 : 10;
const LONGEST_MS = whole ? 3_600_000 : 90_000;

/** Five standard deviations of the share where there is no difference: sqrt((n + m + 1) / (12 n m)), with half of the calls each. */
const boundOf = (calls: number) => 5 * Math.sqrt((calls + 1) / (12 * (calls / 2) ** 2));

const read = (uri: string): Sent => ({ method: 'resources/read', params: { uri } });
const ASKED: Readonly<Record<string, readonly [(seeds: Seeds) => string, (handle: string) => Sent]>> = {
  'tasks/get': [({ book }) => book, (taskId) => ({ method: 'tasks/get', params: { taskId } })],
  'tasks/cancel': [({ agree }) => agree, (taskId) => ({ method: 'tasks/cancel', params: { taskId } })],
  get_task: [({ book }) => book, (task) => call('get_task', { task })],
  read_result: [({ handle }) => handle, (handle) => call('read_result', { handle })],
  'result://': [({ handle }) => handle, (handle) => read(`result://${handle}/1`)],
  'task://': [({ book }) => book, (task) => read(`task://${task}/pages/1`)],
};

/** Deterministic, so that a run can be repeated. */
function coin(seed: number): () => boolean {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state >= 2 ** 31;
  };
}

/** The share of pairs of a value of each list in which the first is the greater; equal values count half. */
function shareOfGreater(first: readonly number[], second: readonly number[]): number {
  const all = [...first.map((value) => ({ value, own: 1 })), ...second.map((value) => ({ value, own: 0 }))];
  const sorted = all.toSorted((a, b) => a.value - b.value);
  let ranks = 0;
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (sorted[to]?.value === sorted[from]?.value) to += 1;
    const own = sorted.slice(from, to).filter((each) => each.own === 1).length;
    ranks += (own * (from + 1 + to)) / 2;
    from = to;
  }
  return (ranks - (first.length * (first.length + 1)) / 2) / (first.length * second.length);
}

test('the measure finds a difference that is there', () => {
  const flip = coin(7);
  const noise = () => (flip() ? 1 : 0) + (flip() ? 2 : 0) + (flip() ? 4 : 0);
  const sample = (more: number) => Array.from({ length: CALLS / 2 }, () => noise() + more);
  expect(Math.abs(shareOfGreater(sample(0), sample(0)) - 0.5)).toBeLessThan(boundOf(CALLS));
  expect(shareOfGreater(sample(2), sample(0)) - 0.5).toBeGreaterThan(boundOf(CALLS));
  expect(shareOfGreater([1, 2, 2], [2, 0, 5])).toBeCloseTo(4 / 9);
});

testEachStore(
  'tells nothing by its time',
  async (store, name) => {
    const { host, headers, seeds } = await matrixStage(store);
    const calls = callsOn(name);
    const timeOf = async (caller: CallerName, message: Sent): Promise<number> => {
      const request = modern(message, headers[caller]);
      const from = performance.now();
      const { status } = await answerOf(host, request);
      const took = performance.now() - from;
      expect(status).toBe(200);
      return took;
    };
    const found: Record<string, Compared> = {};
    for (const [asked, [handleOf, sent]] of Object.entries(ASKED)) {
      for (const caller of ['wrong tenant', 'wrong subject'] as const) {
        const known = handleOf(seeds);
        const time = (handle: string) => timeOf(caller, sent(handle));
        found[`${asked} ${caller}`] = await compared(time, known, otherThan(known), calls);
      }
    }
    if (whole) console.table(found);
    const told = Object.entries(found).filter(([, { share }]) => Math.abs(share - 0.5) >= boundOf(calls));
    expect(Object.fromEntries(told)).toEqual({});
  },
  LONGEST_MS,
);

function callsOn(name: Engine | 'memory'): number {
  return name === 'memory' || name === 'sqlite' ? CALLS : CALLS_OF_SERVERS;
}

interface Compared {
  share: number;
  /** Of each kind, ms. */
  median: { another: number; none: number };
}

async function compared(
  time: (handle: string) => Promise<number>,
  another: string,
  none: string,
  calls: number,
): Promise<Compared> {
  const flip = coin(another.length);
  const times: Record<'another' | 'none', number[]> = { another: [], none: [] };
  const kinds = [
    ['another', another],
    ['none', none],
  ] as const;
  for (let pair = -WARM; pair < calls / 2; pair += 1) {
    for (const [kind, handle] of flip() ? kinds : kinds.toReversed()) {
      const took = await time(handle);
      if (pair >= 0) times[kind].push(took);
    }
  }
  const median = { another: medianOf(times.another), none: medianOf(times.none) };
  return { share: shareOfGreater(times.another, times.none), median };
}

function medianOf(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}
