/**
 * When the newest event of a stream arrived. The log's own time is that of its newest entry, which may be a mark: a gap, or a removal,
 * which make a stream look fresh in which nothing came.
 */
import { isGap } from '../../base/event.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { LogEntry } from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import { besides, obey } from './removals.ts';
import { loggedEvent, streamLog } from './stream-log.ts';

/** How many entries are looked at, one time after another: mostly the newest is an event. */
const STEPS = [1, 50, READ_LIMIT];

/**
 * Epoch ms; null where no event is there. Behind a thousand marks it is the time of the oldest of them, before which the newest event came.
 * Mostly one store call.
 */
export async function newestArrival(own: LogScope, stream: string): Promise<number | null> {
  const log = streamLog(own.tenant, stream);
  let before: number | null = null;
  for (const most of STEPS) {
    const { entries } = obey(await own.store.last(log, most, null, besides(own, stream)));
    const newest = newestOf(entries);
    if (newest !== null || entries.length < most) return newest;
    before = entries[0]?.appendedAt ?? null;
  }
  return before;
}

/** The same of entries that removals were applied to. */
export function newestOf(entries: readonly LogEntry[]): number | null {
  return entries.findLast((entry) => !isGap(loggedEvent.read(entry)))?.appendedAt ?? null;
}
