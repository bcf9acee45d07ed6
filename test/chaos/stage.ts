/** What the kill runs stand on: an engine, upstreams that grow when told, a store to look into, and processes to kill. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { startMosquitto } from '../../infra/local/mosquitto.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { ingest } from '../../src/feeds/run/run.ts';
import type { Deps } from '../../src/streams/deps.ts';
import { publish } from '../feeds/mqtt/bursts.ts';
import { type Engine, startEngine } from '../services/engine.ts';
import { chaosApp } from './app.ts';
import { startSource } from './source.ts';
import type { WorkerSettings } from './worker.ts';

export const LEASE_MS = 1_000;
export const ITEMS = 200;

export interface Worker {
  name: string;
  child: ChildProcess;
}

export interface Stage {
  deps: Deps;
  /** Items that each upstream has given so far. */
  given: () => number;
  /** So many more items from each upstream; default 200. */
  give(items?: number): Promise<void>;
  /** @param file the process's, in this folder; default: the one that is killed */
  startWorker(name: string, file?: string): Promise<Worker>;
}

/** Runs `work` on a stage of its own; whatever was started is ended with it. */
export async function onStage<Result>(engine: Engine, work: (stage: Stage) => Promise<Result>): Promise<Result> {
  const ends: (() => unknown)[] = [];
  try {
    const { environment, stop } = await startEngine(engine);
    ends.push(stop);
    const source = await startSource();
    ends.push(() => source.stop());
    const broker = await startMosquitto(['max_queued_messages 0']);
    ends.push(() => broker.stop());
    const mqttUrl = `mqtt://127.0.0.1:${broker.port}`;

    const runtime = nodeRuntime(() => {});
    const app = chaosApp(source.url, mqttUrl);
    const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
    ends.push(() => store.close());
    const deps = { app, store, runtime };
    // The session has to stand at the broker before anything is published.
    for (let tries = 0; ; tries += 1) {
      const { feeds } = await ingest(deps, runtime.now() + 5_000, { leaseMs: LEASE_MS });
      if (feeds.some(({ feed, outcome }) => feed === 'broker' && outcome === 'pulled')) break;
      if (tries === 10) throw new Error(`the broker cannot be listened to: ${JSON.stringify(feeds)}`);
    }

    return await work({
      deps,
      given: () => source.size(),
      async give(items = ITEMS) {
        const first = source.size();
        source.grow(items);
        const messages = Array.from({ length: items }, (_, index) => {
          return { topic: `chaos/${index % 3}`, payload: JSON.stringify({ n: first + index }) };
        });
        await publish(broker.port, messages);
      },
      async startWorker(name, file = 'worker.ts') {
        const settings = { environment, sourceUrl: source.url, mqttUrl, leaseMs: LEASE_MS, name };
        const worker = await startWorker(settings, join(import.meta.dirname, file));
        ends.push(() => kill(worker));
        return worker;
      },
    });
  } finally {
    for (const end of ends.toReversed()) await end();
  }
}

export async function kill({ child }: Worker): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function startWorker(settings: WorkerSettings, file: string): Promise<Worker> {
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], {
    // By the channel it notices that the test was ended in its middle, and leaves too.
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const outcome = await Promise.race([once(child.stdout!, 'data'), once(child, 'exit')]);
  if (!String(outcome[0]).startsWith('ready')) throw new Error(`a worker did not start: ${outcome[0]}`);
  return { name: settings.name, child };
}
