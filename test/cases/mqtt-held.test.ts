/** Devices that publish at QoS 0, to a feed on a host that stays up: nothing is lost while it does, and the rest is told. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { PUBLIC } from '../../src/base/principal.ts';
import { randomId, systemRuntime } from '../../src/base/runtime.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { connectFromNode as connect } from '../../src/hosts/node/socket.ts';
import { startLoop } from '../../src/hosts/node/loop.ts';
import { defineApp, mqtt, type MqttOptions, stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { publish } from '../feeds/mqtt/bursts.ts';
import { requireService } from '../services/available.ts';
import { type RunningMosquitto, startMosquitto } from '../services/mosquitto.ts';

const Reading = z.object({ n: z.number() });
const counted = (found: readonly (string | number)[]) => found.filter((each) => each !== -1);
/** A machine that is busy takes its time. */
const WITHIN = { timeout: 15_000 };
const upTo = (count: number) => Array.from({ length: count }, (_, n) => n);

describe.skipIf(!requireService('mosquitto')).each([
  { protocolVersion: 5, qos: 1 },
  { protocolVersion: 4, qos: 1 },
  { protocolVersion: 5, qos: 0 },
] as const)('a feed of $qos at a broker of MQTT $protocolVersion (needs mosquitto)', (options) => {
  let broker: RunningMosquitto;
  beforeAll(async () => {
    broker = await startMosquitto([]);
  });
  afterAll(() => broker.stop());

  function scene(more: Partial<MqttOptions> = {}) {
    const topic = `t-${randomId()}`;
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const app = defineApp({
      name: 'test',
      version: '1.0.0',
      description: 'a plant',
      streams: {
        readings: stream({
          description: 'readings',
          schema: Reading,
          feed: mqtt({ url, clientId: topic, topic: `${topic}/#`, everyMs: 8_000, ...options, ...more }),
        }),
      },
    });
    const deps = { app, store: createMemoryStore(), runtime: { ...systemRuntime(() => {}), connect } };
    const streams = createAppStreams(deps, PUBLIC);
    /** What is stored: numbers, and the reasons of gaps. */
    const stored = async () => {
      const { events } = await streams.last('readings', 1_000);
      return events.map(({ data, meta }) => meta?.gap?.reason ?? (data as { n: number }).n);
    };
    const say = (numbers: readonly number[], retain = false) =>
      publish(
        broker.port,
        numbers.map((n) => ({ topic: `${topic}/a`, payload: JSON.stringify({ n }), qos: 0, retain })),
      );
    return { deps, streams, stored, say };
  }

  /** A loop that has subscribed: what is published until then is lost, as is true of every first connection. */
  async function begin({ deps, say, stored }: ReturnType<typeof scene>) {
    const loop = startLoop(deps);
    await expect
      .poll(async () => {
        await say([-1]);
        return (await stored()).includes(-1);
      }, WITHIN)
      .toBe(true);
    return loop;
  }
  test('stores all that is published while the process lives, and no gap', async () => {
    const here = scene();
    const loop = await begin(here);
    for (let from = 0; from < 300; from += 10) await here.say(upTo(10).map((n) => from + n));
    await expect.poll(async () => counted(await here.stored()).length, WITHIN).toBe(300);
    expect(counted(await here.stored()).toSorted((a, b) => Number(a) - Number(b))).toEqual(upTo(300));
    await expect.poll(async () => (await here.streams.latest('readings'))?.data, WITHIN).toMatchObject({ n: 299 });
    await loop.stop();
  });

  test('tells what was lost between two processes, and takes the value that the broker kept', async () => {
    const here = scene();
    const first = await begin(here);
    await here.say([1], true);
    await expect.poll(async () => counted(await here.stored()), WITHIN).toEqual([1]);
    await first.stop();
    await here.say([2, 3], true);
    const second = startLoop(here.deps);
    await expect.poll(async () => counted(await here.stored()), WITHIN).toEqual([1, 'not_connected', 3]);
    await second.stop();
  });
});
