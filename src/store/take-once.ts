/** `takeOnce` takes what only one caller may have: whoever puts its record first, on whichever instance. */
import * as z from 'zod';
import type { Runtime } from '../base/runtime.ts';
import { commitSurely } from './commit.ts';
import { record } from './record.ts';
import type { RecordKey, Store } from './store.ts';

const mark = record('mark of what was done once', () => z.literal(1));

/** How much longer than asked the mark is kept, ms, because clocks of instances differ. */
const SKEW_MS = 60_000;

/**
 * True where this caller has it; false where somebody was faster. It costs one call to the store, and more only while the
 * outcome is unknown.
 * @param expiresAt epoch ms after which nobody asks for it any more, so that it may be forgotten
 * @param deadline epoch ms. @throws TidegateError `store_unknown` when it passes first
 */
export async function takeOnce(
  runtime: Runtime,
  store: Store,
  key: RecordKey,
  expiresAt: number,
  deadline: number,
): Promise<boolean> {
  const put = mark.put(key, 1, { expects: null, expiresAt: expiresAt + SKEW_MS });
  return (await commitSurely(runtime, store, [put], deadline)).status === 'committed';
}
