/**
 * Reads aggregates over a range of one or more streams, for each window and group.
 *
 * Events come late and out of order, so no position in a log completes a window. A read that its budget stops therefore
 * does not claim whole windows. Each page is exact for its own part of the log. The parts are disjoint and leave
 * nothing out, and rows of the same window and group merge (see `WindowRow`). Aggregates that do not merge are named in
 * `ofPart`. If the first page is `complete`, nothing has to be merged. A page stops between two entries, whether the
 * budget or the number of rows stops it.
 *
 * Without `maxEvents` a query that would read more than its bound (`readBound`) is refused after one read. Store calls: 2 for each
 * stream where one read is enough, one more where the range is older than the newest 65,000 events or so, and at most
 * `MOST_WINDOW_CALLS` for all streams. Where rows are of keys, one more for each 1,000 keys tells those without a row. The time in a state
 * takes what `carried.ts` says beside these.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { TidegateError } from '../../base/errors.ts';
import { type Aggregate, aggregateOf, isOfTimes, merges } from './aggregate.ts';
import { type Carried, carryIn, NOTHING_CARRIED } from './carried.ts';
import { narrowing } from './log-estimate.ts';
import { isPicky, type RangeQuery } from '../ranges/range.ts';
import { openRange } from './range-cursor.ts';
import type { RangeReport, ReadLimits, Scanned } from '../ranges/range-scan.ts';
import { type AnswerRow, answerRows, byPlace, heldFit, topRows } from './window-rows.ts';
import { type Plan, planOf } from './window-plan.ts';
import { carriedQuestion, questionParts, questionOf, type Series, type WindowsAsked } from './window-question.ts';
import { BY_KEY } from './window-groups.ts';
import type { Group, Skipped, Windows } from './window-values.ts';
import { ambiguousClocks } from './window-fields.ts';
import { MOST_RANKED, MOST_ROWS, scanPlan } from './windows-scan.ts';
import type { Zone } from '../../base/time/zone.ts';
import type { Scope } from '../scope.ts';
import { type Silence, silenceOf, UNKNOWN_SILENCE } from './silent-keys.ts';

export const WINDOWS_KIND = 'windows';

interface Top {
  n: number;
  /** Name of an aggregate. */
  by: string;
  /** Default false: the highest. */
  lowest?: boolean;
  /** Default false: the first rows of each window. True: of all windows together. */
  overall?: boolean;
}

export interface WindowsQuery extends RangeQuery, WindowsAsked {
  /** Keeps only the first rows by rank. */
  top?: Top;
  /** Which windows come first. Default `oldest`. */
  order?: 'oldest' | 'newest';
  /**
   * Most events to read for one page; the answer then comes in parts. Default: a query that would read more than the
   * budget is refused.
   */
  maxEvents?: number;
  /** Of which moment times relative to now are, epoch ms. Default: now, or that of the cursor. */
  since?: number;
}

export interface SeriesRow extends AnswerRow {
  stream: string;
  field: string | null;
}

export interface WindowsPage {
  /** At most `MOST_ROWS`, ordered by window, then key and group, then series. */
  rows: SeriesRow[];
  series: Series[];
  /** Names of the aggregates. */
  aggregates: string[];
  /** What the field holds: a number, or any value. */
  of: 'number' | 'value';
  /** Rows are in the order of their ranks over all windows. */
  overall: boolean;
  /** Length of a window, as `windowLength` reads it. */
  window: string;
  /** Null: one window over the whole range, or months, which differ in length. */
  windowMs: number | null;
  zone: Zone | null;
  /** Groups by a clock's hours or days, of whose name events may have fields that no schema declares. */
  ambiguous: string[];
  from: number;
  to: number | null;
  /** Of which moment its times relative to now are, epoch ms. */
  since: number;
  /** This page and those before it read the whole range. */
  complete: boolean;
  /**
   * Aggregates of this page's events alone that do not merge with those of other pages. Empty where one page is the
   * whole answer.
   */
  ofPart: string[];
  /** `top` or `empty` was asked for and not applied, because the answer is only a part. */
  unranked: boolean;
  /** Continues where this page ended; null where complete. */
  cursor: string | null;
  truncated: boolean;
  /**
   * A stream went back to an earlier state since the page before, such as by a restore. This page begins the range anew, in
   * place of those before it.
   */
  anew: boolean;
  skipped: Skipped;
  /** Of each id the newest revision counts alone. False: each counts, or no stream of the question has revisions. */
  isFolded: boolean;
  /** Known keys without an event in the range that have no row; null: nobody looked, or the answer is a part. */
  silent: Silence['silent'];
  /** Keys that have rows without events, and whose latest event fails the filter. */
  failing: Silence['failing'];
  /** What is not known of the values with which the range began. */
  carried: Pick<Carried, 'unknown' | 'hasMore'>;
  /** Windows without an event in which a value stood have no rows, because these would be too many. */
  heldLeftOut: boolean;
  scanned: Scanned;
}

