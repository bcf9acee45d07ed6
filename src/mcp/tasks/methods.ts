/** The methods of the extension. Who may call them was decided before; whose the task is, is decided below. */
import type { Runtime } from '../../base/runtime.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import type { Caller } from '../../calls/caller.ts';
import { IN_METHODS, naming } from './argument-names.ts';
import type { Poll } from './polling.ts';
import { type DetailedTask, detailedTask } from './view.ts';

/** All: @throws TidegateError `not_found` for a task that is not there, or somebody else's. */
export interface TaskMethods {
  /** One store call. @throws TidegateError `rate_limited` */
  get(taskId: string, caller: Caller): Promise<DetailedTask>;
  /** @throws TidegateError `invalid_input` for an answer that is not what was asked for; nothing is stored then. */
  update(taskId: string, responses: Readonly<Record<string, unknown>>, caller: Caller): Promise<object>;
  /** Also answered for a task that has ended, which it leaves as it is. */
  cancel(taskId: string, caller: Caller): Promise<object>;
}

export function createTaskMethods(tasks: Tasks, poll: Poll, { now }: Pick<Runtime, 'now'>): TaskMethods {
  return {
    get: (taskId, { principal, account }) =>
      naming(IN_METHODS, async () =>
        detailedTask(taskId, await poll(tasks.on(account.store), principal, taskId), now()),
      ),
    async update(taskId, responses, { principal, account, deadline }) {
      await naming(IN_METHODS, () => tasks.on(account.store).answer(principal, taskId, responses, deadline));
      return {};
    },
    async cancel(taskId, { principal, account, deadline }) {
      await naming(IN_METHODS, () => tasks.on(account.store).cancel(principal, taskId, deadline));
      return {};
    },
  };
}
