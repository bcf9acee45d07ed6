/** Reads a log for all who listen, each call to the store taken off what the one who reads may make. */
import { decodeCursor } from '../cursor.ts';
import { READ_LIMIT } from '../limits.ts';
import type { LogEntry, Store } from '../store.ts';
import type { WatchedLog, LookFound, WatchListener } from './kept-entries.ts';

/** Full pages that are read in one look; what is beyond is told as missed. */
const MOST_PAGES = 3;

/** What was appended since the look before. Errors as the store's. */
export async function readOnward<Kept>(
  followed: WatchedLog<Kept>,
  { store, reads }: WatchListener<Kept>,
): Promise<LookFound> {
  const spend = () => void (reads && (reads.left -= 1));
  const { log } = followed;
  let { cursor } = followed;
  if (cursor === undefined) {
    spend();
    cursor = await store.seek(log, followed.keptSince);
  }
  const entries: LogEntry[] = [];
  let missed = false;
  for (let pages = 0; pages < MOST_PAGES; pages += 1) {
    spend();
    const page = await store.read(log, cursor, READ_LIMIT);
    for (const entry of page.entries) entries.push(entry);
    missed ||= page.truncated;
    ({ cursor } = page);
    if (page.entries.length < READ_LIMIT || page.cursor === page.end) return { cursor, entries, missed };
  }
  spend();
  return { cursor: (await store.last(log, 1)).cursor, entries, missed: true };
}

/**
 * Whether something was appended in a span of time that nobody of this process has watched. Two store calls.
 * @param since epoch ms
 * @param before epoch ms: what was appended from then on does not count
 * @returns true as well where entries are gone that may have been of that time
 * @throws TidegateError as the store
 */
export async function wasAppended(
  store: Pick<Store, 'read' | 'seek'>,
  log: string,
  since: number,
  before: number,
): Promise<boolean> {
  const from = await store.seek(log, since);
  const { entries, truncated, floor } = await store.read(log, from, 1);
  const [first] = entries;
  if (truncated || (first !== undefined && first.appendedAt < before)) return true;
  // What stood before the oldest entry that is left may be as old.
  return floor !== null && (from === null || from === floor) && decodeCursor(floor).place > 0;
}
