/**
 * A page of events of a stream with revisions, which marks the rows of events that a newer revision on the same page takes the
 * place of. A log keeps each revision that came. Which of two revisions is the newer may depend on which came later, so they are
 * compared in the order of the log, as for latest events and for windows, whatever the order of the page is. Pure.
 *
 * Accepted weakness: where a source mixes revisions that have an order with others, what stands among those of a page may differ
 * from what stands among all.
 */
import { isGap, type LoggedEvent, type StreamEvent } from '../base/event.ts';
import { createPage, type Room, type ShownRow } from '../calls/halves.ts';
import { replaces } from '../streams/log/latest.ts';

export const REVISIONS =
  'Each revision of an event is a row. SUPERSEDED: a newer one stands on this page; one on another page, or that fails where, is not looked for.';

interface Taken {
  event: StreamEvent;
  /** Grows in the order of the log. */
  place: number;
  row: ShownRow;
}

export function createRevisedPage(room: Room, rowOf: (event: StreamEvent) => ShownRow) {
  const taken: Taken[] = [];
  const ids = new Set<string>();
  const page = createPage(room, (row: ShownRow) => row);
  return {
    /** Of the revisions of an id all but one are marked in the end, so each behind the first is measured with a mark. */
    take: (event: StreamEvent, place: number): boolean => {
      const row = rowOf(event);
      const isRepeated = !isGap(event) && ids.has(event.id);
      if (!page.take(isRepeated ? marked(row) : row)) return false;
      if (!isGap(event)) ids.add(event.id);
      taken.push({ event, place, row });
      return true;
    },
    /** What was taken, with the marks of this moment. */
    get rows(): ShownRow[] {
      const standing = standingOf(taken);
      return taken.map(({ event, row }) => (isGap(event) || standing.get(event.id) === event ? row : marked(row)));
    },
  };
}

/** Of each id the event that no other one of the page takes the place of. */
function standingOf(taken: readonly Taken[]): Map<string, StreamEvent> {
  const standing = new Map<string, StreamEvent>();
  for (const { event } of taken.toSorted((one, other) => one.place - other.place)) {
    const before = standing.get(event.id);
    if (isGap(event) || (before !== undefined && !replaces(logged(event), logged(before)))) continue;
    standing.set(event.id, event);
  }
  return standing;
}

function marked({ line, items }: ShownRow): ShownRow {
  return { line: `${line} SUPERSEDED`, items: items.map((item) => ({ ...item, superseded: true })) };
}

/** What tells which of two is the newer. */
function logged({ id, revision, time }: StreamEvent): LoggedEvent {
  return { id, time, data: null, ...(revision === undefined ? {} : { revision }) };
}
