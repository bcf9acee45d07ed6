/** One task as the store has it: its header, its assignment, and what it remembers. */
import type { Json } from '../../base/json.ts';
import type { Principal } from '../../base/principal.ts';
import { listAll } from '../../store/list-all.ts';
import type { TaskDeps } from '../../tasks/records/find-task.ts';
import type { Header } from '../../tasks/records/header.ts';
import { taskPartition } from '../../tasks/records/names.ts';
import { rememberedKind, REMEMBERED, STEP } from '../../tasks/records/remembered.ts';
import { getTask } from '../../tasks/work/requests.ts';
import { assignmentKey, isLeased, readAssignment } from '../../tasks/records/assignment.ts';

export interface StepView {
  /** The step's name, and its ordinal where the name is used again; or `sleep`, `ask who`, … */
  name: string;
  state: 'done' | 'tried' | 'failed';
  /** Failed tries. */
  failures: number;
  /** The last error; null: there was none. */
  error: string | null;
  /** When it goes on, epoch ms; null: it does not wait. */
  until: number | null;
}

export interface TaskView {
  taskId: string;
  header: Header;
  /** `under way`: a process has it. `waiting`: it is due at `at`. Null: it has ended. */
  run: { state: 'under way' | 'waiting'; at: number; failures: number; lost: number } | null;
  steps: StepView[];
}

/** @throws TidegateError `not_found` */
export async function taskView(deps: TaskDeps, principal: Principal, taskId: string): Promise<TaskView> {
  const { store, runtime } = deps;
  const { tenant } = principal;
  const header = await getTask(deps, principal, taskId);
  const run = readAssignment(await store.get(assignmentKey(tenant, taskId), runtime.now()));
  const steps: StepView[] = [];
  for await (const records of listAll(deps, taskPartition(tenant, taskId), { prefix: REMEMBERED })) {
    steps.push(...records.map(({ id, value }) => viewOf(id.slice(REMEMBERED.length), value, runtime.now())));
  }
  const at = run && { at: run.dueAt, failures: run.assignment.failures, lost: run.assignment.lost };
  return {
    taskId,
    header,
    run: run && at && { state: isLeased(run, runtime.now()) ? 'under way' : 'waiting', ...at },
    steps,
  };
}

function viewOf(id: string, value: Json, now: number): StepView {
  const name = id.startsWith(STEP) ? id.slice(STEP.length) : id;
  const done: StepView = { name, state: 'done', failures: 0, error: null, until: null };
  const remembered = rememberedKind(id).decode(value);
  if ('until' in remembered && remembered.until > now) return { ...done, state: 'tried', until: remembered.until };
  if (!('failures' in remembered)) return done;
  const { failures, error, final, againAt = null } = remembered;
  return {
    name,
    state: final ? 'failed' : 'tried',
    failures,
    error: `${error.code}: ${error.message}`,
    until: againAt,
  };
}
