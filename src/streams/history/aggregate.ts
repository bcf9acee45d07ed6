/**
 * The aggregates that a reader can ask for, by name: `mean`, `p95`, `stddev`, `rate/minute`, `increase`,
 * `timeWeightedMean`, `timeIn=open`, `distinct`, `gaps>5m`, `longestGap`. Pure: this file turns names into kinds; sample-values.ts computes them.
 */
import { knownName } from '../../base/known-names.ts';
import { TidegateError } from '../../base/errors.ts';
import { durationText, parseDuration } from '../../base/time/time-text.ts';

/** Aggregates that each row keeps as events come in. Rows of different parts of a log merge (see `WindowRow`). */
export const MERGING = ['count', 'min', 'max', 'mean', 'sum', 'first', 'last'] as const;
export type Merging = (typeof MERGING)[number];

const RATE_MS = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 } as const;

/** The names that an error shows to a reader who asked for an unknown aggregate. */
const AGGREGATE_NAMES = [
  ...MERGING,
  'stddev',
  'p50',
  'p90',
  'p95',
  'p99',
  'distinct',
  'timeWeightedMean',
  'timeIn=open',
  'increase',
  'rate/second',
  'rate/minute',
  'rate/hour',
  'rate/day',
  'longestGap',
  'gaps>5m',
];
export const MOST_AGGREGATES = 20;
/** Longest name: `timeIn=` and a value. */
export const AGGREGATE_CHARACTERS = 80;

export type Aggregate = { name: string } & (
  | { kind: Merging | 'stddev' | 'timeWeightedMean' | 'increase' | 'longestGap' | 'distinct' }
  | { kind: 'percentile'; /** 0 to 1. */ part: number }
  | { kind: 'rate'; perMs: number }
  | { kind: 'gaps'; overMs: number }
  | { kind: 'timeIn'; /** As text. */ value: string }
);

/** @throws TidegateError `invalid_input`: `field` names the argument. */
export function aggregateOf(name: string, field = 'aggregates'): Aggregate {
  const known = knownAggregate(name);
  if (known !== null) return known;
  throw new TidegateError('invalid_input', `there is no aggregate ${name.slice(0, 40)}`, {
    field,
    expected: expectedAggregate(name),
  });
}

/** What was expected in place of an unknown name. */
export function expectedAggregate(name: string): string {
  return `${knownName(name, AGGREGATE_NAMES)}; pN for any percentile, gaps>D for any duration, timeIn=V for any value`;
}

export function knownAggregate(name: string): Aggregate | null {
  const simple = [...MERGING, 'stddev', 'timeWeightedMean', 'increase', 'longestGap', 'distinct'] as const;
  const kind = simple.find((known) => known === name);
  if (kind !== undefined) return { name, kind };
  const percent = Number(/^p(\d{1,2}(?:\.\d{1,6})?|100)$/.exec(name)?.[1] ?? Number.NaN);
  if (!Number.isNaN(percent)) return { name, kind: 'percentile', part: percent / 100 };
  const [, unit = ''] = /^rate\/(\w+)$/.exec(name) ?? [];
  if (Object.hasOwn(RATE_MS, unit)) return { name, kind: 'rate', perMs: RATE_MS[unit as keyof typeof RATE_MS] };
  const [, state] = /^timeIn=(.+)$/s.exec(name) ?? [];
  if (state !== undefined) return { name, kind: 'timeIn', value: state };
  const overMs = parseDuration(/^gaps>(.+)$/.exec(name)?.[1] ?? '');
  if (overMs !== null) return { name: `gaps>${durationText(overMs)}`, kind: 'gaps', overMs };
  return null;
}

/** Whether the aggregate of a whole log follows from those of its parts. */
export function merges({ kind }: Aggregate): boolean {
  return kind === 'stddev' || (MERGING as readonly string[]).includes(kind);
}

/** Whether the time and value of every event have to be kept until the end. */
export function needsSamples(aggregate: Aggregate): boolean {
  return !(MERGING as readonly string[]).includes(aggregate.kind) && aggregate.kind !== 'rate';
}

/** Whether the aggregate needs only times, and so no field. */
export function isOfTimes({ kind }: Aggregate): boolean {
  return kind === 'count' || kind === 'gaps' || kind === 'longestGap';
}

/** Whether the aggregate needs no number: a text, a number and true or false are values to it. */
export function isOfAnyValue({ kind }: Aggregate): boolean {
  return kind === 'distinct' || kind === 'timeIn';
}

/** Whether the aggregate is a span of time, in ms. */
export function isSpan({ kind }: Aggregate): boolean {
  return kind === 'longestGap' || kind === 'timeIn';
}

/** Whether the aggregate compares each value with the next, so that mixed values of several keys would mean nothing. */
export function isOfSeries({ kind }: Aggregate): boolean {
  return kind === 'rate' || kind === 'increase' || kind === 'timeWeightedMean' || kind === 'timeIn';
}

/** Whether the aggregate follows one event to the next. A part of a log does not know what lies between its events and the next part. */
export function followsEvents(aggregate: Aggregate): boolean {
  return isOfSeries(aggregate) || aggregate.kind === 'gaps' || aggregate.kind === 'longestGap';
}

/** Whether the aggregate of a window also uses the last value before the window. */
export function needsBefore({ kind }: Aggregate): boolean {
  return kind === 'increase' || kind === 'timeWeightedMean' || kind === 'timeIn';
}
