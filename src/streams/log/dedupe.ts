/**
 * The names (ids with revisions) of a stream's newest events. They tell whether an event came before. There is no
 * record for each event: a writer reads the names from the end of the stream's log. The stream's fence makes its commit
 * fail if another writer appended in the meantime (see `append.ts`).
 *
 * What was removed does not come back either: an entry that stands for it has a digest of its name, and the entry of a
 * removal by id has a digest of that id, which keeps out all its revisions. Both hold as long as they are among the newest
 * events. The entries of removals count as no events: they drive nothing out.
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
   * Among how many of the newest events the event was when the window was loaded; 0 for one that was added since, null for
   * one that is not known.
   */
  depthOf(event: LoggedEvent): number | null;
  /** Adds the event as the newest, and forgets the oldest of those that were added beyond the window's size. */
  add(event: LoggedEvent): void;
  /** How many names it holds. */
  size(): number;
}

/** Reads that make up for entries of removals, at most: room for some 10,000 of them. */
const MOST_MORE_READS = 12;
/** Entries that the first of these reads asks for beyond what is missing; each next one asks for ten times as many. */
const SPARE_ENTRIES = 100;

/** What a digest of an erased event's name, and of a removed id, begins with. No id begins so by chance. */
const ERASED = '\u0000erased ';
const REMOVED_ID = '\u0000removed ';

/**
 * @param size how many of the added events are remembered: the declared `dedupe`
 * @param loaded the newest events of the log, oldest first. They stay known: if the events that are added drove them out, a
 * list that is longer than the window would drive out each of its ids just before it comes again.
 */
export function createWindow(size: number, loaded: readonly LoggedEvent[] = []): DedupeWindow {
  const before = new Map<string, number>();
  let depth = eventsAmong(loaded);
  for (const event of loaded) {
    before.set(rememberedName(event), Math.max(1, depth));
    if (!isRemoval(event)) depth -= 1;
  }
  const ring: string[] = [];
  const added = new Set<string>();
  let oldest = 0;
  /** Whether digests are, or were, among the names. */
  let hasDigests = false;
  for (const name of before.keys()) hasDigests ||= isDigest(name);
  const depthOfName = (name: string) => (added.has(name) ? 0 : (before.get(name) ?? null));
  const depthOf = (event: LoggedEvent) => {
    const name = nameOf(event);
    const known = depthOfName(name);
    if (known !== null || !hasDigests) return known;
    return depthOfName(ERASED + digestOf(name)) ?? depthOfName(REMOVED_ID + digestOf(event.id));
  };
  return {
    has: (event) => depthOf(event) !== null,
    depthOf,
    size: () => before.size + added.size,
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
 * Fills a window from the newest `size` events of a log, with one store call for each 1,000 entries. Where entries of
 * removals are among them, it reads on, up to `MOST_MORE_READS` times.
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
  const pages: (readonly LoggedEvent[])[] = [];
  let found: LoggedEvent | null = null;
  let before: Cursor | null = null;
  const planned = Math.ceil(size / READ_LIMIT);
  let missing = size;
  for (let reads = 0; missing > 0 && found === null && reads < planned + MOST_MORE_READS; reads += 1) {
    const spare = reads < planned ? 0 : SPARE_ENTRIES * 10 ** (reads - planned);
    const page = obey(await store.last(log, Math.min(missing + spare, READ_LIMIT), before, beside));
    const read = page.entries.map((entry) => loggedEvent.read(entry));
    const events = newestOf(read, missing);
    pages.push(events);
    if (wanted !== undefined) found = events.find((event) => nameOf(event) === wanted) ?? null;
    missing -= eventsAmong(events);
    if (page.entries.length === 0 || page.start === before || page.truncated) break;
    before = page.start;
  }
  return { window: createWindow(size, pages.toReversed().flat()), found };
}

/** The last `most` events, with the entries of removals behind and between them. */
function newestOf(entries: readonly LoggedEvent[], most: number): readonly LoggedEvent[] {
  let from = entries.length;
  for (let events = 0; from > 0 && events < most; from -= 1) {
    const entry = entries[from - 1];
    if (entry && !isRemoval(entry)) events += 1;
  }
  return entries.slice(from);
}

function eventsAmong(entries: readonly LoggedEvent[]): number {
  return entries.filter((event) => !isRemoval(event)).length;
}

function rememberedName(event: LoggedEvent): string {
  if (isErased(event)) return ERASED + event.id;
  const removed = isRemoval(event) ? removedIdOf(event) : null;
  return removed === null ? nameOf(event) : REMOVED_ID + removed;
}
