/**
 * Checks a question about windows against the declared streams, and makes the plan of its read: the grid, the
 * aggregates, and for each stream the series that one scan fills. Pure. It refuses a question that cannot be answered
 * before anything is read.
 */
import type { App } from '../../declare/app.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import {
  type Aggregate,
  aggregateOf,
  followsEvents,
  isOfAnyValue,
  isOfSeries,
  isOfTimes,
  needsBefore,
} from './aggregate.ts';
import { findStream } from '../find-stream.ts';
import type { Range } from '../ranges/range.ts';
import { evenGrid, type Grid, monthGrid, weekGrid, zonedGrid } from './window-grid.ts';
import { meanMs, type WindowLength, windowLength } from './window-length.ts';
import type { Question, Series } from './window-question.ts';
import { checkFields, isClock, numbersOf, type StreamSeries, wrongQuestion } from './window-fields.ts';
import { BY_KEY } from './window-groups.ts';
import { type Zone, zoneOf } from '../../base/time/zone.ts';

/** Number of windows of a query without `from`. */
const DEFAULT_WINDOWS = 60;
/** A scan that needs the value before the range begins one window earlier, but at most this long. */
const LONGEST_LOOK_BACK_MS = 86_400_000;

export interface Plan {
  grid: Grid;
  zone: Zone | null;
  range: Range & { from: number };
  aggregates: Aggregate[];
  by: string[];
  /** Those of `by` that stand for a clock's hours or days. */
  clocks: string[];
  /** Where the values are texts, numbers, true and false: the texts that aggregates name. Null: values are numbers. */
  codes: string[] | null;
  empty: boolean;
  /** In the order of the question. */
  series: Series[];
  /** Each stream is scanned once, for all of its series. */
  scans: StreamSeries[];
  /** How long before the range each scan begins, ms. */
  lookBackMs: number;
}

/**
 * @param rankedBy an aggregate by which rows are ranked; it is added to the aggregates
 * @throws TidegateError `invalid_input` with the argument; `not_found` where another stream of the question does not
 * exist.
 */
export function planOf(
  app: App,
  stream: DeclaredStream,
  question: Question,
  asked: Range,
  now: number,
  rankedBy?: Aggregate,
): Plan {
  const window = windowLength(question.window);
  const { field, also, by, empty } = question;
  if (window.kind === 'all' && asked.from === null) {
    throw wrongQuestion('from', 'a single window over everything needs a beginning', 'a time, because `window` is all');
  }
  const zone = question.zone === null ? null : zoneOf(question.zone);
  const from = asked.from ?? defaultFrom(gridOf(window, zone, 'epoch', 0), asked.to ?? now);
  const range = { ...asked, from };
  const grid = gridOf(window, zone, question.align, from);
  const series = [{ stream: stream.name, field }, ...also];
  if (new Set(series.map((one) => JSON.stringify([one.stream, one.field]))).size < series.length) {
    throw wrongQuestion(
      'also',
      'the same field stands there twice',
      'other fields or streams than the first, each once',
    );
  }
  const names = [...new Set(series.map((one) => one.stream))];
  const scans = names.map((name) => ({
    stream: findStream(app, name),
    series: series.filter((one) => one.stream === name),
  }));
  const wanted = rankedBy === undefined ? question.aggregates : [...question.aggregates, rankedBy.name];
  const aggregates = [...new Set(wanted)].map((name) => aggregateOf(name));
  const clocks = by.filter((name) => isClock(name, scans));
  const codes = codesOf(aggregates);
  const ofFields = by.filter((name) => !clocks.includes(name));
  checkFields(scans, { range, by: ofFields, aggregates, ofNumbers: codes === null });
  checkAggregates(aggregates, series, { by, clocks }, range, scans);
  const length = meanMs(window) ?? (asked.to ?? now) - from;
  const lookBackMs = aggregates.some(needsBefore) ? Math.min(Math.max(0, length), LONGEST_LOOK_BACK_MS) : 0;
  return { grid, zone, range, aggregates, by, clocks, codes, empty, series, scans, lookBackMs };
}

