/**
 * The longest time for which each kind of long loop stops the event loop of a process on an embedded store, and how much
 * its file grows meanwhile. `node test/bench/stops.ts [which] [memory|sqlite]`: all of them, or those whose name has this word.
 */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import * as z from 'zod';
import type { Json, JsonObject } from '../../src/base/json.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { startTaskWorkers } from '../../src/hosts/node/workers.ts';
import { createHost, type Host } from '../../src/host.ts';
import { type App, type AppOptions, defineApp, pull, stream } from '../../src/index.ts';
import { sweep, ingest } from '../../src/schedule.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { createSqliteStore } from '../../src/store/sqlite/store.ts';
import { listAll } from '../../src/store/list-all.ts';
import type { Store } from '../../src/store/store.ts';
import { publishMany, type PushedEvent } from '../../src/streams/log/publish-many.ts';
import { projectLatest } from '../../src/streams/log/latest.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { waiterPartition } from '../../src/tasks/records/names.ts';
import { followWaiters } from '../../src/tasks/waits/follow.ts';
import { createTasks } from '../../src/tasks/work/service.ts';
import { print } from './print.ts';

const runtime = nodeRuntime(() => {});
const Reading = z.object({ sensor: z.string(), celsius: z.number(), note: z.string() });
const readings = stream({ description: 'readings', schema: Reading, key: 'sensor', retention: { events: 200_000 } });
const far = () => runtime.now() + 600_000;

function appOf(more: Partial<AppOptions> = {}): App {
  return defineApp({ name: 'stops', version: '1', description: 'stops', streams: { readings }, ...more });
}

function batch(count: number, keys: number, from = 0): PushedEvent[] {
  return Array.from({ length: count }, (_, index) => ({
    place: `body[${index}]`,
    data: { sensor: `s${(from + index) % keys}`, celsius: ((from + index) * 7) % 100, note: 'x'.repeat(60) },
  }));
}

interface Stage {
  app: App;
  store: Store;
  file: string | null;
  host: Host;
  fill(count: number, keys: number): Promise<void>;
  call(name: string, input: JsonObject): Promise<void>;
}

