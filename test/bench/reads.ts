/**
 * `read_latest` and an unfiltered page of `read_history` at 10³ and 10⁶ events (on DynamoDB Local at 10³ and 10⁵): neither may depend on how much there is.
 * The tools run on the whole path behind the protocol; both sizes are measured in turns, and the medians of five compared.
 */
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import type { Json } from '../../src/base/json.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { composeRegistry } from '../../src/hosts/serving.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { commitSurely } from '../../src/store/commit.ts';
import type { Store } from '../../src/store/store.ts';
import { projectLatest } from '../../src/streams/log/latest.ts';
import { streamLog } from '../../src/streams/log/stream-log.ts';
import { type Engine, ENGINES } from '../services/engine.ts';
import { onEngine } from './engines.ts';
import { ingestApp } from './ingest-app.ts';
import { median, print } from './print.ts';
import { reading } from './servers/ndjson.ts';
import { silentCaller } from './silent-caller.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';

const SIZES: Record<Engine, readonly [number, number]> = {
  sqlite: [1_000, 1_000_000],
  redis: [1_000, 1_000_000],
  dynamodb: [1_000, 100_000],
};
const ROUNDS = 5;
/** Fewer where one takes longer. */
const CALLS: Record<Engine, number> = { sqlite: 300, redis: 300, dynamodb: 60 };
const COMMIT_ENTRIES = 1_000;
const CALLS_OF: Record<string, Json> = {
  read_latest: { stream: 'readings', key: 'sensor-7' },
  read_history: { stream: 'readings', limit: 100 },
};

function entry(n: number): Json {
  const data = reading(n) as { id: string; sensor: string; time: number };
  return { id: data.id, key: data.sensor, time: data.time, data: data as unknown as Json };
}

const runtime = nodeRuntime(() => {});

async function fill(store: Store, events: number): Promise<void> {
  const log = streamLog('public', 'readings');
  for (let first = 0; first < events; first += COMMIT_ENTRIES) {
    const entries = Array.from({ length: Math.min(COMMIT_ENTRIES, events - first) }, (_, index) =>
      entry(first + index),
    );
    await commitSurely(runtime, store, [{ kind: 'append', log, entries }], runtime.now() + 60_000);
  }
}

/** Median time of one call, ms. */
async function timed(calls: number, call: () => Promise<unknown>): Promise<number> {
  const times: number[] = [];
  for (let count = 0; count < calls; count += 1) {
    const started = performance.now();
    await call();
    times.push(performance.now() - started);
  }
  return median(times);
}

async function openFilled(environment: Record<string, string>, events: number) {
  const app = ingestApp({ mqtt: 'mqtt://127.0.0.1:1' });
  const store = await openStore(readConfig(environment, 'sqlite'), runtime, `${app.name}-${events}`);
  const deps = { app, store, runtime };
  await fill(store, events);
  const stream = app.streams.get('readings');
  if (stream) await projectLatest(scopeOfLogs(deps, PUBLIC), stream, { deadline: runtime.now() + 600_000 });
  return { store, tools: composeRegistry(deps, {}).tools, caller: { ...silentCaller, account: { store } } };
}

export async function benchReads(): Promise<void> {
  for (const engine of ENGINES) {
    const filled = [];
    const ends: (() => void)[] = [];
    // Each size has an engine of its own, since the sqlite store is one file.
    for (const events of SIZES[engine]) {
      const opened = Promise.withResolvers<Awaited<ReturnType<typeof openFilled>>>();
      const ending = Promise.withResolvers<void>();
      const running = onEngine(engine, async (environment) => {
        opened.resolve(await openFilled(environment, events));
        await ending.promise;
        await (await opened.promise).store.close();
      });
      running.catch(opened.reject);
      filled.push({ opened: await opened.promise, running });
      ends.push(() => ending.resolve());
    }
    try {
      for (const [name, input] of Object.entries(CALLS_OF)) {
        const times = SIZES[engine].map((): number[] => []);
        for (let round = 0; round <= ROUNDS; round += 1) {
          for (const [index, { opened }] of filled.entries()) {
            const ms = await timed(CALLS[engine], () => opened.tools.call(name, input, opened.caller));
            if (round > 0) times[index]?.push(ms);
          }
        }
        const [small = 0, large = 0] = times.map(median);
        const [fewer, more] = SIZES[engine].map((events) => events.toLocaleString('en'));
        print(`${name} on ${engine}, p50`, [
          [`at ${fewer} events`, `${small.toFixed(3)} ms`],
          [`at ${more} events`, `${large.toFixed(3)} ms`],
          ['ratio', (large / small).toFixed(2), '≤ 1.20'],
        ]);
      }
    } finally {
      for (const end of ends) end();
      await Promise.all(filled.map(({ running }) => running));
    }
  }
}
