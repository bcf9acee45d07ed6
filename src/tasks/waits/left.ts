/**
 * Waiters that nobody waits for any more, and waiters that are due while their task cannot be taken up. What is missed here
 * goes when it expires, or when it comes to hold. A record that stayed due for ever would keep others from being found.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import { commitSurely } from '../../store/commit.ts';
import { listAll } from '../../store/list-all.ts';
import { type DueRecord, isPresent, type Operation } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { ofStreamNamed, type Scope } from '../../streams/scope.ts';
import { dropParts } from './in-hand.ts';
import { readWaiter } from './waiter.ts';
import { isWaiter, taskPartition, waiterKey } from '../records/names.ts';
import { waitQuota } from '../records/quotas.ts';
import { REMEMBERED, rememberedWait, WAIT } from '../records/remembered.ts';

/** Before a due waiter whose task could not be taken up is looked at again, and up to as much more, ms. */
const LATER_MS = 2_000;

/**
 * Deletes the waiters of a task that was ended from outside. A failure is logged.
 * @param createdAt of the task: its waits were taken no earlier, epoch ms
 */
export async function dropWaits(
  scope: Scope,
  principal: Principal,
  taskId: string,
  createdAt: number,
  deadline: number,
): Promise<void> {
  const { store, runtime, tenant } = scope;
  const task = { tenant, taskId };
  try {
    for await (const records of listAll(scope, taskPartition(tenant, taskId), { prefix: REMEMBERED + WAIT })) {
      for (const { id, value } of records) {
        const wait = rememberedWait.decode(value);
        if (wait.value !== undefined) continue;
        const place = ofStreamNamed(scope, wait.stream);
        const key = waiterKey(place.tenant, wait.stream, task, id.slice(REMEMBERED.length));
        const reading = await store.get(key, runtime.now());
        if (reading.version === null) continue;
        await commitSurely(runtime, store, [{ kind: 'delete', ...key, expects: reading.version }], deadline);
        await scope.quotas?.give(store, waitQuota(scope.app, wait.stream), principal, 1, createdAt);
        if (isPresent(reading)) await dropParts(place, wait.stream, readWaiter(reading, runtime.now()), deadline);
      }
    }
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    runtime.log('warn', 'waits of a task that was cancelled stay until they expire', { taskId, code, message });
  }
}

/**
 * Deletes a due waiter whose task has ended, and makes another one due later: it would be found again at once, and again. One
 * that is not due any more is left alone. Errors as `commitSurely`.
 */
export async function settleDue(
  { store, runtime }: Deps,
  { partition, id }: DueRecord,
  hasTaskEnded: boolean,
  deadline: number,
): Promise<void> {
  if (!isWaiter({ partition })) return;
  const now = runtime.now();
  const reading = await store.get({ partition, id }, now);
  if (!isPresent(reading) || reading.due === null || reading.due.at > now) return;
  const { version: expects, value, expiresAt, due } = reading;
  const at = Math.round(now + LATER_MS * (1 + runtime.random()));
  const operation: Operation = hasTaskEnded
    ? { kind: 'delete', partition, id, expects }
    : { kind: 'put', partition, id, value, expects, expiresAt, due: { ...due, at } };
  await commitSurely(runtime, store, [operation], deadline);
}
