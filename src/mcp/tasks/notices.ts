/** What listeners are told of tasks: what `tasks/get` would answer. One store call for each task and change. */
import { asTidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { accountedTasks } from '../../calls/context.ts';
import type { ListContext } from '../../declare/context.ts';
import type { Header } from '../../tasks/records/header.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import type { TaskNotices } from '../extension.ts';
import { detailedTask } from './view.ts';

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
      return ids.filter((_id, index) => headers[index] !== null);
    },
    async notice(id, context) {
      const header = await readable(id, context);
      return header && detailedTask(id, header, now());
    },
  };
}
