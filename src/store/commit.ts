/**
 * Repeats a commit until its outcome is known, and spaces the tries of those who meet in one record. Engine clients do not retry by themselves: only the holder of the
 * commit's id can do it safely.
 */
import { backoff } from '../base/backoff.ts';
import { asTidegateError, isOfStore, innermostReason, TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import type { CommitResult, Operation, Store } from './store.ts';

export type Settled = Exclude<CommitResult, { status: 'unknown' }>;

const PAUSES = { firstMs: 20, mostMs: 1_000 };

/**
 * Waits, with full jitter, before what a commit rested on is read again, so that many who write the same record do not keep
 * each other from it.
 * @param conflicts how many there were before this one
 * @returns false: there is no time left for another try before `deadline` (epoch ms)
 */
export async function afterConflict(runtime: Runtime, conflicts: number, deadline: number): Promise<boolean> {
  const pause = backoff(PAUSES, conflicts, runtime.random());
  if (runtime.now() + pause >= deadline) return false;
  await runtime.sleep(pause);
  return true;
}

/**
 * Commits under a new id, and again under the same id while the answer is `unknown`, with full jitter, up to `deadline`
 * (epoch ms). Answers `committed` or `conflict`.
 * @throws TidegateError `store_unknown` when the deadline passes first, or where an earlier try was `unknown` and a later one
 * is refused; what the store refuses at once (`store_full`, `store_damaged`)
 */
export async function commitSurely(
  runtime: Runtime,
  store: Store,
  operations: readonly Operation[],
  deadline: number,
): Promise<Settled> {
  const id = runtime.newId();
  for (let attempt = 0; ; attempt += 1) {
    const result = await store.commit(operations, { id, now: runtime.now(), deadline }).catch((thrown: unknown) => {
      if (attempt > 0 && isOfStore(thrown)) throw unsaid(store, thrown);
      throw thrown;
    });
    if (result.status !== 'unknown') return result;
    const pause = backoff(PAUSES, attempt, runtime.random());
    if (runtime.now() + pause >= deadline) throw unsaid(store, result.cause);
    await runtime.sleep(pause);
  }
}

/**
 * A write on which nothing rests, such as a copy that is kept or a time that is set anew: asked once, it never fails for the caller.
 * @param what for the log, where the store does not take it: `an answer is not kept`
 * @returns null: the store did not take it, or its answer was lost
 */
export async function commitIfTaken(
  { now, newId, log }: Pick<Runtime, 'now' | 'newId' | 'log'>,
  store: Store,
  operations: readonly Operation[],
  deadline: number,
  what: string,
): Promise<Settled | null> {
  let result: CommitResult;
  try {
    result = await store.commit(operations, { id: newId(), now: now(), deadline });
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    log('debug', what, { code, message });
    return null;
  }
  return result.status === 'unknown' ? null : result;
}

function unsaid({ name }: Store, cause: unknown): TidegateError {
  return new TidegateError(
    'store_unknown',
    `the ${name} store did not say whether it took a commit: ${innermostReason(cause)}`,
    {
      hint: 'the same work may be tried again: nothing is applied twice',
      retryAfterMs: 1_000,
      cause,
    },
  );
}
