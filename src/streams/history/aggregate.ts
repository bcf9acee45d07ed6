/**
 * What can be asked of the values in a window, by name: `mean`, `p95`, `stddev`, `rate/minute`, `increase`,
 * `timeWeightedMean`, `gaps>5m`, `longestGap`. Pure: names to meanings; sample-values.ts computes them.
 */
import { knownName } from '../../declare/spec/known-names.ts';
import { TidegateError } from '../../base/errors.ts';
import { durationText, parseDuration } from '../../base/time-text.ts';

/** Kept for each row as events come in; rows of parts merge (see `WindowRow`). */
export const MERGING = ['count', 'min', 'max', 'mean', 'sum', 'first', 'last'] as const;
export type Merging = (typeof MERGING)[number];

const RATE_MS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** As they are told to a reader who asked for another. */
export const AGGREGATE_NAMES = [
  ...MERGING,
  'stddev',
  'p50',
  'p90',
  'p95',
  'p99',
  'timeWeightedMean',
  'increase',
  'rate/second',
  'rate/minute',
  'rate/hour',
  'rate/day',
  'longestGap',
  'gaps>5m',
];
export const MOST_AGGREGATES = 20;

export type Aggregate = { name: string } & (
  | { kind: Merging | 'stddev' | 'timeWeightedMean' | 'increase' | 'longestGap' }
  | { kind: 'percentile'; /** 0 to 1. */ part: number }
  | { kind: 'rate'; perMs: number }
  | { kind: 'gaps'; overMs: number }
);

/** @throws TidegateError `invalid_input`: `field` names the argument. */
export function aggregateOf(name: string, field = 'aggregates'): Aggregate {
  const simple = [...MERGING, 'stddev', 'timeWeightedMean', 'increase', 'longestGap'] as const;
  const kind = simple.find((known) => known === name);
  if (kind !== undefined) return { name, kind };
  const percent = Number(/^p(\d{1,2}(?:\.\d{1,6})?|100)$/.exec(name)?.[1] ?? Number.NaN);
  if (!Number.isNaN(percent)) return { name, kind: 'percentile', part: percent / 100 };
  const [, unit = ''] = /^rate\/(\w+)$/.exec(name) ?? [];
  if (Object.hasOwn(RATE_MS, unit)) return { name, kind: 'rate', perMs: RATE_MS[unit as keyof typeof RATE_MS] };
  const overMs = parseDuration(/^gaps>(.+)$/.exec(name)?.[1] ?? '');
  if (overMs !== null) return { name: `gaps>${durationText(overMs)}`, kind: 'gaps', overMs };
  throw new TidegateError('invalid_input', `there is no aggregate ${name.slice(0, 40)}`, {
    field,
    expected: `${knownName(name, AGGREGATE_NAMES)}; pN for any percentile, gaps>D for any duration`,
  });
}

/** Rows of parts of a log tell of it what adds up to the whole. */
export function merges({ kind }: Aggregate): boolean {
  return kind === 'stddev' || (MERGING as readonly string[]).includes(kind);
}

/** Whether every event's time and value have to be kept until the end. */
export function needsSamples(aggregate: Aggregate): boolean {
  return !(MERGING as readonly string[]).includes(aggregate.kind) && aggregate.kind !== 'rate';
}

/** Whether it is told of times alone, without a field. */
export function isOfTimes({ kind }: Aggregate): boolean {
  return kind === 'count' || kind === 'gaps' || kind === 'longestGap';
}

/** Whether values are followed from one to the next, so that those of several keys in a row would mean nothing. */
export function isOfSeries({ kind }: Aggregate): boolean {
  return kind === 'rate' || kind === 'increase' || kind === 'timeWeightedMean';
}

/** Whether the value that stood when a window began counts for it. */
export function needsBefore({ kind }: Aggregate): boolean {
  return kind === 'increase' || kind === 'timeWeightedMean';
}
