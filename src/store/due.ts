/**
 * Works on due records while two releases run side by side. A release cannot work on what a newer one wrote, and would
 * find it due again at once, over and over. It therefore moves the due time and leaves the value as it is.
 */
import { TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import { isPresent, type Put, type RecordKey, type Store } from './store.ts';

/** How long a due record of a newer release is passed over, ms. */
export const PASS_OVER_MS = 600_000;

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
    const now = runtime.now();
    const reading = await store.get({ partition, id }, now);
    if (!isPresent(reading) || reading.due === null || reading.due.at > now) return 'newer';
    const { value, version: expects, expiresAt, due } = reading;
    const later = { ...due, at: now + PASS_OVER_MS };
    const put: Put = { kind: 'put', partition, id, value, expects, expiresAt, due: later };
    await store.commit([put], { id: runtime.newId(), now, deadline });
    return 'newer';
  }
}
