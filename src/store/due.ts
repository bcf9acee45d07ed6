/**
 * Works on due records of which some cannot be worked on. A release cannot work on what a newer one wrote, and other work fails
 * for a while, or for ever. Such a record would be found due again at once, before all others of its shard, over and over. Its due
 * time is therefore moved, and its value is left as it is.
 */
import { asTidegateError, TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import { type DueRecord, isPresent, type Put, type RecordKey, type Store } from './store.ts';

/** How long a due record of a newer release is passed over, ms. */
export const PASS_OVER_MS = 600_000;
/** How long a due record is put off whose work failed for another reason, ms. */
export const FAILED_AGAIN_MS = 30_000;

/** How long due work is put off that failed, ms. */
export function putOffMs({ code, retryAfterMs }: TidegateError): number {
  return code === 'newer_version' ? PASS_OVER_MS : Math.max(FAILED_AGAIN_MS, retryAfterMs ?? 0);
}

interface Deps {
  store: Store;
  runtime: Pick<Runtime, 'now' | 'newId' | 'log'>;
}

/**
 * Does the work on a due record. Where the work throws `newer_version`, for this record or for another one, the due record
 * is passed over: it is put again with the same value and becomes due in `PASS_OVER_MS`. The outcome of that put does not
 * matter: after a conflict somebody else has the record, and after an unknown outcome it may be met once more.
 * @returns what the work returned; `newer` where the record was passed over
 * @throws whatever else the work throws; errors of the store
 */
export async function workOnDue<Result>(
  { store, runtime }: Deps,
  { partition, id }: RecordKey,
  deadline: number,
  work: () => Promise<Result>,
): Promise<Result | 'newer'> {
  try {
    return await work();
  } catch (thrown) {
    if (!(thrown instanceof TidegateError) || thrown.code !== 'newer_version') throw thrown;
    runtime.log('warn', 'a due record of a newer release is passed over', { partition, id, message: thrown.message });
    await putOff({ store, runtime }, { partition, id }, deadline, PASS_OVER_MS);
    return 'newer';
  }
}

/**
 * Works on due records, one after another. One whose work fails keeps no other from its turn: the failure is logged, and the
 * record is put off by `putOffMs`, where the store takes that.
 * @param deadline epoch ms; no work begins after it
 * @param failed what is logged of a failure
 * @returns the first failure; `more`: the time was over before the last of them
 */
export async function workOnEachDue(
  deps: Deps,
  records: readonly DueRecord[],
  deadline: number,
  failed: string,
  work: (key: RecordKey) => Promise<void>,
): Promise<{ error: TidegateError | null; more: boolean }> {
  const { runtime } = deps;
  let first: TidegateError | null = null;
  for (const { partition, id } of records) {
    if (runtime.now() >= deadline) return { error: first, more: true };
    try {
      await work({ partition, id });
    } catch (thrown) {
      const error = asTidegateError(thrown);
      first ??= error;
      runtime.log('warn', failed, { partition, id, code: error.code, message: error.message });
      try {
        await putOff(deps, { partition, id }, deadline, putOffMs(error));
      } catch {
        // It stays due, and is met again.
      }
    }
  }
  return { error: first, more: false };
}

/** Nobody else's put is overwritten: after a conflict, or where it is not due any more, the record stays as it is. */
async function putOff({ store, runtime }: Deps, key: RecordKey, deadline: number, ms: number): Promise<void> {
  const now = runtime.now();
  const reading = await store.get(key, now);
  if (!isPresent(reading) || reading.due === null || reading.due.at > now) return;
  const { partition, id, value, version: expects, expiresAt, due } = reading;
  const put: Put = { kind: 'put', partition, id, value, expects, expiresAt, due: { ...due, at: now + ms } };
  await store.commit([put], { id: runtime.newId(), now, deadline });
}
