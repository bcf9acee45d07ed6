/** A stage for tasks: an app over a store, a clock that moves when told, and runners that share both. */
import type { AppOptions } from '../../src/declare/app.ts';
import type { Task } from '../../src/declare/task.ts';
import type { Json } from '../../src/base/json.ts';
import type { Owner, Principal } from '../../src/base/principal.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { createTask, type NewTask } from '../../src/tasks/work/create.ts';
import type { TaskDeps } from '../../src/tasks/records/find-task.ts';
import { hasEnded, type Header } from '../../src/tasks/records/header.ts';
import { TASK_QUEUE } from '../../src/tasks/records/names.ts';
import { type TaskChange, taskChange, taskLog } from '../../src/tasks/records/task-log.ts';
import { answerTask, cancelTask, getTask } from '../../src/tasks/work/requests.ts';
import { runTasks, type RunTasksOptions, type TasksReport } from '../../src/tasks/work/run-due.ts';
import { type OnCommit, readAll, type Stage, stageOf } from '../feeds/run/stage.ts';
import { createAppStreams } from '../../src/calls/streams.ts';

export const ADA: Principal = { tenant: 'public', subject: 'ada', client: null, scopes: ['*'] };
export const EVE: Principal = { ...ADA, subject: 'eve' };

export interface TaskStage extends Stage {
  tasks: TaskDeps;
  /** Another process on the same store and clock; with other tasks, another release. */
  runner(onCommit?: OnCommit, release?: Record<string, Task>): TaskDeps;
  begin(task: string, input?: Json, more?: Partial<NewTask>): Promise<string>;
  /** One call of the worker, the clock driven through it. */
  work(options?: RunTasksOptions, deps?: TaskDeps): Promise<TasksReport>;
  /** Works until all that is left waits for longer than `withinMs`. */
  settle(withinMs?: number): Promise<void>;
  get(taskId: string, principal?: Principal): Promise<Header>;
  answer(taskId: string, responses: Record<string, unknown>, principal?: Principal): Promise<boolean>;
  cancel(taskId: string, principal?: Principal): Promise<boolean>;
}

/** The ends that the log of changes tells of. */
export async function endsIn(store: Store, owner: Owner = ADA): Promise<TaskChange[]> {
  const changes = (await readAll(store, taskLog(owner))).map((value) => taskChange.decode(value));
  return changes.filter(hasEnded);
}

/** @param more of the app, such as its streams */
export function taskStage(
  declared: Record<string, Task>,
  base: Store = createMemoryStore(),
  more: Partial<AppOptions> = {},
): TaskStage {
  const stage = stageOf({ tasks: declared, ...more }, base);
  const catalog = new Map(Object.entries(declared));
  const tasks: TaskDeps = { ...stage.deps, streamsFor: createAppStreams, catalog };
  const { clock } = stage;
  const deadline = () => clock.now + 60_000;

  return {
    ...stage,
    tasks,
    runner(onCommit, release) {
      const { deps } = stage.worker(onCommit);
      return { ...deps, streamsFor: createAppStreams, catalog: release ? new Map(Object.entries(release)) : catalog };
    },
    async begin(task, input = {}, more = {}) {
      const created = await createTask(tasks, {
        principal: ADA,
        task,
        input,
        deadline: deadline(),
        leaseMs: null,
        ...more,
      });
      return created.taskId;
    },
    work: (options, deps = tasks) => clock.drive(runTasks(deps, deadline(), options)),
    async settle(withinMs = 3_600_000) {
      const until = clock.now + withinMs;
      for (let rounds = 0; rounds < 1_000; rounds += 1) {
        const { entered } = await clock.drive(runTasks(tasks, deadline()));
        if (entered > 0) continue;
        const due = await stage.store.due(TASK_QUEUE, { now: until, limit: 1_000, from: 0 });
        if (due.length === 0) return;
        clock.now = Math.max(clock.now, Math.min(...due.map(({ dueAt }) => dueAt)));
      }
      throw new Error('the tasks do not settle');
    },
    get: (taskId, principal = ADA) => getTask(tasks, principal, taskId),
    answer: (taskId, responses, principal = ADA) =>
      answerTask(tasks, principal, taskId, responses, deadline()).then(({ length }) => length > 0),
    cancel: (taskId, principal = ADA) => cancelTask(tasks, principal, taskId, deadline()),
  };
}
