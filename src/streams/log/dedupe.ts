/**
 * The names (ids with revisions) of a stream's newest events. They tell whether an event came before. There is no
 * record for each event: a writer reads the names from the end of the stream's log. The stream's fence makes its commit
 * fail if another writer appended in the meantime (see `append.ts`).
 */
import type { LoggedEvent } from '../../base/event.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor, Store } from '../../store/store.ts';
import { loggedEvent } from './stream-log.ts';

export interface DedupeWindow {
  has(event: LoggedEvent): boolean;
  /** Adds the event as the newest, and forgets the oldest beyond the window's size. */
  add(event: LoggedEvent): void;
}

/** @param size how many of the newest events are remembered: the declared `dedupe`. */
export function createWindow(size: number): DedupeWindow {
  const ring: string[] = [];
  const known = new Set<string>();
  let oldest = 0;
  return {
    has: (event) => known.has(nameOf(event)),
    add(event) {
      const name = nameOf(event);
      if (known.has(name)) return;
      known.add(name);
      if (ring.length < size) {
        ring.push(name);
        return;
      }
      known.delete(ring[oldest] ?? '');
      ring[oldest] = name;
      oldest = (oldest + 1) % size;
    },
  };
}

/**
 * Fills a window from the newest `size` entries of a log, with one store call for each 1,000 entries.
 * @param sought an event; once an event of the same name is found, no older page is read
 */
export async function loadWindow(
  store: Store,
  log: string,
  size: number,
  sought?: LoggedEvent,
): Promise<{ window: DedupeWindow; found: LoggedEvent | null }> {
  const wanted = sought && nameOf(sought);
  const pages: LoggedEvent[][] = [];
  let found: LoggedEvent | null = null;
  let before: Cursor | null = null;
  for (let missing = size; missing > 0 && found === null;) {
    const page = await store.last(log, Math.min(missing, READ_LIMIT), before);
    const events = page.entries.map((entry) => loggedEvent.read(entry));
    pages.push(events);
    if (wanted !== undefined) found = events.find((event) => nameOf(event) === wanted) ?? null;
    missing -= page.entries.length;
    if (page.entries.length === 0 || page.start === before || page.truncated) break;
    before = page.start;
  }
  const window = createWindow(size);
  for (const events of pages.toReversed()) for (const event of events) window.add(event);
  return { window, found };
}

function nameOf({ id, revision }: LoggedEvent): string {
  return revision === undefined ? id : `${id}\u0000${revision}`;
}
