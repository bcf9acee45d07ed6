/**
 * The process that is killed in the task kill runs: a runner on a store that it shares with others. It begins the tasks
 * that it is told of (`{ n }`), each under an idempotency key, and tells their ids. Settings come as JSON in the first argument.
 */
import { flushCompileCache } from 'node:module';
import { appendFileSync } from 'node:fs';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { startRunner } from '../../src/tasks/work/runner.ts';
import { createTasks } from '../../src/tasks/work/service.ts';
import { type Mark, taskApp } from './task-app.ts';
import { createAppStreams } from '../../src/calls/streams.ts';

export interface TaskWorkerSettings {
  environment: Record<string, string>;
  record: string;
  leaseMs: number;
  everyMs: number;
  /** Begins every lease's holder, so that a lease that is left tells whose it was. */
  name: string;
}

export interface Begun {
  n: number;
  taskId: string;
}

const STALL_LOOK_MS = 50;

const { environment, record, leaseMs, everyMs, name } = JSON.parse(process.argv[2] ?? '{}') as TaskWorkerSettings;
const host = nodeRuntime(() => {});
const runtime = { ...host, newId: () => `${name}.${host.newId()}` };
const app = taskApp(record, name);
const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
const deps = { app, store, runtime, streamsFor: createAppStreams, catalog: app.tasks };
const runner = startRunner(deps, { leaseMs, everyMs, concurrency: 16 });
const tasks = createTasks(deps, runner.dispatch);

/** A process that stands still for longer than its lease allows loses what it holds, as it has to: the record says so. */
let lookedAt = Date.now();
setInterval(() => {
  const ms = Date.now() - lookedAt - STALL_LOOK_MS;
  lookedAt = Date.now();
  if (ms < leaseMs / 4) return;
  const stall: Mark = { what: 'stall', key: '', attempt: '', worker: name, at: lookedAt, ms };
  appendFileSync(record, `${JSON.stringify(stall)}\n`);
}, STALL_LOOK_MS);

process.on('message', ({ n }: { n: number }) => {
  void tasks
    .begin(PUBLIC, 'job', { n }, { once: `job ${n}`, deadline: Date.now() + 10_000 })
    .then(({ taskId }) => process.send?.({ n, taskId } satisfies Begun));
});
process.on('disconnect', () => process.exit());
// One that is killed leaves nothing behind for the next one to start by.
flushCompileCache();
process.send?.('ready');
