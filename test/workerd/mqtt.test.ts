/** The MQTT feed on a real broker, inside workerd. */
import { describe, expect, inject, test } from 'vitest';
import { randomId } from '../../src/base/runtime.ts';
import { connectFromWorker as connect } from '../../src/hosts/workers/socket.ts';
import { mqtt } from '../../src/feeds/mqtt/feed.ts';
import { burstContext, publish, runBurst, target } from '../feeds/mqtt/bursts.ts';
import { mqttSuite } from '../feeds/mqtt/suite.ts';

const mosquitto = inject('mosquitto');
const { port, wsPort, restartUrl } = mosquitto ?? { port: 0, wsPort: 0, restartUrl: '' };
const restart = async () => (await fetch(restartUrl)).text();

describe.skipIf(mosquitto === null).each([5, 4] as const)('MQTT version %s in workerd (needs mosquitto)', (version) => {
  mqttSuite(version, connect, () => ({ port, restart }));

  test('over WebSocket it keeps its session and loses nothing', async () => {
    const topic = `t-${randomId()}`;
    const targets = [target('s', topic)];
    const url = `ws://127.0.0.1:${wsPort}`;
    const feed = mqtt({ url, clientId: topic, protocolVersion: version, idleMs: 200, brokerQueueLimit: 'none' });
    const { position } = await runBurst(feed, burstContext(targets, { connect: null }));
    const messages = Array.from({ length: 2_000 }, (_, n) => ({ topic, payload: `${n}` }));
    await publish(port, messages);
    const { items } = await runBurst(feed, burstContext(targets, { connect: null, position }));
    expect(items.map(({ data }) => data)).toEqual(messages.map((_, n) => n));
  });
});
