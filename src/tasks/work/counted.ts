/**
 * What a new task takes of its caller's quotas. It is taken before the task is stored, and given back where the task is not.
 *
 * Where a commit stayed without an answer, the task may have begun. What it took stays taken then until that is known: the next
 * call of the same caller in this process stores the task as one that was cancelled. Where that is stored, the task did not begin,
 * and cannot any more; where something stands there, it did, and gives back at its end. Without such a call it ends with its time.
 */
import { isOwner, type Principal } from '../../base/principal.ts';
import { asTidegateError, type ErrorCode } from '../../base/errors.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Quotas } from '../../store/quotas/quotas.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { cancelled } from '../records/changes.ts';
import { expiryOf, type Header, headerKey, taskHeader } from '../records/header.ts';
import { runningQuota, taskQuota } from '../records/quotas.ts';

/** What a task took. */
export interface CountedTask {
  principal: Principal;
  taskId: string;
  bytes: number;
  /** Epoch ms. */
  takenAt: number;
}

/** Tasks of which nobody knows whether they began; the oldest is forgotten, and counts until its time is over. */
const MOST_UNKNOWN = 1_000;
/** Of them, how many one call settles, and how long it tries, ms. */
const MOST_SETTLED = 3;
const SETTLING_MS = 1_000;

const NOT_BEGUN = 'the store did not take it';

/** With these a commit has written nothing. What is not among them may have. */
const UNWRITTEN: ReadonlySet<ErrorCode> = new Set([
  'invalid_input',
  'too_large',
  'store_unavailable',
  'store_full',
  'store_damaged',
]);

interface UnknownTask {
  counted: CountedTask;
  /** As it was to be stored. */
  header: Header;
}

const unknown = new WeakMap<Quotas, UnknownTask[]>();

/** @throws TidegateError `rate_limited`; then neither quota is taken */
export async function countTask(
  deps: TaskDeps,
  task: Omit<CountedTask, 'takenAt'>,
  deadline: number,
): Promise<CountedTask> {
  const { quotas, store, app, runtime } = deps;
  const { principal, bytes } = task;
  if (quotas) await settleUnknown(deps, quotas, principal, deadline);
  const takenAt = runtime.now();
  const running = runningQuota(deps);
  await quotas?.take(store, running, principal, 1);
  try {
    await quotas?.take(store, taskQuota(app), principal, bytes);
  } catch (thrown) {
    await quotas?.give(store, running, principal, 1, takenAt);
    throw thrown;
  }
  return { ...task, takenAt };
}

/** For a task that was not stored. */
export async function giveTaskBack(deps: TaskDeps, { principal, bytes, takenAt }: CountedTask): Promise<void> {
  const { quotas, store, app } = deps;
  await quotas?.give(store, runningQuota(deps), principal, 1, takenAt);
  await quotas?.give(store, taskQuota(app), principal, bytes, takenAt);
}

/** For a task whose commit threw. */
export async function giveBackUnlessStored(
  deps: TaskDeps,
  counted: CountedTask,
  header: Header,
  thrown: unknown,
): Promise<void> {
  if (UNWRITTEN.has(asTidegateError(thrown).code)) return giveTaskBack(deps, counted);
  if (!deps.quotas) return;
  const waiting = unknown.get(deps.quotas) ?? [];
  unknown.set(deps.quotas, waiting);
  if (waiting.length >= MOST_UNKNOWN) waiting.shift();
  waiting.push({ counted, header });
}

async function settleUnknown(deps: TaskDeps, quotas: Quotas, principal: Principal, deadline: number): Promise<void> {
  const { store, runtime } = deps;
  const waiting = unknown.get(quotas) ?? [];
  const own = waiting.filter(({ counted }) => isOwner(counted.principal, principal)).slice(0, MOST_SETTLED);
  for (const task of own) {
    const place = waiting.indexOf(task);
    // Another call settles it.
    if (place < 0) continue;
    waiting.splice(place, 1);
    const { counted, header } = task;
    const now = runtime.now();
    const expiresAt = expiryOf(header);
    // It may have begun and be gone already.
    if (now >= expiresAt) continue;
    const key = headerKey(principal.tenant, counted.taskId);
    const put = taskHeader.put(key, cancelled(NOT_BEGUN)(header, now), { expects: null, expiresAt });
    try {
      const { status } = await commitSurely(runtime, store, [put], Math.min(deadline, now + SETTLING_MS));
      if (status === 'committed') await giveTaskBack(deps, counted);
    } catch {
      waiting.push(task);
      return;
    }
  }
}
