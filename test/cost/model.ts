/** What a workload uses in a month, from what was measured of its parts. Pure. */
import { FULL_EVENTS, type Measured } from './measured.ts';
import { plus, type Spent, times } from './spent.ts';
import { MINUTE_MS, type Workload } from './workload.ts';

export const MONTH_MS = 30 * 86_400_000;

/** @param forMs how long, ms; a month by default */
export function usageOf(workload: Workload, measured: Measured, forMs = MONTH_MS): Spent {
  const polls = (workload.agents * forMs) / workload.pollMs;
  return plus(times(polls, pollOf(workload, measured)), scheduleOf(workload, measured, forMs));
}

/** One poll, as the mean of those that find much and those that find nothing: an answer grows with what it tells. */
export function pollOf({ poll, pollMs, eventsPerSecond }: Workload, measured: Measured): Spent {
  const { idle, full } = measured.polls[poll];
  const found = (eventsPerSecond * pollMs) / 1_000;
  return plus(idle, plus(full, idle, -1), Math.min(1, found / FULL_EVENTS));
}

/** The runs of the schedule: one a minute, and those in which the feed is due bring what came since. */
export function scheduleOf({ feedMs, eventsPerSecond }: Workload, measured: Measured, forMs = MONTH_MS): Spent {
  const runs = forMs / MINUTE_MS;
  const bursts = Math.min(runs, forMs / feedMs);
  const perBurst = (eventsPerSecond * forMs) / 1_000 / bursts;
  return plus(times(runs - bursts, minuteOf(0, measured)), minuteOf(perBurst, measured), bursts);
}

/** A run that brings so many events; between two that were measured, in proportion, and beyond the last by its slope. */
export function minuteOf(events: number, { minutes }: Measured): Spent {
  const found = minutes.findIndex((each) => each.events >= events);
  const at = Math.max(1, found < 0 ? minutes.length - 1 : found);
  const [left, right] = [minutes[at - 1], minutes[at]];
  if (left === undefined || right === undefined) throw new RangeError('two minutes have to be measured at least');
  const share = (events - left.events) / (right.events - left.events);
  return plus(left.spent, plus(right.spent, left.spent, -1), share);
}
