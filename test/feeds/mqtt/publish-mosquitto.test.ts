/** Publishing on a real broker from Node, with rights of the broker's own, and over WebSocket. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { connectFromNode as connect } from '../../../src/hosts/node/socket.ts';
import { requireService } from '../../services/available.ts';
import { type RunningMosquitto, startMosquitto } from '../../services/mosquitto.ts';
import { outletOf, real } from './outlets.ts';
import { mqttPublishSuite } from './publish-suite.ts';

describe.skipIf(!requireService('mosquitto')).each([5, 4] as const)('MQTT version %s (needs mosquitto)', (version) => {
  let broker: RunningMosquitto;
  let folder: string;
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'tidegate-acl-'));
    const acl = join(folder, 'acl');
    writeFileSync(acl, 'topic readwrite t/#\ntopic read denied/#\n');
    broker = await startMosquitto([`acl_file ${acl}`]);
  });
  afterAll(async () => {
    await broker.stop();
    rmSync(folder, { recursive: true });
  });

  mqttPublishSuite(version, connect, () => broker.port);

  test('what the broker does not allow: MQTT 5 is told, MQTT 3.1.1 has no words for it', async () => {
    const url = `mqtt://127.0.0.1:${broker.port}`;
    const outlet = outletOf({ url, protocolVersion: version, topics: { publish: ['denied/+'] } });
    const said = await outlet.check({ topic: 'denied/a', payload: 1 }).send(real());
    expect(said).toMatchObject(
      version === 5 ? { status: 'refused', reason: 'not authorised' } : { status: 'acknowledged', reason: null },
    );
  });

  test('over WebSocket too', async () => {
    const url = `ws://127.0.0.1:${broker.wsPort}`;
    const outlet = outletOf({ url, protocolVersion: version, topics: { publish: ['t/+'] } });
    const context = real();
    const runtime = { ...context.runtime, connect: null };
    expect(await outlet.check({ topic: 't/a', payload: 1 }).send({ ...context, runtime })).toMatchObject({
      status: 'acknowledged',
    });
  });
});

test('a broker that is not there: nothing was sent', async () => {
  const outlet = outletOf({ url: 'mqtt://127.0.0.1:1', topics: { publish: ['a'] } });
  await expect(outlet.check({ topic: 'a', payload: 1 }).send(real())).rejects.toMatchObject({
    code: 'upstream',
    message: expect.stringMatching(/^Nothing was sent: .*127\.0\.0\.1:1/),
  });
});