function gridOf(length: WindowLength, zone: Zone | null, align: Question['align'], from: number): Grid {
  if (length.kind === 'all') return evenGrid(null, from);
  if (align === 'from') {
    if (zone !== null) {
      throw wrongQuestion(
        'align',
        'windows of a time zone begin by its clocks',
        'to be left out, because zone is given',
      );
    }
    if (length.kind === 'months') {
      throw wrongQuestion('align', 'months begin on their first', 'to be left out, because window is in months');
    }
    return evenGrid(meanMs(length), from);
  }
  if (length.kind === 'weeks') return weekGrid(length.count, zone);
  if (length.kind === 'months') return monthGrid(length.count, zone);
  return zone === null ? evenGrid(length.ms, 0) : zonedGrid(length.ms, zone);
}

function defaultFrom(grid: Grid, to: number): number {
  let start = grid.startOf(to);
  for (let count = 1; count < DEFAULT_WINDOWS; count += 1) start = grid.startOf(start - 1);
  return start;
}

function checkAggregates(
  aggregates: readonly Aggregate[],
  series: readonly Series[],
  { by, clocks }: Pick<Plan, 'by' | 'clocks'>,
  { keys, where }: Range,
  scans: Plan['scans'],
): void {
  const ofValues = aggregates.find((aggregate) => !isOfTimes(aggregate));
  if (ofValues && series.every(({ field }) => field === null)) {
    throw wrongQuestion(
      'field',
      `${ofValues.name} is of values`,
      `the path of a ${isOfAnyValue(ofValues) ? 'value' : 'number'}, because aggregates has ${ofValues.name}${isOfAnyValue(ofValues) ? '' : numbersOf(scans)}${eventInstead(ofValues)}`,
    );
  }
  const between = aggregates.find(followsEvents);
  const [clock] = clocks;
  if (between && clock !== undefined) {
    const why = `${between.name} follows one event to the next, which ${clock} would tear apart`;
    throw wrongQuestion(
      'by',
      why,
      `windows of 1h or 1d in place of ${clock}, or an aggregate of each event, such as mean`,
    );
  }
  const followed = aggregates.find(isOfSeries);
  const mixed = !by.includes(BY_KEY) && keys?.length !== 1 && scans.some(({ stream }) => stream.keyed);
  if (followed && mixed) {
    const why = `${followed.name} follows one value to the next, which several keys in a row would mix`;
    throw wrongQuestion('by', why, `${BY_KEY} among them, or one key in keys`);
  }
  const tested = series.find(({ field }) => field !== null && where !== null && Object.hasOwn(where, field));
  if (followed && tested) {
    const why = `${followed.name} follows ${tested.field} from one event to the next, and where would leave out those that end a value`;
    const instead = followed.kind === 'timeIn' ? `, because ${followed.name} is of that value alone already` : '';
    throw wrongQuestion('where', why, `no test of ${tested.field}${instead}`);
  }
  // Streams without keys may tell their series apart by a field. A series itself has no rows for each of its values.
  const isKeyed = scans.some(({ stream }) => stream.keyed);
  const isFollowed = (name: string) => series.some(({ field }) => field === name);
  const torn = by.find((name) => name !== BY_KEY && !clocks.includes(name) && (isKeyed || isFollowed(name)));
  if (followed && torn !== undefined) {
    const why = `${followed.name} follows one value to the next, which rows for each ${torn} would tear apart`;
    const byState = followed.kind === 'timeIn' ? `; instead a timeIn in aggregates for each value of ${torn}` : '';
    const byLabel = `; instead where with one value of ${torn}, if it stays the same throughout what is followed`;
    throw wrongQuestion('by', why, `no ${torn} among them${isFollowed(torn) ? byState : byLabel}`);
  }
}

function eventInstead({ kind }: Aggregate): string {
  if (kind !== 'first' && kind !== 'last') return '';
  return `; or no ${kind}: the event itself is told without window, by order ${kind === 'first' ? 'oldest' : 'newest'} and limit 1`;
}

/** Any value will do where no aggregate needs a number. */
function codesOf(aggregates: readonly Aggregate[]): string[] | null {
  const ofAny = aggregates.filter(isOfAnyValue);
  if (ofAny.length === 0 || !aggregates.every((aggregate) => isOfAnyValue(aggregate) || isOfTimes(aggregate)))
    return null;
  return ofAny.flatMap((aggregate) => (aggregate.kind === 'timeIn' ? [aggregate.value] : []));
}
