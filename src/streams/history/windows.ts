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
import { aggregateOf, followsEvents, merges } from './aggregate.ts';
import { carryIn, NOTHING_CARRIED } from './carried.ts';
import { openRange } from './range-cursor.ts';
import { badCursor } from '../ranges/range.ts';
import { orderedRows, rankedRows, scannedOf, seriesRows, skippedOf } from './series-rows.ts';
import { planOf } from './window-plan.ts';
import { carriedQuestion, questionParts, questionOf, type WindowsAsked } from './window-question.ts';
import { overflowedIn } from './window-rows.ts';
import type { Group } from './window-values.ts';
import { ambiguousClocks } from './window-fields.ts';
import type { WindowsPage, WindowsQuery } from './windows-page.ts';
import {
  argumentsText,
  followedInPart,
  tooCostly,
  tooManyRanked,
  unranked,
  type WindowsLimits,
} from './windows-refused.ts';
import { MOST_RANKED, MOST_ROWS, scanPlan } from './windows-scan.ts';
import type { Scope } from '../scope.ts';
import { silenceOf, UNKNOWN_SILENCE } from './silent-keys.ts';

export const WINDOWS_KIND = 'windows';

/**
 * @throws TidegateError `invalid_input` with the field; `bad_cursor` for a cursor of another stream or query;
 * `too_costly` for a query that would read more than the budget, or rank more rows than it may, unless `maxEvents` or a
 * cursor is given.
 */
export async function readWindows(
  scope: Scope,
  stream: DeclaredStream,
  query: WindowsQuery,
  { callOf = argumentsText, ...limits }: WindowsLimits = {},
): Promise<WindowsPage> {
  const now = scope.runtime.now();
  const { range: asked, since, resumed, check, cursorAt } = openRange(stream, WINDOWS_KIND, query, query.since ?? now);
  const question = resumed?.held
    ? carriedQuestion(resumed.held, stream.name, askedOf(query))
    : questionOf(stream.name, stream.keyed, askedOf(query));
  const top = query.top === undefined ? null : { ...query.top, aggregate: aggregateOf(query.top.by, 'top.by') };
  const plan = planOf(scope.app, stream, question, asked, since, top?.aggregate);
  check(plan.range, questionParts(question));
  const followed = plan.aggregates.find(followsEvents);
  if (resumed !== null && followed !== undefined) throw badCursor(`${followed.name} is not told in parts`);
  // Only a whole answer is ranked. A query for parts is not.
  const isRanked = top !== null && resumed === null && query.maxEvents === undefined;
  const mostRows = isRanked ? MOST_RANKED : MOST_ROWS;
  const scans = { plan, resumed: resumed?.positions ?? null, maxEvents: query.maxEvents, mostRows, limits };
  const { built, reports, mostEvents, isFolded, leftOutBefore, storeCalls } = await scanPlan(scope, scans);
  const read = reports.filter((report) => report !== null);
  const refusal = { plan, now, callOf };
  if (read.some(({ ended }) => ended === 'refused')) throw tooCostly(refusal, read, mostEvents);
  const scanned = scannedOf(read);
  const complete = read.every((report) => report.complete);
  if (isRanked && !complete) throw unranked();
  if (!complete && followed !== undefined) throw followedInPart(refusal, followed, built);
  const anew = read.some((report) => report.anew);
  const whole = complete && (resumed === null || anew);
  const isOfStates = whole && plan.aggregates.some(({ kind }) => kind === 'timeIn');
  const carries = isOfStates || (whole && leftOutBefore);
  const carried = carries ? await carryIn(scope, plan, built, limits) : NOTHING_CARRIED;
  // Without what stood before the range these would be too small, and their sums with those of other ranges too.
  const lacking = plan.aggregates.find(({ kind }) => kind === 'increase' || kind === 'timeWeightedMean');
  const isUnknown = carried.unknown.length > 0 || carried.hasMore;
  if (leftOutBefore && isUnknown && lacking !== undefined) throw followedInPart(refusal, lacking, built);
  const isHeard = ({ before, rows: { size } }: Group) => size > 0 || (isOfStates && before !== null);
  const heard = built
    .flat()
    .flatMap((windows) => windows.groups().flatMap((group) => (isHeard(group) ? [group.key] : [])));
  const silence = whole
    ? await silenceOf(scope, stream, plan, { keys: new Set(heard), mostRows, now })
    : UNKNOWN_SILENCE;
  const each = plan.series.map((series) =>
    seriesRows(series, plan, built, { whole, now, mostRows, silent: silence.shown, held: isOfStates }),
  );
  const rows = each.flatMap((series) => series.rows);
  const kept = top === null || !whole ? rows : rankedRows(rows, plan.series[0], top);
  if (kept.length > MOST_ROWS) throw tooManyRanked(kept.length);
  return {
    rows: orderedRows(kept, top !== null && whole, query.order === 'newest' && !(whole && top?.overall)),
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
    overflowed: overflowedIn(rows, plan.aggregates),
    silent: silence.silent,
    failing: silence.failing,
    isFolded,
    carried: { unknown: carried.unknown, hasMore: carried.hasMore },
    heldLeftOut: each.some(({ fit }) => !fit),
    scanned: {
      ...scanned,
      storeCalls: scanned.storeCalls + storeCalls + silence.storeCalls + carried.storeCalls,
    },
  };
}

export function askedOf({ window, align, zone, field, aggregates, by, also, empty }: WindowsQuery): WindowsAsked {
  const asked = { window, align, zone, field, aggregates, by, also, empty };
  return Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined));
}
