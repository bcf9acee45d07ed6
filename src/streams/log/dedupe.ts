/**
 * The ids (with revisions) of a stream's newest events, by which one that comes again is known. There is no record per
 * event: whoever may append alone (the holder of a feed's lease) reads them from the log's own end.
 */
import type { LoggedEvent } from '../../base/event.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor, Store } from '../../store/store.ts';

export interface DedupeWindow {
  has(event: LoggedEvent): boolean;
  /** As the newest; the oldest beyond the window's size is forgotten. */
  add(event: LoggedEvent): void;
}

/** @param size how many of the newest events are remembered; the declared `dedupe`. */
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

/** Fills a window from the newest `size` entries of a log: one store call for each 1,000. */
export async function loadWindow(store: Store, log: string, size: number): Promise<DedupeWindow> {
  const pages: LoggedEvent[][] = [];
  let before: Cursor | null = null;
  for (let missing = size; missing > 0;) {
    const page = await store.last(log, Math.min(missing, READ_LIMIT), before);
    pages.push(page.entries.map((entry) => entry.value as LoggedEvent));
    missing -= page.entries.length;
    if (page.entries.length === 0 || page.start === before || page.truncated) break;
    before = page.start;
  }
  const window = createWindow(size);
  for (const events of pages.toReversed()) for (const event of events) window.add(event);
  return window;
}

function nameOf(event: LoggedEvent): string {
  return event.revision === undefined ? event.id : `${event.id}\u0000${event.revision}`;
}
