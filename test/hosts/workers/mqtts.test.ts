/**
 * MQTT over TLS in workerd. Deployed, Workers trust public authorities alone; workerd on this machine trusts one more, which
 * it is told of before it is loaded.
 */
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../../infra/local/server-process.ts';
import { publish } from '../../feeds/mqtt/bursts.ts';
import { requireService } from '../../services/available.ts';
import { createCertificates, hasOpenssl } from '../../services/certificates.ts';
import { startEngine, type RunningEngine } from '../../services/engine.ts';
import { type HttpSource, json, startHttpSource } from '../../services/http-feed.ts';
import { type RunningMosquitto, startMosquitto } from '../../services/mosquitto.ts';
import { quakeCollection } from '../../services/quakes.ts';
import { connectClient } from '../clients.ts';

const LIMIT_MS = 60_000;
const isPossible = requireService('redis') && requireService('mosquitto') && hasOpenssl;
const NEEDS = 'needs redis-server, mosquitto and openssl';

describe.skipIf(!isPossible)(`MQTT over TLS in workerd (${NEEDS})`, { timeout: LIMIT_MS }, () => {
  const certificates = createCertificates();
  let engine: RunningEngine;
  let broker: RunningMosquitto;
  let source: HttpSource;
  let ports: number[];

  beforeAll(async () => {
    const trusted = certificates.certify('broker', 'ca');
    const stranger = certificates.certify('stranger', 'other-ca');
    ports = await freePorts(2);
    broker = await startMosquitto(
      [trusted, stranger].flatMap(({ crt, key }, index) => [
        `listener ${ports[index]} 127.0.0.1`,
        `certfile ${crt}`,
        `keyfile ${key}`,
      ]),
    );
    source = await startHttpSource();
    source.on('/quakes', json(quakeCollection([])));
    engine = await startEngine('redis');
    process.env['NODE_EXTRA_CA_CERTS'] = trusted.ca;
  }, LIMIT_MS);
  afterAll(async () => {
    delete process.env['NODE_EXTRA_CA_CERTS'];
    await engine?.stop();
    await broker?.stop();
    await source?.close();
    certificates.remove();
  }, LIMIT_MS);

  async function started(port: number | undefined) {
    const { startWorker } = await import('./workerd.ts');
    const upstreams = { QUAKES_URL: `${source.origin}/quakes`, MQTT_URL: `mqtts://127.0.0.1:${port}` };
    const variables = { ...engine.environment, ...upstreams };
    const worker = await startWorker(variables, 'test/hosts/workers/app.ts');
    onTestFinished(() => worker.stop());
    const client = await connectClient(worker.url);
    onTestFinished(() => client.close());
    const feed = async () => (await client.streams()).get('temperatures')?.feed;
    return { worker, client, feed };
  }

  test('a broker whose authority is trusted is drained', async () => {
    const { worker, client, feed } = await started(ports[0]);
    await worker.cron();
    expect(await feed()).toMatchObject({ state: 'ok', lastError: null });
    await publish(broker.port, [{ topic: 'plant/press-7/temperature', payload: '{"celsius":64.5}' }]);
    const events = async () => {
      await worker.cron();
      return (await client.history('temperatures')).map(({ key, data }) => ({ key, data }));
    };
    await expect.poll(events, { timeout: 20_000 }).toEqual([{ key: 'press-7', data: { celsius: 64.5 } }]);
  });

  test('a broker whose authority is not trusted is refused', async () => {
    const { worker, feed } = await started(ports[1]);
    await worker.cron();
    const message = expect.stringMatching(/cannot connect to mqtts:\/\/127\.0\.0\.1/);
    expect((await feed())?.lastError).toMatchObject({ message });
  });
});
