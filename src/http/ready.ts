/**
 * `/readyz`: an instance can serve when its store reads and writes. The answer is 200, or 503 with the part that is not ready
 * and, where the operator can mend it, the variable. A process that ends is not ready. The state of feeds does not count. Probes are frequent, and anybody may
 * send one, so they share a check: there is one every few seconds at most.
 */
import { sentJsonResponse } from '../base/json.ts';
import { TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import { examine } from '../store/examine.ts';
import type { StoreFinding, Store } from '../store/store.ts';
import { endingResponse, notReadyResponse } from './problem.ts';

/** A probe gives up after a few seconds, and the answer has to arrive before that. */
export const READY_MS = 2_000;
/** For so long an answer stands, ms. */
export const READY_ANSWER_MS = { ready: 3_000, notReady: 1_000 };

interface Check {
  startedAt: number;
  /** What stops the store; null: nothing does. */
  answer: Promise<TidegateError | null>;
  /** The same, once it is known. */
  known: { at: number; error: TidegateError | null } | null;
}

/** Answers a probe. @param store counts its calls on the account of the probe whose check it is */
type Readiness = (store: Store) => Promise<Response>;

export function createReadiness(runtime: Pick<Runtime, 'log' | 'now' | 'sleep' | 'ending'>): Readiness {
  const { log, now, sleep, ending } = runtime;
  let latest: Check | null = null;

  function begin(store: Store): Check {
    const startedAt = now();
    const finish = (findings: readonly StoreFinding[]) => {
      const error = findings.find(({ stops }) => stops)?.error ?? null;
      check.known = { at: now(), error };
      if (error !== null) tell(store, error);
      return error;
    };
    const check: Check = { startedAt, known: null, answer: examine(store, startedAt).then(finish) };
    return check;
  }

  function tell({ name }: Store, { message, code, hint }: TidegateError): void {
    log('error', `not ready: ${message}`, { part: 'store', store: name, code, ...(hint === null ? {} : { hint }) });
  }

  /** An answer that is young, or a check that is under way. That of a request that is gone may never end. */
  function isOfUse({ startedAt, known }: Check): boolean {
    if (known === null) return Math.abs(now() - startedAt) < READY_MS;
    return Math.abs(now() - known.at) < (known.error === null ? READY_ANSWER_MS.ready : READY_ANSWER_MS.notReady);
  }

  return async (store) => {
    if (ending?.begun.aborted === true) return endingResponse();
    if (latest === null || !isOfUse(latest)) latest = begin(store);
    const { answer, known } = latest;
    const error = known === null ? await inTime(store, answer) : known.error;
    return error === null
      ? sentJsonResponse({ status: 'ok', store: store.name })
      : notReadyResponse('store', store.name, error);
  };

  async function inTime(store: Store, answer: Check['answer']): Promise<TidegateError | null> {
    const answered = new AbortController();
    const late = sleep(READY_MS, answered.signal).then(() => {
      if (answered.signal.aborted) return null;
      const message = `the ${store.name} store did not answer within ${READY_MS} ms`;
      const error = new TidegateError('store_unavailable', message, { retryAfterMs: 1_000 });
      tell(store, error);
      return error;
    });
    try {
      return await Promise.race([answer, late]);
    } finally {
      answered.abort();
    }
  }
}
