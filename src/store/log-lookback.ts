/** Whether something was appended to a log in a span of time that nobody of this process has watched. Two store calls. */
import { decodeCursor } from './cursor.ts';
import type { Store } from './store.ts';

/**
 * @param since epoch ms
 * @param before epoch ms: what was appended from then on does not count
 * @returns true as well where entries are gone that may have been of that time
 * @throws TidegateError as the store
 */
export async function wasAppended(
  store: Pick<Store, 'read' | 'seek'>,
  log: string,
  since: number,
  before: number,
): Promise<boolean> {
  const from = await store.seek(log, since);
  const { entries, truncated, floor } = await store.read(log, from, 1);
  const [first] = entries;
  if (truncated || (first !== undefined && first.appendedAt < before)) return true;
  // What stood before the oldest entry that is left may be as old.
  return floor !== null && (from === null || from === floor) && decodeCursor(floor).place > 0;
}
