/** An app with a task, and so many of it. */
import { PUBLIC } from '../../src/base/principal.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { openNodeStore } from '../../src/hosts/node/store.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import { defineApp, task } from '../../src/index.ts';
import { createTask } from '../../src/tasks/work/create.ts';

export const taskApp = defineApp({
  name: 'bench-tasks',
  version: '1.0.0',
  description: 'Tasks that wait',
  // One caller begins all of them.
  quotas: { runningTasks: 1_000_000 },
  tasks: { wait: task({ description: 'Waits.', version: '1', run: async () => 'done' }) },
});

const AT_ONCE = 16;

/** Begins so many tasks on the store of this environment, and answers their ids. */
export async function beginTasks(environment: Record<string, string>, count: number): Promise<string[]> {
  const runtime = nodeRuntime(() => {});
  const store = await openNodeStore(readConfig(environment, 'sqlite'), runtime, taskApp.name);
  const deps = withTasks({ app: taskApp, store, runtime });
  const ids: string[] = [];
  let left = count;
  async function begin(): Promise<void> {
    while (left > 0) {
      left -= 1;
      const options = { principal: PUBLIC, task: 'wait', input: {}, deadline: runtime.now() + 60_000, leaseMs: null };
      ids.push((await createTask(deps, options)).taskId);
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, begin));
  await store.close();
  return ids;
}
