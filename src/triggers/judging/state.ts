/** What a judge is given, and what is kept of it between two rounds. */
import type { StreamClock } from './clock.ts';
import type { RememberedKey } from './key-state.ts';
import type { RememberedKeys } from './keys.ts';

export interface JudgeSettings {
  lateMs: number;
  cooldownMs: number;
  tellsEnds: boolean;
}

/** All that is kept of a trigger between two rounds, but for its waiting events, which are read again. */
export interface TriggerState {
  /** By stream. */
  clocks: Map<string, StreamClock>;
  /** All that happened up to here was judged, as far as it had come, epoch ms. */
  judgedTo: number;
  /** Time of the newest thing that was judged, epoch ms. */
  newest: number;
  common: RememberedKey;
  keys: RememberedKeys;
  counts: { late: number; hurried: number; suppressed: number; overflow: number };
}
