/**
 * Tries a failed task again, as a new task, because an end is final. The new task has the same input and origin, so the
 * idempotency keys of its steps stay the same. It remembers what had succeeded; what had failed is done anew. It is stored only
 * after all that it remembers, so a crash leaves at most copies that nobody reads and that expire.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import { commitSurely } from '../../store/commit.ts';
import { listAll } from '../../store/list-all.ts';
import type { Put } from '../../store/store.ts';
import { createTask, type Created } from './create.ts';
import { type TaskDeps, taskInVersion } from '../records/find-task.ts';
import { type Header, rememberedUntil } from '../records/header.ts';
import { bytesOf } from '../turn/batch.ts';
import { taskPartition } from '../records/names.ts';
import { newTaskId } from '../records/task-id.ts';
import { rememberedKind, REMEMBERED, STEP, WAIT } from '../records/remembered.ts';
import { inputKey, taskInput } from '../records/input.ts';
import { noVersion } from '../records/refusal.ts';
import { getTask } from './requests.ts';
import { type Scope, scopeOf } from '../../streams/scope.ts';

/**
 * The same retry, asked for twice, is one task. It is due at once.
 * @param deadline epoch ms by which it has to be stored
 * @throws TidegateError `not_found`; `invalid_input` for a task that has not failed; `invalid_config` where this release
 * has not the version that it began with; errors as `createTask`
 */
export async function retryTask(
  deps: TaskDeps,
  principal: Principal,
  taskId: string,
  deadline: number = deps.runtime.now() + 30_000,
): Promise<Created> {
  const { store, runtime, catalog } = deps;
  const { tenant } = principal;
  const header = await getTask(deps, principal, taskId);
  if (header.status !== 'failed') throw notFailed(taskId, header);
  if (taskInVersion(catalog, header) === null) throw noVersion(header);
  const input = taskInput.read(await store.get(inputKey(tenant, taskId), runtime.now()));
  if (input === null) throw new TidegateError('not_found', 'what the task was called with is no longer stored');
  const retried = newTaskId(runtime, header.principal);
  await copyRemembered(scopeOf(deps, principal), taskId, retried, header, deadline);
  return createTask(deps, {
    principal: header.principal,
    task: header.task,
    version: header.version,
    input: input.input,
    retryOf: taskId,
    needs: header.needs,
    origin: header.origin,
    taskId: retried,
    deadline,
    leaseMs: null,
  });
}

/** Copies what is kept, one page of the list at a time, in as few commits as the store takes. */
async function copyRemembered(
  { store, runtime, tenant }: Scope<TaskDeps>,
  from: string,
  to: string,
  header: Header,
  deadline: number,
): Promise<void> {
  const { commitBytes, commitOperations } = store.limits;
  // As long as the new task may need it.
  const expiresAt = rememberedUntil({ endsBy: runtime.now() + header.ttlMs });
  let puts: Put[] = [];
  let bytes = 0;
  const flush = async () => {
    if (puts.length > 0) await commitSurely(runtime, store, puts, deadline);
    puts = [];
    bytes = 0;
  };
  for await (const records of listAll({ store, runtime }, taskPartition(tenant, from), { prefix: REMEMBERED })) {
    for (const { id, value } of records) {
      if (!isKept(id.slice(REMEMBERED.length), value)) continue;
      const put: Put = {
        kind: 'put',
        partition: taskPartition(tenant, to),
        id,
        value,
        expects: null,
        expiresAt,
      };
      const added = bytesOf([put]);
      if (puts.length >= commitOperations || bytes + added > commitBytes) await flush();
      puts.push(put);
      bytes += added;
    }
  }
  await flush();
}

/**
 * Whether the new task remembers it too. A step that failed is done anew. Pages belong to one task, so they are written anew. A
 * wait that had not ended has no waiter any more.
 */
function isKept(id: string, value: Json): boolean {
  const remembered = rememberedKind(id).decode(value);
  if ('page' in remembered) return false;
  return id.startsWith(STEP) || id.startsWith(WAIT) ? 'value' in remembered : true;
}

function notFailed(taskId: string, { status }: Header): TidegateError {
  return new TidegateError('invalid_input', `the task ${taskId} is ${status}`, {
    field: 'taskId',
    expected: 'the id of a task that failed',
  });
}
