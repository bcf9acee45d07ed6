/** `takeOnce` answers who may do what may be done once: whoever puts its record first, on whichever instance. */
import * as z from 'zod';
import type { Runtime } from '../base/runtime.ts';
import { commitSurely } from './commit.ts';
import { record } from './record.ts';
import type { RecordKey, Store } from './store.ts';

const mark = record('mark of what was done once', () => z.literal(1));

/** Clocks of instances may differ by this much and more, ms. */
const SKEW_MS = 60_000;

/**
 * False: somebody was faster. One call to the store, more only while its answer is unknown.
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
