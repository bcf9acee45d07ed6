/** Refusals of questions about windows that would take too much, with how to ask for less. Pure. */
import { TidegateError } from '../../base/errors.ts';
import { durationText, isoTime } from '../../base/time/time-text.ts';
import { isPicky } from '../ranges/range.ts';
import type { RangeReport, ReadLimits } from '../ranges/range-scan.ts';
import { type Aggregate, followsEvents, merges } from './aggregate.ts';
import type { Estimate } from './log-estimate.ts';
import type { Plan } from './window-plan.ts';
import type { Windows } from './window-values.ts';
import { MOST_RANKED, MOST_ROWS, MOST_SCANNED } from './windows-scan.ts';

/** What the same question is asked with instead. Times are ISO 8601. */
export interface Changes {
  from?: string;
  to?: string;
  maxEvents?: number;
}

/** Writes the call that asks the same with these changes, whole, for whoever asked. */
export type CallOf = (changes: Changes) => string;

export interface WindowsLimits extends ReadLimits {
  /** Default: names the arguments that change. */
  callOf?: CallOf;
}

interface RefusedWindows {
  plan: Plan;
  now: number;
  callOf: CallOf;
}

/** Parts of a range that a refusal names at most. */
const MOST_PARTS = 8;

/** Less than what would fit if events came evenly: they do not, and a range is read in whole steps of the index. */
const FITTING_PART = 0.75;

export function unranked(): TidegateError {
  return new TidegateError('too_costly', 'not all could be ranked', {
    field: 'top',
    expected: `at most ${MOST_RANKED} windows times groups, read within the time of a request`,
    hint: 'give a shorter range or longer windows; or maxEvents for all rows in parts',
  });
}

export function tooManyRanked(rows: number): TidegateError {
  return new TidegateError('invalid_input', `top leaves ${rows} rows`, {
    field: 'top.n',
    expected: `at most ${MOST_ROWS} rows in all: fewer of each window, or longer windows`,
  });
}

export function tooCostly(
  { plan, now, callOf }: RefusedWindows,
  reports: readonly RangeReport[],
  most: number,
): TidegateError {
  const total = reports.reduce((sum, { total: one, scanned }) => sum + (one ?? scanned.entries), 0);
  const inRange = reports.reduce((sum, one) => sum + (one.inRange ?? one.scanned.entries), 0);
  return new TidegateError('too_costly', `it would read about ${total} events`, {
    field: 'from',
    expected: `a query that reads at most ${most} events${isPicky(plan.range) ? ', with those that keys and where leave out' : ''}`,
    hint: narrowing({ plan, now, callOf }, { events: total, inRange }, most),
  });
}

/**
 * What follows one event to the next is not told of a part of the log: neither what stood before the part is known, nor how long
 * its last value stood.
 */
export function followedInPart(
  { plan, now, callOf }: RefusedWindows,
  { name }: Aggregate,
  built: readonly (readonly Windows[])[],
): TidegateError {
  const reached = built.flat().map((windows) =>
    windows
      .groups()
      .flatMap(({ rows }) => [...rows.keys()])
      .reduce((latest, start) => Math.max(latest, start), plan.range.from),
  );
  const length = reached.reduce((least, start) => Math.min(least, start), Infinity) - plan.range.from;
  const calls = partsOfTime(plan, Math.floor(FITTING_PART * length), now, callOf);
  return new TidegateError('too_costly', `${name} follows one event to the next, and not all could be read`, {
    field: 'from',
    expected: `at most ${MOST_ROWS} windows times groups, read within the time of a request`,
    hint: ['longer windows or a shorter range', ...(calls === null ? [] : [calls])].join('; or '),
  });
}

/**
 * Says in words how to ask for less.
 * @param events number of events that the read would look at; `inRange` about how many of them are in the range
 */
export function narrowing(
  { plan, now, callOf }: RefusedWindows,
  { events, inRange }: Pick<Estimate, 'events' | 'inRange'>,
  most: number,
): string {
  const { range, aggregates } = plan;
  const length = (range.to ?? now) - range.from;
  const isWhole = aggregates.every(merges);
  const isFollowed = aggregates.some(followsEvents);
  const answers = Math.ceil(events / MOST_SCANNED);
  const inParts = `maxEvents gives ${isWhole ? `all in about ${answers} parts that add up` : 'parts, each of its own events alone'}: ${callOf({ maxEvents: MOST_SCANNED })}`;
  // In disorder a shorter range meets almost as many events.
  if (inRange < events / 2) {
    const why = 'most of it is other events, because these did not arrive in the order of their times';
    return isFollowed ? why : `${why}; ${inParts}`;
  }
  const fits = Math.floor((FITTING_PART * length * most) / Math.max(1, events));
  const shorter = fits < 1_000 ? [] : [`a range of about ${shortened(fits)} would fit`];
  const calls = isWhole ? null : partsOfTime(plan, fits, now, callOf);
  if (calls !== null) return [...shorter, calls].join('; or ');
  return [...shorter, ...(isFollowed ? [] : [inParts])].join('; or ');
}

/**
 * The range in parts of time, each of which is a whole question. They end with windows; where these are longer, only what follows
 * one event to the next is told of parts of a window. Null: it makes no such parts.
 */
function partsOfTime({ range, grid, aggregates }: Plan, fits: number, now: number, callOf: CallOf): string | null {
  const until = range.to ?? now;
  const edges = [range.from];
  let isCut = false;
  for (let start = range.from; start + fits < until && edges.length <= MOST_PARTS;) {
    const edge = grid.startOf(start + fits);
    isCut ||= edge <= start;
    start = edge > start ? edge : start + wholeUnits(fits);
    edges.push(start);
  }
  if (fits < 1_000 || edges.length === 1 || (isCut && !aggregates.some(followsEvents))) return null;
  const calls = edges.slice(0, MOST_PARTS).map((edge, index) => {
    const next = edges[index + 1];
    const to = next === undefined ? (range.to === null ? {} : { to: isoTime(range.to) }) : { to: isoTime(next) };
    return callOf({ from: isoTime(edge), ...to });
  });
  const add = isCut ? ' (timeIn, increase and gaps add up, a timeWeightedMean weighs by time)' : '';
  const rest = edges.length > MOST_PARTS ? ', and so on from there' : '';
  return `in parts of time, each whole${add}: ${calls.join(', then ')}${rest}`;
}

export function argumentsText({ from, to, maxEvents }: Changes): string {
  return [
    ...(from === undefined ? [] : [`from ${from}`]),
    ...(to === undefined ? [] : [`to ${to}`]),
    ...(maxEvents === undefined ? [] : [`maxEvents ${maxEvents}`]),
  ].join(' ');
}

function shortened(ms: number): string {
  return durationText(wholeUnits(ms));
}

/** Rounds a duration down to whole days, hours, minutes or seconds: the greatest unit that fits into it. */
function wholeUnits(ms: number): number {
  const unit = [86_400_000, 3_600_000, 60_000, 1_000].find((size) => ms >= size) ?? 1;
  return Math.floor(ms / unit) * unit;
}
