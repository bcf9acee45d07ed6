/**
 * Pages of lists that are in memory. A cursor holds the name of the list and the offset, with a check sum that shows
 * whether it was made here. It holds no secret.
 */
import { digestOf } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';

export const PAGE_SIZE = 100;

export interface ListPage<Item> {
  items: readonly Item[];
  /** Absent on the last page. */
  nextCursor?: string;
}

/**
 * The page that `cursor` names; the first one without a cursor.
 * @throws TidegateError `bad_cursor` for a cursor that was not made for this list.
 */
export function listPageOf<Item>(list: string, items: readonly Item[], cursor: string | undefined): ListPage<Item> {
  const from = cursor === undefined ? 0 : offsetOf(list, cursor, items.length);
  const to = from + PAGE_SIZE;
  if (from === 0 && to >= items.length) return { items };
  return { items: items.slice(from, to), ...(to < items.length ? { nextCursor: cursorOf(list, to) } : {}) };
}

function offsetOf(list: string, cursor: string, length: number): number {
  const from = Number(/^[a-z]+:([1-9]\d{0,6}):/.exec(decode(cursor))?.[1]);
  // Only the text that is written here counts, not another one that decodes alike.
  if (!(from < length) || from % PAGE_SIZE !== 0 || cursor !== cursorOf(list, from)) throw badCursor(list);
  return from;
}

function cursorOf(list: string, from: number): string {
  const place = `${list}:${from}`;
  return btoa(`${place}:${digestOf(place).slice(0, 8)}`);
}

function decode(cursor: string): string {
  try {
    return atob(cursor);
  } catch {
    return '';
  }
}

function badCursor(list: string): TidegateError {
  return new TidegateError('bad_cursor', `The cursor is not one of ${list}`, {
    field: 'cursor',
    expected: `the nextCursor of a page of ${list}, unchanged`,
    hint: 'list again without a cursor',
  });
}
