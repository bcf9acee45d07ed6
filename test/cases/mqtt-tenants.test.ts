/** Several tenants with one declared clientId: the broker keeps a session for each, and each gets every message. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { PUBLIC } from '../../src/base/principal.ts';
import { safeName } from '../../src/base/safe-name.ts';
import { randomId, systemRuntime } from '../../src/base/runtime.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { ingest } from '../../src/feeds/run/run.ts';
import { connectFromNode as connect } from '../../src/hosts/node/socket.ts';
import { defineApp, from, mqtt, stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { publish } from '../feeds/mqtt/bursts.ts';
import { requireService } from '../services/available.ts';
import { type RunningMosquitto, startMosquitto } from '../services/mosquitto.ts';

const TENANTS = ['public', 'acme', 'globex/münchen'];
const MESSAGES = 20;

describe.skipIf(!requireService('mosquitto')).each([5, 4] as const)(
  'a feed of several tenants at a broker of MQTT %i (needs mosquitto)',
  (protocolVersion) => {
    let broker: RunningMosquitto;
    beforeAll(async () => {
      broker = await startMosquitto(['max_queued_messages 0']);
    });
    afterAll(() => broker.stop());

    test('each tenant gets what was published between its bursts, under a clientId of its own', async () => {
      const root = `t-${randomId()}`;
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const app = defineApp({
        name: 'test',
        version: '1.0.0',
        description: 'doors',
        feeds: { house: mqtt({ url, clientId: root, protocolVersion, idleMs: 300, everyMs: 1 }) },
        streams: {
          doors: stream({
            description: 'doors',
            schema: z.object({ value: z.number() }),
            tenants: 'each',
            feed: from('house', { topic: `${root}/+`, keyLevel: 1, payload: 'number' }),
          }),
        },
      });
      const safe = await Promise.all(TENANTS.map((tenant) => safeName(tenant)));
      const store = createMemoryStore();
      const runtime = { ...systemRuntime(() => {}), connect };
      const deps = { app, store, runtime, tenants: () => TENANTS };
      const burst = async () => (await ingest(deps, Date.now() + 20_000)).feeds.map(({ error }) => error);
      expect(await burst()).toEqual(TENANTS.map(() => null));
      for (const round of [1, 2]) {
        const payloads = Array.from({ length: MESSAGES }, (_, n) => String(n));
        await publish(
          broker.port,
          payloads.map((payload) => ({ topic: `${root}/front`, payload })),
        );
        expect(await burst()).toEqual(TENANTS.map(() => null));
        for (const tenant of safe) {
          const streams = createAppStreams(deps, { ...PUBLIC, tenant });
          const { events } = await streams.last('doors', 1_000);
          expect(events.filter(({ meta }) => meta?.gap)).toEqual([]);
          expect(events).toHaveLength(MESSAGES * round);
        }
      }
      const positions = await Promise.all(
        safe.map(async (tenant) => {
          const { value } = await store.get({ partition: `${tenant}/feed`, id: 'house' }, Date.now());
          return JSON.stringify(value);
        }),
      );
      for (const [index, clientId] of [root, `${root}.acme`, `${root}.globex%2Fm%C3%BCnchen`].entries()) {
        expect(positions[index]).toContain(`"clientId":"${clientId}"`);
      }
    });
  },
);