/**
 * @throws TidegateError `invalid_input` with the field; `bad_cursor` for a cursor of another stream or query;
 * `too_costly` for a query that would read more than the budget, or rank more rows than it may, unless `maxEvents` or a
 * cursor is given.
 */
export async function readWindows(
  scope: Scope,
  stream: DeclaredStream,
  query: WindowsQuery,
  limits: ReadLimits = {},
): Promise<WindowsPage> {
  const now = scope.runtime.now();
  const { range: asked, since, resumed, check, cursorAt } = openRange(stream, WINDOWS_KIND, query, query.since ?? now);
  const question = resumed?.held
    ? carriedQuestion(resumed.held, stream.name, askedOf(query))
    : questionOf(stream.name, stream.keyed, askedOf(query));
  const top = query.top === undefined ? null : { ...query.top, aggregate: aggregateOf(query.top.by, 'top.by') };
  const plan = planOf(scope.app, stream, question, asked, since, top?.aggregate);
  check(plan.range, questionParts(question));
  // Only a whole answer is ranked. A query for parts is not.
  const isRanked = top !== null && resumed === null && query.maxEvents === undefined;
  const mostRows = isRanked ? MOST_RANKED : MOST_ROWS;
  const scans = { plan, resumed: resumed?.positions ?? null, maxEvents: query.maxEvents, mostRows, limits };
  const { built, reports, mostEvents, isFolded } = await scanPlan(scope, scans);
  const read = reports.filter((report) => report !== null);
  if (read.some(({ ended }) => ended === 'refused')) throw tooCostly(plan, read, mostEvents, now);
  const scanned = scannedOf(read);
  const complete = read.every((report) => report.complete);
  if (isRanked && !complete) throw unranked();
  const anew = read.some((report) => report.anew);
  const whole = complete && (resumed === null || anew);
  const isOfStates = whole && plan.aggregates.some(({ kind }) => kind === 'timeIn');
  const carried = isOfStates ? await carryIn(scope, plan, built, limits) : NOTHING_CARRIED;
  const isHeard = ({ before, rows: { size } }: Group) => size > 0 || (isOfStates && before !== null);
  const heard = built
    .flat()
    .flatMap((windows) => windows.groups().flatMap((group) => (isHeard(group) ? [group.key] : [])));
  const silence = whole
    ? await silenceOf(scope, stream, plan, { keys: new Set(heard), mostRows, now })
    : UNKNOWN_SILENCE;
  const each = plan.series.map((series) =>
    rowsOf(series, plan, built, { whole, now, mostRows, silent: silence.shown, held: isOfStates }),
  );
  const rows = each.flatMap((series) => series.rows);
  const kept = top === null || !whole ? rows : ranked(rows, plan.series[0], top);
  if (kept.length > MOST_ROWS) throw tooManyRanked(kept.length);
  return {
    rows: inOrder(kept, top !== null && whole, query.order === 'newest' && !(whole && top?.overall)),
    series: plan.series,
    aggregates: plan.aggregates.map(({ name }) => name),
    of: plan.codes === null ? 'number' : 'value',
    overall: whole && top?.overall === true,
    window: question.window,
    windowMs: plan.grid.windowMs,
    zone: plan.zone,
    ambiguous: ambiguousClocks(plan.clocks, plan.scans),
    from: plan.range.from,
    to: plan.range.to,
    since,
    complete,
    ofPart: whole ? [] : plan.aggregates.filter((aggregate) => !merges(aggregate)).map(({ name }) => name),
    unranked: !whole && (top !== null || plan.empty),
    cursor: cursorAt({
      positions: reports.map((report) => report?.next ?? null),
      range: plan.range,
      parts: questionParts(question),
      flag: false,
      rest: question,
    }),
    truncated: read.some((report) => report.truncated),
    anew,
    skipped: skippedOf(built),
    silent: silence.silent,
    failing: silence.failing,
    isFolded,
    carried: { unknown: carried.unknown, hasMore: carried.hasMore },
    heldLeftOut: each.some(({ fit }) => !fit),
    scanned: { ...scanned, storeCalls: scanned.storeCalls + silence.storeCalls + carried.storeCalls },
  };
}

export function askedOf({ window, align, zone, field, aggregates, by, also, empty }: WindowsQuery): WindowsAsked {
  const asked = { window, align, zone, field, aggregates, by, also, empty };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}

