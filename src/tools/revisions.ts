/** Marks rows of events that a newer revision on the same page takes the place of. A log keeps each revision that came. Pure. */
import { isGap, type LoggedEvent, type StreamEvent } from '../base/event.ts';
import type { ShownRow } from '../calls/halves.ts';
import { replaces } from '../streams/log/latest.ts';
import type { Order } from '../streams/ranges/range.ts';

export const REVISIONS =
  'Each revision of an event is a row. SUPERSEDED: a newer one stands on this page; one on another page, or that fails where, is not looked for.';

export function withSuperseded(
  rows: readonly ShownRow[],
  events: readonly StreamEvent[],
  order: Order,
): readonly ShownRow[] {
  const newest = new Map<string, StreamEvent>();
  for (const event of order === 'oldest' ? events : events.toReversed()) {
    const standing = newest.get(event.id);
    if (standing === undefined || replaces(logged(event), logged(standing))) newest.set(event.id, event);
  }
  return rows.map((row, index) => {
    const event = events[index];
    if (event === undefined || isGap(event) || newest.get(event.id) === event) return row;
    return { line: `${row.line} SUPERSEDED`, items: row.items.map((item) => ({ ...item, superseded: true })) };
  });
}

/** What tells which of two is the newer. */
function logged({ id, revision, time }: StreamEvent): LoggedEvent {
  return { id, time, data: null, ...(revision === undefined ? {} : { revision }) };
}
