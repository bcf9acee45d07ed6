/**
 * The methods of the extension. The dispatch has checked that the client declared it; the tasks room checks whose a
 * task is.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { ListContext, ToolContext } from '../../declare/context.ts';
import type { Runtime } from '../../base/runtime.ts';
import { accountedTasks } from '../../calls/context.ts';
import type { Header } from '../../tasks/records/header.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import type { Extension, TaskNotices } from '../extension.ts';
import { objectOf, type Params, textOf } from '../wire/params.ts';
import { IN_METHODS, naming } from './argument-names.ts';
import type { Poll } from './polling.ts';
import { detailedTask } from './view.ts';

/**
 * `tasks/get`: one store call; also throws `rate_limited`. `tasks/update`: an answer that is not what was asked for
 * throws `invalid_input`, and nothing is stored then. `tasks/cancel` is answered for a task that has ended too, and
 * leaves it as it is. All throw `not_found` for a task that is not there, or that is somebody else's.
 */
export function taskMethods(
  tasks: Tasks,
  poll: Poll,
  { now }: Pick<Runtime, 'now'>,
): NonNullable<Extension['methods']> {
  return {
    'tasks/get': {
      run: (params, context) =>
        onTask(tasks, params, context, async (kept, taskId) =>
          detailedTask(taskId, await poll(kept, context.principal, taskId), now()),
        ),
    },
    'tasks/update': {
      takesResponses: true,
      run: (params, context) =>
        onTask(tasks, params, context, async (kept, taskId) => {
          await kept.answer(context.principal, taskId, objectOf(params, 'inputResponses'), context.deadline);
          return {};
        }),
    },
    'tasks/cancel': {
      run: (params, context) =>
        onTask(tasks, params, context, async (kept, taskId) => {
          await kept.cancel(context.principal, taskId, context.deadline);
          return {};
        }),
    },
  };
}

async function onTask(
  tasks: Tasks,
  params: Params,
  context: ToolContext,
  work: (kept: Tasks, taskId: string) => Promise<object>,
): Promise<object> {
  const taskId = textOf(params, 'taskId');
  return naming(IN_METHODS, () => work(accountedTasks(tasks, context), taskId));
}

/** What listeners are told of tasks: what `tasks/get` would answer. One store call for each task and change. */
export function taskNotices(tasks: Tasks, { now }: Pick<Runtime, 'now'>): TaskNotices {
  async function readable(id: string, context: ListContext): Promise<Header | null> {
    try {
      return await accountedTasks(tasks, context).get(context.principal, id);
    } catch (thrown) {
      const { code } = asTidegateError(thrown);
      // One of another principal's, and one that needs other scopes, as one that is not there.
      if (code === 'not_found' || code === 'not_supported') return null;
      throw thrown;
    }
  }

  return {
    async seen(ids, context) {
      const headers = await Promise.all(ids.map((id) => readable(id, context)));
      return ids.flatMap((id, index) => {
        const header = headers[index];
        return header ? [{ id, owner: header.principal }] : [];
      });
    },
    async notice(id, context) {
      const header = await readable(id, context);
      return header && detailedTask(id, header, now());
    },
  };
}
