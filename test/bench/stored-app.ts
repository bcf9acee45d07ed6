/** An app with tasks that wait and a stream of rooms, and so many of both. */
import { PUBLIC } from '../../src/base/principal.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { openNodeStore } from '../../src/hosts/node/store.ts';
import { withTasks } from '../../src/hosts/task-deps.ts';
import { defineApp, stream, task } from '../../src/index.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { projectLatest } from '../../src/streams/log/latest.ts';
import { streamLog } from '../../src/streams/log/stream-log.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { createTask } from '../../src/tasks/work/create.ts';
import * as z from 'zod';

const rooms = stream({
  description: 'Temperature of each room',
  schema: z.object({ room: z.string(), celsius: z.number(), time: z.number() }),
  key: 'room',
  time: 'time',
});

export const storedApp = defineApp({
  name: 'bench-stored',
  version: '1.0.0',
  description: 'Tasks that wait, and rooms',
  // One caller begins all of them.
  quotas: { runningTasks: 1_000_000 },
  streams: { rooms },
  tasks: { wait: task({ description: 'Waits.', version: '1', run: async () => 'done' }) },
});

const AT_ONCE = 16;
const FIRST_MS = Date.UTC(2026, 0, 1);

/** Begins so many tasks on the store of this environment, reports so many rooms, and answers the tasks' ids. */
export async function fillStore(environment: Record<string, string>, counts: { tasks: number; rooms: number }) {
  const runtime = nodeRuntime(() => {});
  const store = await openNodeStore(readConfig(environment, 'sqlite'), runtime, storedApp.name);
  const deps = withTasks({ app: storedApp, store, runtime });
  const entries = Array.from({ length: counts.rooms }, (_, index) => {
    const data = { room: `room-${index}`, celsius: 20 + index / 10, time: FIRST_MS + index };
    return { id: `event-${index}`, key: data.room, time: data.time, data };
  });
  const until = runtime.now() + 60_000;
  await commitSurely(runtime, store, [{ kind: 'append', log: streamLog('public', 'rooms'), entries }], until);
  const [declared] = storedApp.streams.values();
  if (declared) await projectLatest(scopeOfLogs(deps, PUBLIC), declared, { deadline: until });
  const ids: string[] = [];
  let left = counts.tasks;
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
