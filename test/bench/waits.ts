/**
 * From the moment at which a condition is met (its event is published) to the moment at which the task that waited for it
 * can be read as completed, on each driver, in one process with runner and watch as `serve` has them.
 */
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import type { Json } from '../../src/base/json.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { startTaskWorkers } from '../../src/hosts/node/workers.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { defineApp, stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { publish } from '../../src/streams/log/publish.ts';
import { waiterPartition } from '../../src/tasks/records/names.ts';
import { isHeld, waiterRecord } from '../../src/tasks/waits/waiter.ts';
import { createTasks } from '../../src/tasks/work/service.ts';
import * as z from 'zod';
import { ENGINES } from '../services/engine.ts';
import { onEngine } from './engines.ts';
import { median, print } from './print.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';

const ROUNDS = 40;
const WARM = 5;
const DEADLINE_MS = 30_000;
/** Between two looks at whether it has completed. */
const LOOK_MS = 1;

const app = defineApp({
  name: 'waits',
  version: '1',
  description: 'waits',
  streams: { temps: stream({ description: 'temperatures', schema: z.object({ celsius: z.number() }) }) },
});
const runtime = nodeRuntime(() => {});

async function measure(store: Store): Promise<{ times: number[]; appends: number[] }> {
  const workers = startTaskWorkers({ app, store, runtime });
  const { deps } = workers;
  const tasks = createTasks(deps, workers.dispatch);
  const [declared] = app.streams.values();
  if (!declared) throw new Error('no stream');
  const deadline = () => runtime.now() + DEADLINE_MS;
  const append = (celsius: number) => publish(scopeOfLogs(deps, PUBLIC), declared, { data: { celsius } }, deadline());
  const until = async (holds: () => Promise<boolean>) => {
    const by = deadline();
    while (!(await holds())) {
      if (runtime.now() > by) throw new Error('a wait did not end');
      await runtime.sleep(LOOK_MS);
    }
  };
  const times: number[] = [];
  const appends: number[] = [];
  try {
    for (let round = 0; round < WARM + ROUNDS; round += 1) {
      await append(0);
      const condition = { kind: 'threshold', field: 'celsius', above: 30 };
      const input: Json = { stream: 'temps', condition, seconds: 600 };
      const { taskId } = await tasks.begin(PUBLIC, 'wait_for', input, { deadline: deadline() });
      const settled = async () => {
        const partition = waiterPartition(PUBLIC.tenant, 'temps');
        const { records } = await store.list(partition, { now: runtime.now(), limit: 10 });
        return records.some((one) => {
          const waiter = waiterRecord.read(one);
          return waiter !== null && !isHeld(waiter) && waiter.settled;
        });
      };
      await until(settled);
      const met = performance.now();
      const appended = append(35).then(() => performance.now() - met);
      await until(async () => (await tasks.get(PUBLIC, taskId)).status === 'completed');
      if (round >= WARM) times.push(performance.now() - met);
      if (round >= WARM) appends.push(await appended);
      await appended;
    }
  } finally {
    await workers.stop();
  }
  return { times, appends };
}

export async function benchWaits(): Promise<void> {
  const rows: [string, string][] = [];
  const add = (driver: string, { times, appends }: Awaited<ReturnType<typeof measure>>) => {
    const slowest = times.toSorted((a, b) => a - b)[Math.floor(times.length * 0.95)] ?? 0;
    rows.push([`${driver}, p50`, `${median(times).toFixed(1)} ms`]);
    rows.push([`${driver}, p95`, `${slowest.toFixed(1)} ms`]);
    rows.push([`${driver}, p50 of publishing alone`, `${median(appends).toFixed(1)} ms`]);
  };
  add('memory', await measure(createMemoryStore()));
  for (const engine of ENGINES) {
    await onEngine(engine, async (environment) => {
      const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
      try {
        add(engine, await measure(store));
      } finally {
        await store.close();
      }
    });
  }
  print('From condition met to task completed', rows);
}
