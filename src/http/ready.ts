/**
 * `/readyz`: whether this instance can serve, which is whether its store answers a ping in time. 200, or 503 naming the
 * part that is not ready and, where the operator can mend it, the variable. How feeds are is not a question of readiness.
 */
import { asTidegateError, TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Store } from '../store/store.ts';
import { notReadyResponse } from './problem.ts';

/** A probe gives up after a few seconds: the answer has to be there before. */
export const READY_MS = 2_000;

/** @param store as the request's account sees it */
export async function readiness(store: Store, { log, sleep }: Pick<Runtime, 'log' | 'sleep'>): Promise<Response> {
  const answered = new AbortController();
  const late = sleep(READY_MS, answered.signal).then(() => {
    if (answered.signal.aborted) return;
    throw new TidegateError('store_unavailable', `the ${store.name} store did not answer within ${READY_MS} ms`);
  });
  try {
    await Promise.race([store.ping(), late]);
    return Response.json({ status: 'ok', store: store.name });
  } catch (thrown) {
    const error = asTidegateError(thrown);
    log('error', `not ready: ${error.message}`, { part: 'store', store: store.name, code: error.code });
    return notReadyResponse('store', store.name, error);
  } finally {
    answered.abort();
  }
}
