/** What people reported in public about programs that bridge MQTT, each with the messages that broke there. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Json } from '../../src/base/json.ts';
import { mqtt } from '../../src/feeds/mqtt/feed.ts';
import { connectFromNode as connect } from '../../src/hosts/node/socket.ts';
import { burstContext, publish, runBurst, target } from '../feeds/mqtt/bursts.ts';
import { politeBroker, publicationOf, virtualClock } from '../feeds/mqtt/script.ts';
import { requireService } from '../services/available.ts';
import { type RunningMosquitto, startMosquitto } from '../services/mosquitto.ts';

test('a message with the mark of a second delivery is stored: the first may never have come (lensesio/stream-reactor 766)', async () => {
  const broker = politeBroker({
    sessionPresent: true,
    afterSubscribe: (connection) => connection.send(publicationOf(1, '7', { dup: true })),
  });
  const clock = virtualClock();
  const given = { ...clock, connect: broker.connect, deadline: clock.now() + 60_000 };
  const feed = mqtt({ url: 'mqtt://broker.example', clientId: 'c' });
  const { items } = await runBurst(feed, burstContext([target('s', 'a/+')], given));
  expect(items.map(({ data }) => data)).toEqual([7]);
});

describe.skipIf(!requireService('mosquitto')).each([5, 4] as const)('MQTT version %s (needs mosquitto)', (version) => {
  let broker: RunningMosquitto;
  beforeAll(async () => {
    broker = await startMosquitto([]);
  });
  afterAll(() => broker.stop());

  test.each([
    ['one covers the other', ['plant/+', 'plant/A']],
    ['neither covers the other', ['plant/+', '+/A']],
  ])('each stream gets a message once where %s (mqttjs/MQTT.js 545, node-red/node-red 5962)', async (what, topics) => {
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const feed = mqtt({ url, clientId: what, protocolVersion: version, idleMs: 300 });
    const targets = topics.map((topic) => target(topic, topic));
    let position: Json | null = null;
    const burst = async () => {
      const report = await runBurst(feed, burstContext(targets, { connect, position }));
      position = report.position;
      return report.items.map(({ stream, data }) => `${stream} ${String(data)}`).toSorted();
    };
    const once = (data: string) => topics.map((topic) => `${topic} ${data}`).toSorted();
    await publish(broker.port, [{ topic: 'plant/A', payload: '"kept"', retain: true }]);
    expect(await burst()).toEqual(once('kept'));
    await publish(broker.port, [{ topic: 'plant/A', payload: '"live"' }]);
    expect(await burst()).toEqual(once('live'));
    expect(await burst()).toEqual([]);
  });
});
