/**
 * Works on due records of which some cannot be worked on. A release cannot work on what a newer one wrote, and other work fails
 * for a while, or for ever. Such a record would be found due again at once, before all others of its shard, over and over. Its due
 * time is therefore moved, and its value is left as it is.
 */
import { asTidegateError, type TidegateError } from '../base/errors.ts';
import type { Runtime } from '../base/runtime.ts';
import { DUE_LIMIT, QUEUE_SHARDS } from './limits.ts';
import {
  type DueRecord,
  isPresent,
  type Put,
  type Reading,
  type RecordKey,
  type Store,
  type StoredRecord,
} from './store.ts';

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
 * What is due in a queue, as it was read. Records that the store does not answer are logged, and keep no other back: they stay due,
 * and the look goes past them, as far as one goes at most. Two store calls, or one where nothing is due; more where some are not answered.
 * @param most records, at most `GET_MANY_LIMIT`
 * @returns `more`: others may be due as well
 */
export async function readDue(
  { store, runtime }: { store: Store; runtime: Pick<Runtime, 'now' | 'random' | 'log'> },
  queue: string,
  most: number,
): Promise<{ records: StoredRecord[]; more: boolean }> {
  const now = runtime.now();
  const from = Math.floor(runtime.random() * QUEUE_SHARDS);
  const passed = new Set<string>();
  for (;;) {
    const limit = Math.min(DUE_LIMIT, most + passed.size);
    const due = (await store.due(queue, { now, limit, from })).filter((key) => !passed.has(textOf(key)));
    const found = due.slice(0, most);
    const { readings, failed } = found.length === 0 ? { readings: [], failed: [] } : await readSome(store, found, now);
    for (const { partition, id, error } of failed) {
      passed.add(textOf({ partition, id }));
      const { code, message } = error;
      runtime.log('warn', 'a due record is not answered; it is tried again', { partition, id, code, message });
    }
    if (failed.length > 0 && found.length === most) continue;
    const isDue = (one: Reading): one is StoredRecord => isPresent(one) && one.due !== null && one.due.at <= now;
    return { records: readings.filter(isDue), more: found.length === most || failed.length > 0 };
  }
}

function textOf({ partition, id }: RecordKey): string {
  return `${partition} ${id}`;
}

/** Reads all at once; where that fails, each by itself. */
async function readSome(store: Store, keys: readonly RecordKey[], now: number) {
  try {
    return { readings: await store.getMany(keys, now), failed: [] };
  } catch {
    const readings: Reading[] = [];
    const failed: (RecordKey & { error: TidegateError })[] = [];
    const each = await Promise.allSettled(keys.map((key) => store.get(key, now)));
    for (const [index, one] of each.entries()) {
      const key = keys[index];
      if (one.status === 'fulfilled') readings.push(one.value);
      else if (key !== undefined) failed.push({ ...key, error: asTidegateError(one.reason) });
    }
    return { readings, failed };
  }
}

/**
 * Does the work on a due record. Where it fails, the record is put off by `putOffMs`, as are others that are due for the same
 * work: whoever failed stands behind all others that are due. Where the work throws `newer_version`, that is logged, and this
 * answers `newer`. What comes of the put does not matter: after a conflict somebody else has the record, and after an unknown
 * outcome it may be met once more.
 * @param records put again with the same value, where they are due still
 * @returns what the work returned; `newer` where a newer release has written what the work needs
 * @throws whatever else the work throws
 */
export async function workOnDue<Result>(
  deps: Deps,
  records: readonly RecordKey[],
  deadline: number,
  work: () => Promise<Result>,
): Promise<Result | 'newer'> {
  try {
    return await work();
  } catch (thrown) {
    const error = asTidegateError(thrown);
    for (const key of records) await tryPutOff(deps, key, deadline, putOffMs(error));
    if (error.code !== 'newer_version') throw thrown;
    const [{ partition, id } = { partition: '', id: '' }] = records;
    const { message } = error;
    deps.runtime.log('warn', 'a due record of a newer release is passed over', { partition, id, message });
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
      await tryPutOff(deps, { partition, id }, deadline, putOffMs(error));
    }
  }
  return { error: first, more: false };
}

async function tryPutOff(deps: Deps, key: RecordKey, deadline: number, ms: number): Promise<void> {
  try {
    await putOff(deps, key, deadline, ms);
  } catch {
    // It stays due, and is met again.
  }
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
