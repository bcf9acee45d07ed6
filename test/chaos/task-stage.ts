/** What the task kill runs stand on: an engine, a record outside, a store to look into, and runners to kill. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import type { TaskDeps } from '../../src/tasks/records/find-task.ts';
import { type Engine, startEngine } from '../services/engine.ts';
import { type Mark, taskApp } from './task-app.ts';
import type { Begun, TaskWorkerSettings } from './task-worker.ts';
import { createAppStreams } from '../../src/calls/streams.ts';

/**
 * A lease that cannot be kept is lost: DynamoDB's local server, beside all that runs here, at times takes longer for a commit
 * than half a second.
 */
export const LEASE_MS: Record<Engine, number> = { sqlite: 1_000, redis: 1_000, dynamodb: 4_000 };
/** Between two looks of a runner at what is due. */
export const EVERY_MS = 200;

export interface TaskWorker {
  name: string;
  /** Has it begin task `n`; null: it was killed before it answered. */
  begin(n: number): Promise<string | null>;
  kill(): Promise<void>;
}

export interface TaskKillStage {
  deps: TaskDeps;
  marks(): Mark[];
  startWorker(name: string): Promise<TaskWorker>;
}

/** Runs `work` on a stage of its own; whatever was started is ended with it. */
export async function onTaskStage<Result>(
  engine: Engine,
  work: (stage: TaskKillStage) => Promise<Result>,
): Promise<Result> {
  const ends: (() => unknown)[] = [];
  try {
    const { environment, stop } = await startEngine(engine);
    ends.push(stop);
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-tasks-'));
    ends.push(() => rmSync(folder, { recursive: true, force: true }));
    const record = join(folder, 'record.ndjson');
    writeFileSync(record, '');

    const runtime = nodeRuntime(() => {});
    const app = taskApp(record, 'main');
    const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
    ends.push(() => store.close());
    return await work({
      deps: { app, store, runtime, streamsFor: createAppStreams, catalog: app.tasks },
      marks: () =>
        readFileSync(record, 'utf8')
          .split('\n')
          .filter((line) => line !== '')
          .map((line) => JSON.parse(line) as Mark),
      async startWorker(name) {
        const worker = await startWorker({ environment, record, leaseMs: LEASE_MS[engine], everyMs: EVERY_MS, name });
        ends.push(() => worker.kill());
        return worker;
      },
    });
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

async function startWorker(settings: TaskWorkerSettings): Promise<TaskWorker> {
  const child = fork(join(import.meta.dirname, 'task-worker.ts'), [JSON.stringify(settings)]);
  const waiting = new Map<number, (taskId: string | null) => void>();
  const exited = once(child, 'exit');
  const ready = Promise.withResolvers<void>();
  child.once('exit', () => {
    ready.reject(new Error(`the runner ${settings.name} ended`));
    for (const resolve of waiting.values()) resolve(null);
  });
  child.on('message', (message: 'ready' | Begun) => {
    if (message === 'ready') return ready.resolve();
    waiting.get(message.n)?.(message.taskId);
    waiting.delete(message.n);
  });
  await ready.promise;
  return {
    name: settings.name,
    begin: (n) =>
      new Promise((resolve) => {
        if (isOver(child)) return resolve(null);
        waiting.set(n, resolve);
        // It may be killed in this very moment: its exit answers then.
        child.send({ n }, () => {});
      }),
    async kill() {
      if (isOver(child)) return;
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function isOver({ exitCode, signalCode }: ChildProcess): boolean {
  return exitCode !== null || signalCode !== null;
}
