/**
 * The names (ids with revisions) of a stream's newest events. They tell whether an event came before. There is no
 * record for each event: a writer reads the names from the end of the stream's log. The stream's fence makes its commit
 * fail if another writer appended in the meantime (see `append.ts`).
 *
 * What was removed does not come back either: an entry that stands for it has a digest of its name, and the entry of a
 * removal by id has a digest of that id, which keeps out all its revisions. Both hold as long as they are among the newest
 * entries.
 */
import { digestOf } from '../../base/digest.ts';
import type { LoggedEvent } from '../../base/event.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Beside, Cursor, Store } from '../../store/store.ts';
import { isErased, isRemoval, nameOf, obey, removedIdOf } from './removals.ts';
import { loggedEvent } from './stream-log.ts';

export interface DedupeWindow {
  has(event: LoggedEvent): boolean;
  /**
   * Among how many of the newest entries the event was when the window was loaded; 0 for one that was added since, null for
   * one that is not known.
   */
  depthOf(event: LoggedEvent): number | null;
  /** Adds the event as the newest, and forgets the oldest of those that were added beyond the window's size. */
  add(event: LoggedEvent): void;
}

/** What a digest of an erased event's name, and of a removed id, begins with. No id begins so by chance. */
const ERASED = '\u0000erased ';
const REMOVED_ID = '\u0000removed ';

/**
 * @param size how many of the added events are remembered: the declared `dedupe`
 * @param loaded the newest events of the log, oldest first. They stay known: if the events that are added drove them out, a
 * list that is longer than the window would drive out each of its ids just before it comes again.
 */
export function createWindow(size: number, loaded: readonly LoggedEvent[] = []): DedupeWindow {
  const before = new Map(loaded.map((event, index) => [rememberedName(event), loaded.length - index]));
  const ring: string[] = [];
  const added = new Set<string>();
  let oldest = 0;
  /** Whether digests are, or were, among the names. */
  let hasDigests = false;
  for (const name of before.keys()) hasDigests ||= isDigest(name);
  const depthOfName = (name: string) => (added.has(name) ? 0 : (before.get(name) ?? null));
  const depthOf = (event: LoggedEvent) => {
    const name = nameOf(event);
    const depth = depthOfName(name);
    if (depth !== null || !hasDigests) return depth;
    return depthOfName(ERASED + digestOf(name)) ?? depthOfName(REMOVED_ID + digestOf(event.id));
  };
  return {
    has: (event) => depthOf(event) !== null,
    depthOf,
    add(event) {
      const name = rememberedName(event);
      if (added.has(name) || before.has(name)) return;
      hasDigests ||= isDigest(name);
      added.add(name);
      if (ring.length < size) {
        ring.push(name);
        return;
      }
      added.delete(ring[oldest] ?? '');
      ring[oldest] = name;
      oldest = (oldest + 1) % size;
    },
  };
}

function isDigest(name: string): boolean {
  return name.startsWith(ERASED) || name.startsWith(REMOVED_ID);
}

/**
 * Fills a window from the newest `size` entries of a log, with one store call for each 1,000 entries.
 * @param beside what is removed; removed events are known, and never found
 * @param sought an event; once an event of the same name is found, no older page is read
 */
export async function loadWindow(
  store: Store,
  log: string,
  size: number,
  { beside, sought }: { beside?: Beside; sought?: LoggedEvent } = {},
): Promise<{ window: DedupeWindow; found: LoggedEvent | null }> {
  const wanted = sought && nameOf(sought);
  const pages: LoggedEvent[][] = [];
  let found: LoggedEvent | null = null;
  let before: Cursor | null = null;
  for (let missing = size; missing > 0 && found === null;) {
    const page = obey(await store.last(log, Math.min(missing, READ_LIMIT), before, beside));
    const events = page.entries.map((entry) => loggedEvent.read(entry));
    pages.push(events);
    if (wanted !== undefined) found = events.find((event) => nameOf(event) === wanted) ?? null;
    missing -= page.entries.length;
    if (page.entries.length === 0 || page.start === before || page.truncated) break;
    before = page.start;
  }
  return { window: createWindow(size, pages.toReversed().flat()), found };
}

function rememberedName(event: LoggedEvent): string {
  if (isErased(event)) return ERASED + event.id;
  const removed = isRemoval(event) ? removedIdOf(event) : null;
  return removed === null ? nameOf(event) : REMOVED_ID + removed;
}