async function onStage(engine: string, app: App, work: (stage: Stage) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-stops-'));
  const file = engine === 'memory' ? null : join(folder, 'stops.db');
  const store = file === null ? createMemoryStore() : createSqliteStore({ path: file });
  const host = createHost({ app, store, runtime });
  const [declared] = app.streams.values();
  const fill = async (count: number, keys: number) => {
    if (!declared) return;
    const scope = scopeOfLogs({ app, store, runtime }, PUBLIC);
    for (let from = 0; from < count; from += 1_000) {
      await publishMany(scope, declared, batch(Math.min(1_000, count - from), keys, from), {
        once: null,
        deadline: far(),
      });
      await runtime.sleep(1);
    }
  };
  const call = async (name: string, input: JsonObject) => {
    const meta = {
      'io.modelcontextprotocol/protocolVersion': '2026-07-28',
      'io.modelcontextprotocol/clientCapabilities': {},
    };
    const params = { name, arguments: input, _meta: meta };
    const response = await host.fetch(
      new Request('http://127.0.0.1/mcp', {
        method: 'POST',
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'mcp-protocol-version': '2026-07-28',
          'mcp-method': 'tools/call',
          'mcp-name': name,
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
      }),
    );
    const text = await response.text();
    if (response.status !== 200 || text.includes('"isError":true')) throw new Error(text.slice(0, 500));
  };
  try {
    await work({ app, store, file, host, fill, call });
  } finally {
    await host.close();
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

const bytesOf = (file: string | null) =>
  file === null ? 0 : statSync(file).size + (statSync(`${file}-wal`, { throwIfNoEntry: false })?.size ?? 0);

async function measured(title: string, { file }: Pick<Stage, 'file'>, work: () => Promise<unknown>): Promise<void> {
  await runtime.sleep(20);
  const histogram = monitorEventLoopDelay({ resolution: 1 });
  const before = bytesOf(file);
  histogram.enable();
  // The first tick is what stops are measured from.
  await runtime.sleep(20);
  histogram.reset();
  let cpu = process.threadCpuUsage();
  let busiest = 0;
  const ticking = setInterval(() => {
    const next = process.threadCpuUsage();
    busiest = Math.max(busiest, next.user + next.system - cpu.user - cpu.system);
    cpu = next;
  }, 1);
  const begun = performance.now();
  await work();
  const took = performance.now() - begun;
  await runtime.sleep(20);
  histogram.disable();
  clearInterval(ticking);
  print(title, [
    ['longest stop', `${(histogram.max / 1e6).toFixed(0)} ms`],
    ['longest stop, its own processor time', `${(busiest / 1e3).toFixed(0)} ms`],
    ['whole time', `${took.toFixed(0)} ms`],
    ['file grew by', `${((bytesOf(file) - before) / 1e6).toFixed(1)} MB`],
  ]);
}

async function waiting(store: Store): Promise<number> {
  let count = 0;
  const partition = waiterPartition(PUBLIC.tenant, 'readings');
  for await (const records of listAll({ store, runtime }, partition)) count += records.length;
  return count;
}

const COUNT = { kind: 'count', atLeast: 50, withinMs: 3_600_000, perKey: true };

const KINDS: Record<string, (engine: string) => Promise<void>> = {
  waits: (engine) =>
    onStage(engine, appOf(), async (stage) => {
      const waits = Number(process.env['WAITS'] ?? 1_500);
      const workers = startTaskWorkers({ app: stage.app, store: stage.store, runtime });
      const tasks = createTasks(workers.deps, workers.dispatch);
      let refused = 0;
      await measured(`${waits} waits begin`, stage, async () => {
        for (let at = 0; at < waits; at += 1) {
          const input: Json = { stream: 'readings', condition: COUNT, seconds: 3_600 };
          await tasks.begin(PUBLIC, 'wait_for', input, { deadline: far() }).catch(() => (refused += 1));
          if (at % 20 === 0) await runtime.sleep(1);
        }
        // Until all wait, or as many as may.
        for (let before = -1, now = 0; now > before;) {
          before = now;
          await runtime.sleep(5_000);
          now = await waiting(stage.store);
        }
        console.log(`  waiting: ${await waiting(stage.store)}`);
      });
      await workers.stop();
      console.log(`  refused: ${refused}`);
      const scope = scopeOfLogs(workers.deps, PUBLIC);
      const [declared] = stage.app.streams.values();
      if (!declared) return;
      const push = async (count: number) => {
        await publishMany(scope, declared, batch(count, 500), { once: null, deadline: far() });
        const report = await followWaiters(scope, declared, { deadline: far() });
        console.log(`  ${JSON.stringify(report)}`);
      };
      for (let round = 0; round < 3; round += 1) {
        await measured(`push of 500 events over 500 keys, ${round + 1}.`, stage, () => push(500));
      }
      await measured('push of 1 event', stage, () => push(1));
    }),
  exports: (engine) =>
    onStage(engine, appOf(), async (stage) => {
      await stage.fill(20_000, 500);
      const workers = startTaskWorkers({ app: stage.app, store: stage.store, runtime });
      const tasks = createTasks(workers.deps, workers.dispatch);
      await measured('30 exports of 20,000 events', stage, async () => {
        const begun = await Promise.all(
          Array.from({ length: 30 }, () =>
            tasks.begin(PUBLIC, 'export_history', { stream: 'readings' }, { deadline: far() }),
          ),
        );
        for (const { taskId } of begun) {
          while ((await tasks.get(PUBLIC, taskId)).status === 'working') await runtime.sleep(20);
        }
      });
      await workers.stop();
    }),
  windows: (engine) =>
    onStage(engine, appOf(), async (stage) => {
      await stage.fill(20_000, 500);
      const input = { stream: 'readings', window: '1s', field: 'celsius', by: ['key'], maxEvents: 19_000 };
      await stage.call('read_history', input);
      await measured('30 questions of windows over 19,000 events', stage, () =>
        Promise.all(Array.from({ length: 30 }, () => stage.call('read_history', input))),
      );
      await measured('30 pages of history', stage, () =>
        Promise.all(
          Array.from({ length: 30 }, () =>
            stage.call('read_history', { stream: 'readings', limit: 1_000, where: { note: 'none' } }),
          ),
        ),
      );
      await measured('30 searches', stage, () =>
        Promise.all(Array.from({ length: 30 }, () => stage.call('list_streams', { search: 's499' }))),
      );
    }),
  sweep: (engine) =>
    onStage(
      engine,
      appOf({
        streams: {
          readings: stream({ description: 'r', schema: Reading, key: 'sensor', retention: { events: 1_000 } }),
        },
      }),
      async (stage) => {
        await stage.fill(100_000, 5_000);
        await measured('sweep of 100,000 events with 5,000 keys', stage, () => sweep({ ...stage, runtime }, far()));
      },
    ),
  latest: (engine) =>
    onStage(engine, appOf(), async (stage) => {
      await stage.fill(60_000, 20_000);
      const [declared] = stage.app.streams.values();
      if (!declared) return;
      const scope = scopeOfLogs({ ...stage, runtime }, PUBLIC);
      await measured('latest events of 60,000 events with 20,000 keys', stage, () =>
        projectLatest(scope, declared, { deadline: far() }),
      );
    }),
  streams: (engine) => {
    const many = Object.fromEntries(
      Array.from({ length: 1_000 }, (_, at) => [
        `s${at}`,
        stream({ description: `number ${at}`, schema: Reading, key: 'sensor' }),
      ]),
    );
    return onStage(engine, appOf({ streams: many }), async (stage) => {
      await measured('list_streams of 1,000 streams, 50 times', stage, () =>
        Promise.all(Array.from({ length: 50 }, () => stage.call('list_streams', {}))),
      );
      await measured('a search in 1,000 streams, 10 times', stage, () =>
        Promise.all(Array.from({ length: 10 }, () => stage.call('list_streams', { search: 'nothing' }))),
      );
      await measured('sweep of 1,000 streams', stage, () => sweep({ ...stage, runtime }, far()));
    });
  },
  dead: (engine) => {
    let sent = false;
    const bad = pull({
      everyMs: 1_000,
      async pull() {
        const count = sent ? 0 : 20_000;
        sent = true;
        return { events: Array.from({ length: count }, (_, at) => ({ data: { sensor: at } })) };
      },
    });
    const app = appOf({
      streams: { readings: stream({ description: 'r', schema: Reading, key: 'sensor', feed: bad }) },
    });
    return onStage(engine, app, async (stage) => {
      await measured('a burst of 20,000 items that are rejected', stage, () => ingest({ ...stage, runtime }, far()));
    });
  },
};

const [which = '', engine = 'sqlite'] = process.argv.slice(2);
for (const [name, run] of Object.entries(KINDS)) if (name.includes(which)) await run(engine);
