/** The cursor that the option `cursor` declares: where an answer has it, its value, and what is told where it is missing. */
import { TidegateError } from '../../base/errors.ts';
import { describeShape, readPath } from '../../base/json-path.ts';
import type { BurstContext } from '../../declare/feed.ts';
import type { FeedAnswer } from './answer.ts';
import type { BodyItem } from './format.ts';
import { type HttpCursor, isDeclared } from './options.ts';
import type { HttpPosition } from './position.ts';
import { asCursor, placeIn } from './way-onward.ts';

export function defaultPlace({ format }: FeedAnswer): 'body' | 'item' {
  return format === 'ndjson' || isDeclared(format) ? 'item' : 'body';
}

export function cursorIn(
  { from }: HttpCursor,
  of: 'body' | 'item' | 'header' | null,
  items: readonly BodyItem[],
  body: unknown,
  { headers, source }: FeedAnswer,
): HttpPosition['cursor'] {
  if (of === 'header') return asCursor(headers.get(from));
  if (of === 'body') return placeIn('cursor.from', from, body, source);
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const cursor = asCursor(readPath(items[at]?.data, from));
    if (cursor !== null) return cursor;
  }
  return null;
}

/** Most items of one cursor that are remembered. */
const MOST_AT_CURSOR = 100;

/**
 * The last items of a page, which have its cursor. A source that answers from a cursor on, and not only what is behind it, begins
 * its next answer with them.
 * @param before those of the portions before this one, which had `cursorBefore`
 */
export function itemsAtCursor(
  { from }: HttpCursor,
  items: readonly BodyItem[],
  cursor: HttpPosition['cursor'],
  { before, cursorBefore }: { before: readonly BodyItem[]; cursorBefore: HttpPosition['cursor'] },
): readonly BodyItem[] {
  let first = items.length;
  for (; first > 0; first -= 1) {
    const own = asCursor(readPath(items[first - 1]?.data, from));
    if (own !== null && own !== cursor) break;
  }
  const same = first === 0 && cursor === cursorBefore ? before : [];
  return [...same, ...items.slice(first)].slice(-MOST_AT_CURSOR);
}

/** Items with an id are known by it. Others that lie ahead come again and again, beyond what a position holds. */
export function tellNoCursor({ log }: BurstContext, path: string, body: unknown, source: string): void {
  const found = describeShape(body);
  const message = `${source} says nowhere how to go on: ${path} is missing, and the body is ${found}`;
  log('warn', `${message}. If that is not its last page, cursor.from is wrong, and this page comes again each time`, {
    field: 'cursor.from',
  });
}

export function noCursor(from: string, source: string): TidegateError {
  return new TidegateError('upstream', `${source}: no item has a cursor at ${from}`, {
    field: 'cursor.from',
    expected: 'a path to a text or a number in each item',
  });
}
