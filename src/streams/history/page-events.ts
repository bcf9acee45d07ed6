/** The events of one page: in which direction it reads, and those of a range that fit it. Pure. */
import type { LoggedEvent, StreamEvent } from '../../base/event.ts';
import { decodeCursor } from '../../store/cursor.ts';
import type { Cursor } from '../../store/store.ts';
import { toStreamEvent } from '../log/stream-log.ts';
import { isBehind } from '../ranges/in-time.ts';
import { badCursor, matcher, type Order, type Range, type Rest, type TimePlace } from '../ranges/range.ts';

/**
 * Collects the matching events until the page is full.
 * @param rest only those behind a place in the order of times; null: all
 */
export function collector(
  stream: string,
  range: Range,
  limit: number,
  take: (event: StreamEvent, place: number) => boolean,
  rest: { behind: TimePlace; order: Order } | null,
) {
  const events: StreamEvent[] = [];
  const matches = matcher(range);
  return {
    events,
    isFull: () => events.length >= limit,
    visit(event: LoggedEvent, at: Cursor): boolean {
      if (!matches(event)) return true;
      const { place } = decodeCursor(at);
      if (rest !== null && !isBehind({ event, place }, rest.behind, rest.order)) return true;
      if (events.length >= limit) return false;
      const taken = toStreamEvent(stream, event);
      if (!take(taken, place)) return false;
      events.push(taken);
      return true;
    },
  };
}

/** Takes events up to so many characters of JSON, and one at least. */
export function takerOf(most: number): (event: StreamEvent) => boolean {
  let characters = 0;
  let count = 0;
  return (event) => {
    characters += JSON.stringify(event).length;
    if (characters > most && count > 0) return false;
    count += 1;
    return true;
  };
}

export interface Direction {
  order: Order;
  /** The page before read many entries that do not belong to the range. */
  sparse: boolean;
}

export function firstDirection(range: Pick<Range, 'from'>, query: { order?: Order }, sparse: boolean): Direction {
  return { order: query.order ?? (range.from === null ? 'newest' : 'oldest'), sparse };
}

export function heldDirection(rest: Rest, query: { order?: Order }): Direction {
  const [order, sparse] = Array.isArray(rest) ? rest : [];
  if ((order !== 'oldest' && order !== 'newest') || typeof sparse !== 'boolean')
    throw badCursor('it is not of this form');
  if (query.order !== undefined && query.order !== order) throw badCursor('it goes with another `order`');
  return { order, sparse };
}
