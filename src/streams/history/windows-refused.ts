/** Refusals of questions about windows that would take too much, with how to ask for less. Pure. */
import { TidegateError } from '../../base/errors.ts';
import { durationText } from '../../base/time/time-text.ts';
import { isPicky, type Range } from '../ranges/range.ts';
import type { RangeReport } from '../ranges/range-scan.ts';
import type { Estimate } from './log-estimate.ts';
import type { Plan } from './window-plan.ts';
import { MOST_RANKED, MOST_ROWS } from './windows-scan.ts';

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

export function tooCostly(plan: Plan, reports: readonly RangeReport[], most: number, now: number): TidegateError {
  const total = reports.reduce((sum, { total: one, scanned }) => sum + (one ?? scanned.entries), 0);
  const inRange = reports.reduce((sum, one) => sum + (one.inRange ?? one.scanned.entries), 0);
  return new TidegateError('too_costly', `it would read about ${total} events`, {
    field: 'from',
    expected: `a query that reads at most ${most} events${isPicky(plan.range) ? ', with those that keys and where leave out' : ''}`,
    hint: narrowing(plan.range, { events: total, inRange }, most, now),
  });
}

/**
 * Says in words how to ask for less.
 * @param events number of events that the read would look at; `inRange` about how many of them are in the range
 */
export function narrowing(
  range: Pick<Range, 'to'> & { from: number },
  { events, inRange }: Pick<Estimate, 'events' | 'inRange'>,
  most: number,
  now: number,
): string {
  const parts = `give maxEvents for an answer in parts, with a cursor`;
  const length = (range.to ?? now) - range.from;
  // In disorder a shorter range meets almost as many events.
  if (inRange < events / 2)
    return `${parts}: most of it is other events, because these did not arrive in the order of their times`;
  const fits = Math.floor((FITTING_PART * length * most) / Math.max(1, events));
  return fits < 1_000 ? parts : `a range of about ${shortened(fits)} would fit; or ${parts}`;
}

/** Rounds a duration down to whole days, hours, minutes or seconds: the greatest unit that fits into it. */
function shortened(ms: number): string {
  const unit = [86_400_000, 3_600_000, 60_000, 1_000].find((size) => ms >= size) ?? 1;
  return durationText(Math.floor(ms / unit) * unit);
}
