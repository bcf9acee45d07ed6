/** How the MQTT feed reaches a broker: WebSocket, TLS, credentials, and what it says when it cannot. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePorts } from '../../../infra/local/server-process.ts';
import { mqtt } from '../../../src/feeds/mqtt/feed.ts';
import { requireService } from '../../services/available.ts';
import { createCertificates, hasOpenssl } from '../../services/certificates.ts';
import { type RunningMosquitto, startMosquitto } from '../../services/mosquitto.ts';
import { burstContext, publish, runBurst, target } from '../mqtt/bursts.ts';

const TARGETS = [target('s', 'topic')];
const hasMosquitto = requireService('mosquitto');
const upstream = (message: RegExp) => ({ code: 'upstream', message: expect.stringMatching(message) });

test('a port where nobody listens', async () => {
  const [port = 0] = await freePorts(1);
  for (const scheme of ['mqtt', 'mqtts', 'ws']) {
    const feed = mqtt({ url: `${scheme}://user:secret@127.0.0.1:${port}/mqtt?token=secret`, clientId: 'c' });
    const failed = runBurst(feed, burstContext(TARGETS));
    await expect(failed).rejects.toMatchObject(upstream(new RegExp(`cannot connect to ${scheme}://127.0.0.1:${port}`)));
    await expect(failed).rejects.not.toMatchObject({ message: expect.stringContaining('secret') });
  }
});

test('a port where TLS is expected and something else answers', async () => {
  const server = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
  const { port } = server.address() as { port: number };
  try {
    const feed = mqtt({ url: `mqtts://127.0.0.1:${port}`, clientId: 'c' });
    await expect(runBurst(feed, burstContext(TARGETS))).rejects.toMatchObject(upstream(/cannot connect/));
  } finally {
    server.close();
  }
});

describe.skipIf(!hasMosquitto)('over WebSocket (needs mosquitto)', () => {
  let broker: RunningMosquitto;
  beforeAll(async () => {
    broker = await startMosquitto(['max_queued_messages 0']);
  });
  afterAll(() => broker.stop());

  test.each([5, 4] as const)('version %s keeps its session and loses nothing', async (protocolVersion) => {
    const url = `ws://127.0.0.1:${broker.wsPort}`;
    const kept = { brokerQueueLimit: 'none' } as const;
    const feed = mqtt({ url, clientId: `ws-${protocolVersion}`, protocolVersion, idleMs: 200, ...kept });
    const { position } = await runBurst(feed, burstContext(TARGETS, { connect: null }));
    const messages = Array.from({ length: 2_000 }, (_, n) => ({ topic: 'topic', payload: `${n}` }));
    await publish(broker.port, messages);
    const { items } = await runBurst(feed, burstContext(TARGETS, { connect: null, position }));
    expect(items.map(({ data }) => data)).toEqual(messages.map((_, n) => n));
  });

  test('a broker that goes away', async () => {
    const own = await startMosquitto();
    const feed = mqtt({ url: `ws://127.0.0.1:${own.wsPort}`, clientId: 'c', idleMs: 20_000 });
    const burst = feed.burst(burstContext(TARGETS))[Symbol.asyncIterator]();
    await publish(own.port, [{ topic: 'topic', payload: '0', retain: true }]);
    await burst.next();
    const [ended] = await Promise.allSettled([burst.next(), own.stop()]);
    expect(ended).toMatchObject({ status: 'rejected', reason: { code: 'upstream' } });
  });
});

describe.skipIf(!hasMosquitto)('credentials (needs mosquitto)', () => {
  test.each([5, 4] as const)('version %s with a password that the broker does not take', async (protocolVersion) => {
    const folder = mkdtempSync(join(tmpdir(), 'tidegate-mqtt-'));
    writeFileSync(join(folder, 'passwords'), '');
    const broker = await startMosquitto(['allow_anonymous false', `password_file ${join(folder, 'passwords')}`]);
    try {
      const url = `mqtt://127.0.0.1:${broker.port}`;
      const feed = mqtt({ url, clientId: 'c', username: 'somebody', password: 'wrong', protocolVersion });
      const failed = runBurst(feed, burstContext(TARGETS));
      await expect(failed).rejects.toMatchObject(upstream(/refused: (bad user name or password|not authorised)/));
    } finally {
      await broker.stop();
      rmSync(folder, { recursive: true });
    }
  });
});

describe.skipIf(!hasMosquitto || !hasOpenssl)('over TLS (needs mosquitto and openssl)', () => {
  let broker: RunningMosquitto;
  let port = 0;
  const certificates = createCertificates();
  const pem = (file: string) => certificates.pem(file);

  beforeAll(async () => {
    const { ca, crt, key } = certificates.certify('broker', 'ca');
    certificates.certify('client', 'ca');
    [port = 0] = await freePorts(1);
    broker = await startMosquitto([
      `listener ${port} 127.0.0.1`,
      `cafile ${ca}`,
      `certfile ${crt}`,
      `keyfile ${key}`,
      'require_certificate true',
    ]);
  });
  afterAll(async () => {
    await broker.stop();
    certificates.remove();
  });

  const feedWith = (tls: { ca?: string; cert?: string; key?: string; servername?: string }) =>
    mqtt({ url: `mqtts://127.0.0.1:${port}`, clientId: 'tls', idleMs: 200, tls });

  test('messages come, to a client whose certificate the broker wants', async () => {
    const feed = feedWith({
      ca: pem('ca.crt'),
      cert: pem('client.crt'),
      key: pem('client.key'),
      servername: 'plant.example',
    });
    const { position } = await runBurst(feed, burstContext(TARGETS));
    await publish(broker.port, [{ topic: 'topic', payload: '1' }]);
    const { items } = await runBurst(feed, burstContext(TARGETS, { position }));
    expect(items.map(({ data }) => data)).toEqual([1]);
  });

  test('an authority that is not trusted, another name, and no certificate of our own are refused', async () => {
    const own = { cert: pem('client.crt'), key: pem('client.key') };
    const failures = [
      [feedWith(own), /cannot connect.*(certificate|issuer)/],
      [feedWith({ ...own, ca: pem('ca.crt'), servername: 'other.example' }), /cannot connect.*other\.example/],
      [feedWith({ ca: pem('ca.crt') }), /broke|cannot connect/],
    ] as const;
    for (const [feed, message] of failures) {
      await expect(runBurst(feed, burstContext(TARGETS))).rejects.toMatchObject(upstream(message));
    }
  });
});