function rowsOf(
  series: Series,
  plan: Plan,
  built: readonly Windows[][],
  {
    whole,
    now,
    mostRows,
    silent,
    held,
  }: { whole: boolean; now: number; mostRows: number; silent: readonly string[]; held: boolean },
): { rows: SeriesRow[]; fit: boolean } {
  const scan = plan.scans.findIndex((one) => one.series.includes(series));
  const windows = built[scan]?.[plan.scans[scan]?.series.indexOf(series) ?? -1];
  const { grid, aggregates, codes, by, range } = plan;
  const perKeyAlone = by.length === 1 && by[0] === BY_KEY && plan.scans[scan]?.stream.keyed === true;
  const groups = windows?.groups() ?? [];
  const spec = {
    grid,
    from: range.from,
    until: Math.min(range.to ?? Infinity, now),
    aggregates: series.field === null ? aggregates.filter(isOfTimes) : aggregates,
    codes,
    // Which windows are empty is unknown for a part.
    empty: plan.empty && whole,
    held,
    keys: perKeyAlone ? (range.keys ?? silent) : by.length === 0 ? [null] : [],
    most: Math.floor(mostRows / plan.series.length),
  };
  const rows = answerRows(groups, spec).map((row) => ({ ...row, ...series }));
  return { rows, fit: plan.empty || heldFit(groups, spec) };
}

/** Ranks the groups by the first series. The other series give their rows for the same groups. */
function ranked(rows: readonly SeriesRow[], first: Series | undefined, top: Top & { aggregate: Aggregate }) {
  const isFirst = ({ stream, field }: SeriesRow) => stream === first?.stream && field === first.field;
  const best = topRows(rows.filter(isFirst), top);
  const beside = Map.groupBy(
    rows.filter((row) => !isFirst(row)),
    placeOf,
  );
  return best.flatMap((row) => [row as SeriesRow, ...(beside.get(placeOf(row)) ?? [])]);
}

function placeOf({ start, key, group }: AnswerRow): string {
  return JSON.stringify([start, key, group]);
}

function inOrder(rows: SeriesRow[], isRanked: boolean, newest: boolean): SeriesRow[] {
  // Sorting is stable, so ranked rows keep their order within a window, and series keep theirs.
  const sorted = isRanked ? rows : rows.sort(byPlace);
  return newest ? sorted.sort((a, b) => b.start - a.start) : sorted;
}

function skippedOf(built: readonly Windows[][]): Skipped {
  const each = built.map((series) => series.map((windows) => windows.skipped()));
  return {
    gaps: each.reduce((sum, [first]) => sum + (first?.gaps ?? 0), 0),
    missing: each.flat().reduce((sum, { missing }) => sum + missing, 0),
  };
}

function scannedOf(reports: readonly RangeReport[]): Scanned {
  const all = reports.map(({ scanned }) => scanned);
  const open = reports.filter(({ complete }) => !complete).map(({ scanned }) => scanned.through);
  const throughs = (open.length > 0 ? open : all.map(({ through }) => through)).filter((through) => through !== null);
  return {
    entries: all.reduce((sum, { entries }) => sum + entries, 0),
    storeCalls: all.reduce((sum, { storeCalls }) => sum + storeCalls, 0),
    // Unfinished scans count up to the earliest of their ends, finished ones up to the latest.
    through: throughs.length === 0 ? null : open.length > 0 ? Math.min(...throughs) : Math.max(...throughs),
  };
}

function unranked(): TidegateError {
  return new TidegateError('too_costly', 'not all could be ranked', {
    field: 'top',
    expected: `at most ${MOST_RANKED} windows times groups, read within the time of a request`,
    hint: 'give a shorter range or longer windows; or maxEvents for all rows in parts',
  });
}

function tooManyRanked(rows: number): TidegateError {
  return new TidegateError('invalid_input', `top leaves ${rows} rows`, {
    field: 'top.n',
    expected: `at most ${MOST_ROWS} rows in all: fewer of each window, or longer windows`,
  });
}

function tooCostly(plan: Plan, reports: readonly RangeReport[], most: number, now: number): TidegateError {
  const total = reports.reduce((sum, { total: one, scanned }) => sum + (one ?? scanned.entries), 0);
  const inRange = reports.reduce((sum, one) => sum + (one.inRange ?? one.scanned.entries), 0);
  return new TidegateError('too_costly', `it would read about ${total} events`, {
    field: 'from',
    expected: `a query that reads at most ${most} events${isPicky(plan.range) ? ', with those that keys and where leave out' : ''}`,
    hint: narrowing(plan.range, { events: total, inRange }, most, now),
  });
}
