/** Retained state that changed while no burst listened: what is read afterwards is what the broker holds now. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { PUBLIC } from '../../src/base/principal.ts';
import { randomId, systemRuntime } from '../../src/base/runtime.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { ingest } from '../../src/feeds/run/run.ts';
import { connectFromNode as connect } from '../../src/hosts/node/socket.ts';
import { defineApp, from, mqtt, stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { publish } from '../feeds/mqtt/bursts.ts';
import { requireService } from '../services/available.ts';
import { type RunningMosquitto, startMosquitto } from '../services/mosquitto.ts';

describe.skipIf(!requireService('mosquitto')).each([
  { protocolVersion: 5, qos: 1 },
  { protocolVersion: 4, qos: 1 },
  { protocolVersion: 5, qos: 0 },
  { protocolVersion: 4, qos: 0 },
] as const)('a feed of $qos at a broker of MQTT $protocolVersion (needs mosquitto)', (options) => {
  let broker: RunningMosquitto;
  beforeAll(async () => {
    broker = await startMosquitto([]);
  });
  afterAll(() => broker.stop());

  test('the latest event of each key is what the broker retains now, whatever came before', async () => {
    const root = `t-${randomId()}`;
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const app = defineApp({
      name: 'test',
      version: '1.0.0',
      description: 'doors',
      feeds: { house: mqtt({ url, clientId: root, idleMs: 300, everyMs: 1, ...options }) },
      streams: {
        doors: stream({
          description: 'doors',
          schema: z.object({ value: z.string() }),
          feed: from('house', { topic: `${root}/+`, keyLevel: 1, payload: 'text' }),
        }),
      },
    });
    const deps = { app, store: createMemoryStore(), runtime: { ...systemRuntime(() => {}), connect } };
    const streams = createAppStreams(deps, PUBLIC);
    const retain = (doors: Record<string, string>) =>
      publish(
        broker.port,
        Object.entries(doors).map(([door, payload]) => ({ topic: `${root}/${door}`, payload, qos: 0, retain: true })),
      );
    const held: Record<string, string> = {};
    const burst = async (changed: Record<string, string>) => {
      await retain(changed);
      Object.assign(held, changed);
      await ingest(deps, Date.now() + 20_000);
      const now = await Promise.all(Object.keys(held).map(async (door) => [door, await streams.latest('doors', door)]));
      expect(Object.fromEntries(now)).toMatchObject(
        Object.fromEntries(Object.entries(held).map(([door, value]) => [door, { data: { value } }])),
      );
    };
    await burst({ front: 'open', back: 'closed' });
    await burst({ front: 'closed' });
    await burst({ front: 'open', back: 'open' });
    await burst({});
    await burst({ back: 'closed', side: 'open' });
    const { events } = await streams.last('doors', 100);
    expect(events.length).toBe(7);
  });
});
