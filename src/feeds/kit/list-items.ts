/** Finds the items in a message that may hold several. Several kinds of feed have messages of lists. Pure. */
import { describeShape, readPath } from '../../base/json-path.ts';

/**
 * The items at a path: each item of the list there, none of an empty list, or what else is there as one item. Null: the
 * message has nothing there.
 */
export function itemsAt(message: unknown, path: string): readonly unknown[] | null {
  const found = readPath(message, path);
  if (found === undefined) return null;
  return Array.isArray(found) ? found : [found];
}

/** Why a message without items becomes a dead letter. */
export function noItems(message: unknown, path: string): { reason: string; field: string; expected: string } {
  const expected = `items at ${path}, not ${describeShape(message)}; messages that have none are named by ignore`;
  return { reason: 'no_items', field: 'items', expected };
}
