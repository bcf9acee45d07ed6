/**
 * Pages of a stream's log in order of arrival, for an app's own code. Removed events are not on them. Where a page would
 * be short of events only because they were removed, it reads on, with `MOST_READS` store calls at most.
 */
import { isGap, type StreamEvent } from '../base/event.ts';
import { READ_LIMIT } from '../store/limits.ts';
import type { Cursor, LogPage } from '../store/store.ts';
import type { EventPage } from '../declare/app-streams.ts';
import { besides, shownEvents } from '../streams/log/removals.ts';
import { encodeStreamCursor } from '../streams/log/stream-cursor.ts';
import { streamLog, toStreamEvent } from '../streams/log/stream-log.ts';
import type { LogScope } from '../streams/scope.ts';

const MOST_READS = 20;
/** How many entries from the end are searched first for the newest event that is not a gap. */
const NEWEST_ENTRIES = 10;

/** The events after a cursor. There is at least one, unless the log has no more, or `MOST_READS` pages had none. */
export async function pageAfter(
  scope: LogScope,
  stream: string,
  limit: number,
  after: Cursor | null,
): Promise<EventPage<unknown>> {
  let page = await read(scope, stream, limit, after);
  const { truncated } = page;
  for (let reads = 1; isBarren(page, limit) && reads < MOST_READS; reads += 1) {
    page = await read(scope, stream, limit, page.cursor);
  }
  return { ...toEventPage(stream, page), truncated: truncated || page.truncated };
}

function read({ store, ...scope }: LogScope, stream: string, limit: number, after: Cursor | null): Promise<LogPage> {
  return store.read(streamLog(scope.tenant, stream), after, limit, besides(scope, stream));
}

/** Whether all entries of a full page were removed. */
function isBarren(page: LogPage, limit: number): boolean {
  return page.entries.length === limit && shownEvents(page).length === 0;
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
  const found = toEventPage(stream, page);
  for (let reads = 1; reads < MOST_READS; reads += 1) {
    const missing = n - found.events.length;
    if (missing === 0 || page.truncated || page.entries.length < wanted) break;
    wanted = READ_LIMIT;
    page = await store.last(log, wanted, page.start, besides(scope, stream));
    if (page.truncated) break;
    found.events.unshift(...toEventPage(stream, page).events.slice(-missing));
  }
  return found;
}

/** The newest event of all keys that is not a gap, among the newest `NEWEST_ENTRIES` entries that were not removed. */
export async function newestEvent(scope: LogScope, stream: string): Promise<StreamEvent | null> {
  const { events } = await pageBefore(scope, stream, NEWEST_ENTRIES, null);
  return (events as StreamEvent[]).findLast((event) => !isGap(event)) ?? null;
}

function toEventPage(stream: string, page: LogPage): EventPage<unknown> {
  return {
    events: shownEvents(page).map((event) => toStreamEvent(stream, event)),
    cursor: page.cursor === null ? null : encodeStreamCursor(stream, page.cursor),
    truncated: page.truncated,
  };
}
