/** A restore beside a real broker: what it was told was taken does not come again, and stands as a gap. */
import { describe, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { randomId, systemRuntime } from '../../../src/base/runtime.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { startLoop } from '../../../src/hosts/node/loop.ts';
import { connectFromNode as connect } from '../../../src/hosts/node/socket.ts';
import { defineApp, from, mqtt, stream } from '../../../src/index.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { publish } from '../../feeds/mqtt/bursts.ts';
import { requireService } from '../../services/available.ts';
import { startMosquitto } from '../../services/mosquitto.ts';
import { startRestorable } from '../../services/restorable.ts';
import { ADA } from '../../tasks/stage.ts';
import { until } from '../until.ts';

const LEASE_MS = 1_000;

async function stage(engineName: 'redis' | 'sqlite') {
  const engine = await startRestorable(engineName);
  const broker = await startMosquitto(['max_queued_messages 0']);
  const root = `t-${randomId()}`;
  const url = `mqtt://127.0.0.1:${broker.port}`;
  const app = defineApp({
    name: 'plant',
    version: '1',
    description: 'a plant',
    feeds: { plant: mqtt({ url, clientId: root, idleMs: 200, everyMs: 1 }) },
    streams: {
      samples: stream({
        description: 'samples',
        schema: z.object({ value: z.number() }),
        feed: from('plant', { topic: `${root}/value`, payload: 'number' }),
      }),
    },
  });
  const runtime = { ...systemRuntime(() => {}), connect };
  const open = () => openStore(readConfig(engine.environment, 'sqlite'), runtime, app.name);
  let store = await open();
  const depsOf = () => ({ app, store, runtime });
  onTestFinished(async () => {
    await store.close();
    await broker.stop();
    await engine.stop();
  });
  return {
    engine,
    deps: depsOf,
    run: () => ingest(depsOf(), runtime.now() + 20_000, { leaseMs: LEASE_MS }),
    give: (...values: number[]) =>
      publish(
        broker.port,
        values.map((value) => ({ topic: `${root}/value`, payload: String(value), qos: 1 as const })),
      ),
    shown: async () => {
      const { events } = await createAppStreams(depsOf(), ADA).read('samples', null, 1_000);
      return events.map(({ data, meta }) => meta?.gap?.reason ?? (data as { value: number }).value);
    },
    reopen: async () => {
      await store.close();
      await engine.restore();
      store = await open();
    },
  };
}

const servers = requireService('redis') && requireService('mosquitto');

describe.skipIf(!servers)('a restore beside a broker (needs redis-server and mosquitto)', () => {
  test('of Redis under a process that pulls in bursts', async () => {
    const { engine, run, give, shown } = await stage('redis');
    await run();
    await give(0, 1);
    await run();
    await engine.save();
    await give(2, 3);
    await run();
    expect(await shown()).toEqual([0, 1, 2, 3]);
    await engine.restore();
    await give(4);
    await run();
    expect(await shown()).toEqual([0, 1, 'history_went_back', 4]);
  }, 60_000);

  test('of Redis under a process that holds its connection', async () => {
    const { engine, deps, run, give, shown } = await stage('redis');
    // The session begins with it.
    await run();
    const loop = startLoop(deps(), { leaseMs: LEASE_MS, everyMs: 200 });
    onTestFinished(() => loop.stop());
    const has = async (...wanted: unknown[]) =>
      until(wanted.join(), async () => (await shown()).join() === wanted.join(), 20_000);
    await give(0, 1);
    await has(0, 1);
    await engine.save();
    await give(2, 3);
    await has(0, 1, 2, 3);
    await engine.restore();
    await has(0, 1, 'history_went_back');
    await give(4);
    await has(0, 1, 'history_went_back', 4);
  }, 60_000);

  test('of a sqlite file, by a process that begins with the copy', async () => {
    const { engine, run, give, shown, reopen } = await stage('sqlite');
    await run();
    await give(0, 1);
    await run();
    await engine.save();
    await give(2, 3);
    await run();
    await reopen();
    await give(4);
    await run();
    expect(await shown()).toEqual([0, 1, 'history_went_back', 4]);
  }, 60_000);
});
