/**
 * `/readyz`: an instance can serve when its store answers a ping in time. The answer is 200, or 503 with the part that
 * is not ready and, where the operator can mend it, the variable. A process that ends is not ready. The state of feeds does not
 * count.
 */
import { asTidegateError, TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Store } from '../store/store.ts';
import { endingResponse, notReadyResponse } from './problem.ts';

/** A probe gives up after a few seconds, and the answer has to arrive before that. */
export const READY_MS = 2_000;

/** @param store counts its calls on the account of the request */
export async function readiness(
  store: Store,
  { log, sleep, ending }: Pick<Runtime, 'log' | 'sleep' | 'ending'>,
): Promise<Response> {
  if (ending?.begun.aborted === true) return endingResponse();
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
