/** MQTT through the whole ingest run: broker, burst, commit, acknowledgement, and what is read afterwards. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { randomId, systemRuntime } from '../../../src/base/runtime.ts';
import { PUBLIC } from '../../../src/base/principal.ts';
import { connectFromNode as connect } from '../../../src/hosts/node/socket.ts';
import { type App, defineApp, from, mqtt, type MqttOptions, type MqttRoute, stream } from '../../../src/index.ts';
import { readDeadLetters } from '../../../src/feeds/records/dead-letters.ts';
import { ingest } from '../../../src/feeds/run/run.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { requireService } from '../../services/available.ts';
import { type RunningMosquitto, startMosquitto } from '../../services/mosquitto.ts';
import { publish } from './bursts.ts';
import { scopeOfLogs } from '../../../src/streams/scope.ts';

const Sample = z.object({ value: z.number() });

describe.skipIf(!requireService('mosquitto'))('ingest over MQTT (needs mosquitto)', () => {
  let broker: RunningMosquitto;
  beforeAll(async () => {
    broker = await startMosquitto(['max_queued_messages 0']);
  });
  afterAll(() => broker.stop());

  function appOf(root: string, options: Partial<MqttOptions>, route: MqttRoute): App {
    const url = `mqtt://127.0.0.1:${broker.port}`;
    return defineApp({
      name: 'test',
      version: '1.0.0',
      description: 'MQTT in a test',
      feeds: { plant: mqtt({ url, clientId: root, idleMs: 250, everyMs: 1, ...options }) },
      streams: {
        samples: stream({
          description: 'samples',
          schema: Sample,
          feed: from('plant', { topic: `${root}/+/value`, keyLevel: 1, payload: 'number', ...route }),
        }),
      },
    });
  }

  /** An app of its own, whose session begins with the first run. */
  async function prepare(options: Partial<MqttOptions> = {}, route: MqttRoute = {}) {
    const root = `t-${randomId()}`;
    const runtime = { ...systemRuntime(() => {}), connect };
    const deps = { app: appOf(root, options, route), store: createMemoryStore(), runtime };
    const streams = createAppStreams(deps, PUBLIC);
    const run = async (changed: Partial<MqttOptions> = {}) => {
      const { feeds } = await ingest(
        { ...deps, app: appOf(root, { ...options, ...changed }, route) },
        runtime.now() + 30_000,
      );
      return feeds[0];
    };
    const first = await run();
    return { deps, streams, run, root, first };
  }

  test('50 equal messages are 50 events, in three commits', async () => {
    const { streams, run, root, first } = await prepare();
    expect(first).toMatchObject({ outcome: 'pulled', state: 'ok', events: 0, error: null });
    await publish(
      broker.port,
      Array.from({ length: 50 }, () => ({ topic: `${root}/u1/value`, payload: '21.5' })),
    );
    const report = await run();
    expect(report).toMatchObject({ outcome: 'pulled', events: 50, duplicates: 0 });
    expect(report?.commits).toBeLessThanOrEqual(3);
    const { events } = await streams.last('samples', 100);
    expect(events.length).toBe(50);
    expect(new Set(events.map(({ id }) => id)).size).toBe(50);
    expect(await streams.latest('samples', 'u1')).toMatchObject({ data: { value: 21.5 }, key: 'u1' });
    expect(await run()).toMatchObject({ outcome: 'pulled', events: 0 });
  });

  test('a trickle stays within the commits that a burst may cost', async () => {
    const { run, root } = await prepare({ idleMs: 400 });
    const running = run();
    const trickle = async () => {
      for (let n = 0; n < 40; n += 1) await publish(broker.port, [{ topic: `${root}/u1/value`, payload: `${n}` }]);
    };
    const [report] = await Promise.all([running, trickle()]);
    expect(report?.events).toBe(40);
    expect(report?.commits).toBeLessThanOrEqual(4);
  });

  test('what cannot be read is a dead letter with its reason, and does not come again', async () => {
    const { deps, run, root } = await prepare();
    await publish(broker.port, [
      { topic: `${root}/u1/value`, payload: 'warm' },
      { topic: `${root}/u1/value`, payload: '3' },
    ]);
    expect(await run()).toMatchObject({ outcome: 'pulled', events: 1, rejected: 1 });
    const letters = await readDeadLetters(scopeOfLogs(deps, PUBLIC), 'plant', {});
    expect(JSON.stringify(letters)).toContain('the payload is not a number');
    expect(await run()).toMatchObject({ events: 0, rejected: 0 });
  });

  test('the items of a list are events, acknowledged together', async () => {
    const { streams, run, root } = await prepare({ items: 'rows', ignore: ['unavailable', ''] }, { payload: 'json' });
    await publish(broker.port, [
      { topic: `${root}/u1/value`, payload: '{"rows":[{"value":1},{"value":2}]}' },
      { topic: `${root}/u1/value`, payload: '{"rows":[]}' },
      { topic: `${root}/u1/value`, payload: 'unavailable' },
      { topic: `${root}/u1/value`, payload: '{"rows":[{"value":3}]}' },
    ]);
    expect(await run()).toMatchObject({ outcome: 'pulled', events: 3, rejected: 0 });
    const { events } = await streams.last('samples', 10);
    expect(events.map(({ data, key }) => [data, key])).toEqual([1, 2, 3].map((value) => [{ value }, 'u1']));
    expect(await run()).toMatchObject({ events: 0, rejected: 0 });
  });

  test('a list that is larger than a burst is taken in several, each item once', async () => {
    const values = Array.from({ length: 250 }, (_, value) => ({ value }));
    const { streams, run, root } = await prepare({ budget: { events: 100 } }, { payload: 'json' });
    await publish(broker.port, [{ topic: `${root}/u1/value`, payload: JSON.stringify(values) }]);
    const taken = [await run(), await run(), await run(), await run()].map((report) => report?.events);
    expect(taken).toEqual([100, 100, 50, 0]);
    const { events } = await streams.last('samples', 300);
    expect(events.map(({ data }) => data)).toEqual(values);
  });

  test('a lost session is a gap event in the stream, whatever its schema, and is told once', async () => {
    const { streams, run, root } = await prepare();
    await publish(broker.port, [{ topic: `${root}/u1/value`, payload: '1' }]);
    await run();
    const clientId = `${root}-new`;
    expect(await run({ clientId })).toMatchObject({ outcome: 'pulled', events: 0, rejected: 0 });
    expect(await run({ clientId })).toMatchObject({ outcome: 'pulled', events: 0 });
    const { events } = await streams.last('samples', 10);
    expect(events).toMatchObject([{ data: { value: 1 } }, { data: null, meta: { gap: { reason: 'session_lost' } } }]);
  });

  test('a broker that is gone fails the feed, which says why', async () => {
    const { run } = await prepare();
    const report = await run({ url: 'mqtt://127.0.0.1:1' });
    expect(report).toMatchObject({ outcome: 'failed', events: 0, error: { code: 'upstream' } });
    expect(report?.error?.message).toContain('cannot connect to mqtt://127.0.0.1:1');
  });
});
