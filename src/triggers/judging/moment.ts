/** What a trigger is judged by, and what it finds. */
import type { LoggedEvent, StreamEvent } from '../../base/event.ts';
import type { Cursor } from '../../store/store.ts';
import type { Removed } from '../../streams/log/removals.ts';

/** An entry of a stream's log. */
export interface ArrivedEvent {
  event: LoggedEvent;
  /** Epoch ms */
  appendedAt: number;
  /** The cursors before and behind it. */
  before: Cursor | null;
  after: Cursor;
  /** A clock that was ahead, and was set back since, appended it: its times are of that clock, and `appendedAt` is now. */
  isOfWrongClock?: true;
  /** What was removed, where it is the entry of a removal and that is still known. */
  removed?: Removed;
  /** Places of a log are dense. */
  place: number;
}

/** The condition began to hold for a key, or ceased. */
export interface Moment {
  became: 'holding' | 'ceased';
  key: string | null;
  /** Epoch ms, in the time of events. */
  time: number;
  value: number | null;
  events: readonly StreamEvent[];
  /** What made it, so that no two occurrences have one id. */
  cause: string;
}
