/**
 * How many events a stream keeps. The count of its log includes the entries of removals and the places of what they removed; a log that
 * one read takes is counted without them.
 */
import { isErased, isRemoval, besides, obey } from '../streams/log/removals.ts';
import { newestArrival, newestOf } from '../streams/log/newest-arrival.ts';
import { loggedEvent, streamLog } from '../streams/log/stream-log.ts';
import type { LogScope } from '../streams/scope.ts';
import { READ_LIMIT } from '../store/limits.ts';

interface StoredCount {
  events: number;
  /** Entries of the log, whatever stands there. */
  entries: number;
  /** When the newest event arrived, epoch ms. */
  newestAt: number | null;
  /** When the newest entry was appended, whatever it is. */
  lastEntryAt: number | null;
}

/** @param own the scope in whose tenant's name the log stands */
export async function storedCount(own: LogScope, stream: string): Promise<StoredCount> {
  const log = streamLog(own.tenant, stream);
  const { count: entries, newestAt: lastEntryAt } = await own.store.extent(log);
  if (entries === 0) return { events: 0, entries, newestAt: null, lastEntryAt };
  if (entries > READ_LIMIT)
    return { events: entries, entries, newestAt: await newestArrival(own, stream), lastEntryAt };
  const page = obey(await own.store.last(log, entries, null, besides(own, stream)));
  const events = page.entries.map((entry) => loggedEvent.read(entry));
  return {
    events: events.filter((event) => !isErased(event) && !isRemoval(event)).length,
    entries,
    newestAt: newestOf(page.entries),
    lastEntryAt,
  };
}
