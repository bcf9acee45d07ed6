/** What was measured of the parts of a workload, as `npm run cost -- --measure` wrote it to measured.json. */
import stored from './measured.json' with { type: 'json' };
import type { Spent } from './spent.ts';
import type { Poll } from './workload.ts';

export interface MeasuredPoll {
  /** Nothing came since the last poll. */
  idle: Spent;
  /** `FULL_EVENTS` came since, or more: an answer has no more of them. */
  full: Spent;
}

export interface MeasuredMinute {
  /** Events that the feed brought in the minute, all at once. */
  events: number;
  spent: Spent;
}

export interface Measured {
  /** Year, month and day. */
  on: string;
  polls: Record<Poll, MeasuredPoll>;
  /** By how many events they brought, the fewest first; none at all among them. */
  minutes: MeasuredMinute[];
}

/** Most events of an answer of `events/poll`. */
export const FULL_EVENTS = 100;

export const MEASURED: Measured = stored;
