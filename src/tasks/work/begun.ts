/** Calls that begin a task only once: the idempotency key, what it is compared by, and the task that was begun under it. */
import { canonicalText, hexOf, sha256 } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import { readSurely } from '../../store/clock-seen.ts';
import type { Reading } from '../../store/store.ts';
import { type Scope, scopeOf } from '../../streams/scope.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { type Header, headerKey, taskHeader } from '../records/header.ts';
import { begunOnce, onceKey } from '../records/begun-once.ts';

export interface Begun {
  taskId: string;
  header: Header;
}

/** Longest idempotency key: what the id of a record holds. */
const ONCE_BYTES = 512;

/**
 * The task that was begun under an idempotency key; null: none was, or it is no longer stored. Two store calls.
 * @throws TidegateError `invalid_input` for a key that is empty or too long, or stands for a call with another input
 */
export async function findBegun(
  deps: Pick<TaskDeps, 'store' | 'runtime'>,
  asked: { principal: Principal; task: string; once: string; calledWith: Json },
): Promise<Begun | null> {
  checkOnce(asked.once);
  const { principal, task, once } = asked;
  const standing = await readSurely(deps, await deps.store.get(onceKey(principal, task, once), deps.runtime.now()));
  return begunUnder(scopeOf(deps, principal), standing, await fingerprintOf(asked.calledWith));
}

/** @param standing what stands under the key. @throws TidegateError `invalid_input` where that is of another call */
export async function begunUnder(
  scope: Scope<Pick<TaskDeps, 'store' | 'runtime'>>,
  standing: Reading,
  fingerprint: string,
): Promise<Begun | null> {
  const begun = begunOnce.read(standing);
  if (begun === null) return null;
  const { taskId } = begun;
  if (begun.fingerprint !== fingerprint) throw otherInput();
  const { store, runtime, tenant } = scope;
  const header = taskHeader.read(await readSurely(scope, await store.get(headerKey(tenant, taskId), runtime.now())));
  return header && { taskId, header };
}

/** Equal for equal JSON, whatever the order of its fields. */
export async function fingerprintOf(input: Json): Promise<string> {
  return hexOf(await sha256(canonicalText(input)));
}

/** @throws TidegateError `invalid_input` */
export function checkOnce(once: string): void {
  if (once.length >= 1 && utf8Bytes(once) <= ONCE_BYTES && once.isWellFormed()) return;
  const expected = `1 to ${ONCE_BYTES} bytes`;
  throw new TidegateError('invalid_input', 'the idempotency key is too long, or empty', {
    field: 'idempotencyKey',
    expected,
  });
}

function otherInput(): TidegateError {
  return new TidegateError('invalid_input', 'the idempotency key stands for a call with other arguments', {
    field: 'idempotencyKey',
    expected: 'the arguments of the call that it was first used with, or another key',
  });
}
