/**
 * Pages of a stream's log in order of arrival, for an app's own code. Removed events are not on them. Where a page would
 * be short of events only because they were removed, it reads on, with `MOST_READS` store calls at most.
 */
import type { EventPage } from '../declare/app-streams.ts';
import { isGap, type StreamEvent } from '../base/event.ts';
import { READ_LIMIT } from '../store/limits.ts';
import type { Cursor, LogPage } from '../store/store.ts';
import { besides, isErased, obey } from '../streams/log/removals.ts';
import { encodeStreamCursor } from '../streams/log/stream-cursor.ts';
import { loggedEvent, streamLog, toStreamEvent } from '../streams/log/stream-log.ts';
import type { LogScope } from '../streams/scope.ts';

const MOST_READS = 100;
/** How many entries from the end are read first for the newest event that is not a gap, and how many reads there are. */
const NEWEST_ENTRIES = 10;
const NEWEST_READS = 20;

/** The events after a cursor. There is at least one, unless the log has no more, or `MOST_READS` reads found none. */
export async function pageAfter(
  { store, ...scope }: LogScope,
  stream: string,
  limit: number,
  after: Cursor | null,
): Promise<EventPage<unknown>> {
  const log = streamLog(scope.tenant, stream);
  let wanted = limit;
  let page = await store.read(log, after, wanted, besides(scope, stream));
  let found = shown(stream, page);
  let { truncated } = page;
  for (let reads = 1; found.length === 0 && page.entries.length === wanted && reads < MOST_READS; reads += 1) {
    wanted = READ_LIMIT;
    page = await store.read(log, page.cursor, wanted, besides(scope, stream));
    found = shown(stream, page);
    truncated ||= page.truncated;
  }
  const taken = found.slice(0, limit);
  const cursor = taken.length < found.length ? (taken.at(-1)?.cursor ?? null) : page.cursor;
  return pageOf(stream, taken, cursor, truncated);
}

/** The newest `n` events before a cursor. */
export async function pageBefore(
  { store, ...scope }: LogScope,
  stream: string,
  n: number,
  before: Cursor | null,
): Promise<EventPage<unknown>> {
  const log = streamLog(scope.tenant, stream);
  let wanted = n;
  let page = await store.last(log, wanted, before, besides(scope, stream));
  const { cursor, truncated } = page;
  let found = shown(stream, page);
  for (let reads = 1; found.length < n && page.entries.length === wanted && reads < MOST_READS; reads += 1) {
    wanted = READ_LIMIT;
    page = await store.last(log, wanted, page.start, besides(scope, stream));
    if (page.truncated) break;
    found = [...shown(stream, page), ...found];
  }
  return pageOf(stream, found.slice(-n), cursor, truncated);
}

/** The newest event of all keys that is not a gap: the entry of a removal is one. Searches some 20,000 entries at most. */
export async function newestEvent({ store, ...scope }: LogScope, stream: string): Promise<StreamEvent | null> {
  const log = streamLog(scope.tenant, stream);
  let before: Cursor | null = null;
  for (let reads = 0; reads < NEWEST_READS; reads += 1) {
    const wanted = reads === 0 ? NEWEST_ENTRIES : READ_LIMIT;
    const page: LogPage = await store.last(log, wanted, before, besides(scope, stream));
    // Behind a log that was trimmed or began anew a page ends at the newest entry once more.
    if (reads > 0 && page.truncated) break;
    const found = shown(stream, page).findLast(({ event }) => !isGap(event));
    if (found) return found.event;
    if (page.entries.length < wanted) break;
    before = page.start;
  }
  return null;
}

interface Shown {
  event: StreamEvent;
  /** The position behind it. */
  cursor: Cursor;
}

function shown(stream: string, page: LogPage): Shown[] {
  return obey(page).entries.flatMap((entry) => {
    const event = loggedEvent.read(entry);
    return isErased(event) ? [] : [{ event: toStreamEvent(stream, event), cursor: entry.cursor }];
  });
}

function pageOf(
  stream: string,
  events: readonly Shown[],
  cursor: Cursor | null,
  truncated: boolean,
): EventPage<unknown> {
  return {
    events: events.map(({ event }) => event),
    cursor: cursor === null ? null : encodeStreamCursor(stream, cursor),
    truncated,
  };
}
