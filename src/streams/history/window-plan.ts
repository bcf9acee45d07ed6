/**
 * Checks a question about windows against the declared streams, and makes the plan of its read: the grid, the
 * aggregates, and for each stream the series that one scan fills. Pure. It refuses a question that cannot be answered
 * before anything is read.
 */
import type { App } from '../../declare/app.ts';
import { formsAt } from '../../declare/check/picked-fields.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import { PATH_CHARACTERS, pathOf } from '../../base/field-path.ts';
import { type Aggregate, aggregateOf, isOfSeries, isOfTimes, needsBefore } from './aggregate.ts';
import { checkNumeric, fieldsOf, isNumeric } from '../fields.ts';
import { findStream } from '../find-stream.ts';
import { type Range, resolveRange } from '../ranges/range.ts';
import { evenGrid, type Grid, monthGrid, weekGrid, zonedGrid } from './window-grid.ts';
import { meanMs, type WindowLength, windowLength } from './window-length.ts';
import type { Question, Series } from './window-question.ts';
import { BY_KEY } from './window-values.ts';
import { type Zone, zoneOf } from '../../base/time/zone.ts';

/** Number of windows of a query without `from`. */
export const DEFAULT_WINDOWS = 60;
/** A scan that needs the value before the range begins one window earlier, but at most this long. */
const LONGEST_LOOK_BACK_MS = 86_400_000;

export interface Plan {
  grid: Grid;
  zone: Zone | null;
  range: Range & { from: number };
  aggregates: Aggregate[];
  by: string[];
  empty: boolean;
  /** In the order of the question. */
  series: Series[];
  /** Each stream is scanned once, for all of its series. */
  scans: { stream: DeclaredStream; series: Series[] }[];
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
    throw invalid('from', 'a single window over everything needs a beginning', 'a time, because `window` is all');
  }
  const zone = question.zone === null ? null : zoneOf(question.zone);
  const from = asked.from ?? defaultFrom(gridOf(window, zone, 'epoch', 0), asked.to ?? now);
  const range = { ...asked, from };
  const grid = gridOf(window, zone, question.align, from);
  const series = [{ stream: stream.name, field }, ...also];
  if (new Set(series.map((one) => JSON.stringify([one.stream, one.field]))).size < series.length) {
    throw invalid('also', 'the same field stands there twice', 'other fields or streams than the first, each once');
  }
  const names = [...new Set(series.map((one) => one.stream))];
  const scans = names.map((name) => ({
    stream: findStream(app, name),
    series: series.filter((one) => one.stream === name),
  }));
  for (const scan of scans) checkStream(scan.stream, scan.series, by, range);
  const wanted = rankedBy === undefined ? question.aggregates : [...question.aggregates, rankedBy.name];
  const aggregates = [...new Set(wanted)].map((name) => aggregateOf(name));
  checkAggregates(aggregates, series, by, range, scans);
  const length = meanMs(window) ?? (asked.to ?? now) - from;
  const lookBackMs = aggregates.some(needsBefore) ? Math.min(Math.max(0, length), LONGEST_LOOK_BACK_MS) : 0;
  return { grid, zone, range, aggregates, by, empty, series, scans, lookBackMs };
}

function gridOf(length: WindowLength, zone: Zone | null, align: Question['align'], from: number): Grid {
  if (length.kind === 'all') return evenGrid(null, from);
  if (align === 'from') {
    if (zone !== null) {
      throw invalid('align', 'windows of a time zone begin by its clocks', 'to be left out, because zone is given');
    }
    if (length.kind === 'months') {
      throw invalid('align', 'months begin on their first', 'to be left out, because window is in months');
    }
    return evenGrid(meanMs(length), from);
  }
  if (length.kind === 'weeks') return weekGrid(length.count, zone);
  if (length.kind === 'months') return monthGrid(length.count, zone);
  return zone === null ? evenGrid(length.ms, 0) : zonedGrid(length.ms, zone);
}

const SCALARS = ['string', 'number', 'integer', 'boolean'] as const;

function defaultFrom(grid: Grid, to: number): number {
  let start = grid.startOf(to);
  for (let count = 1; count < DEFAULT_WINDOWS; count += 1) start = grid.startOf(start - 1);
  return start;
}

function checkStream(stream: DeclaredStream, series: readonly Series[], by: readonly string[], range: Range): void {
  for (const { field } of series) if (field !== null) checkNumeric(stream, checkPath(field, 'field'));
  // Keys and filters apply to all streams, so each stream has to have them.
  resolveRange(
    stream,
    { ...(range.keys ? { keys: range.keys } : {}), ...(range.where ? { where: range.where } : {}) },
    0,
  );
  for (const name of by) {
    if (name === BY_KEY) continue;
    if (holdsScalars(stream, checkPath(name, 'by'))) continue;
    const named = fieldsOf(stream).flatMap((one) => (holdsScalars(stream, one.name) ? [one.name] : []));
    const what = formsAt(stream.jsonSchema, pathOf(name))?.has('array') ? 'a list and no value' : 'no value';
    throw invalid('by', `the events of ${stream.name} have ${what} at ${name.slice(0, 80)}`, oneOf([BY_KEY, ...named]));
  }
}

function holdsScalars({ jsonSchema }: DeclaredStream, field: string): boolean {
  const forms = formsAt(jsonSchema, pathOf(field));
  return forms === null || SCALARS.some((form) => forms.has(form));
}

function checkAggregates(
  aggregates: readonly Aggregate[],
  series: readonly Series[],
  by: readonly string[],
  { keys }: Range,
  scans: Plan['scans'],
): void {
  const ofValues = aggregates.find((aggregate) => !isOfTimes(aggregate));
  if (ofValues && series.every(({ field }) => field === null)) {
    throw invalid(
      'field',
      `${ofValues.name} is of values`,
      `the path of a number, because aggregates has ${ofValues.name}${numbersOf(scans)}`,
    );
  }
  const followed = aggregates.find(isOfSeries);
  const mixed = !by.includes(BY_KEY) && keys?.length !== 1 && scans.some(({ stream }) => stream.keyed);
  if (followed && mixed) {
    const why = `${followed.name} follows one value to the next, which several keys in a row would mix`;
    throw invalid('by', why, `${BY_KEY} among them, or one key in keys`);
  }
}

/** Names the numeric fields that the streams declare, for an error message. */
function numbersOf(scans: Plan['scans']): string {
  const names = scans.flatMap(({ stream }) =>
    fieldsOf(stream)
      .filter(isNumeric)
      .map(({ name }) => name),
  );
  return names.length === 0 ? '' : `: ${oneOf([...new Set(names)])}`;
}

function checkPath(path: string, field: 'field' | 'by'): string {
  if (path !== '' && path.length <= PATH_CHARACTERS) return path;
  throw invalid(field, 'no such path', 'a path such as motor.temp');
}

function oneOf(names: readonly string[]): string {
  const shown = names.slice(0, 30).join(', ');
  return `one of ${shown}${names.length > 30 ? `, … (${names.length} in all)` : ''}`;
}

function invalid(field: string, message: string, expected: string): TidegateError {
  return new TidegateError('invalid_input', message, { field, expected });
}
