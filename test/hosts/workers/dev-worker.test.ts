/** `npm run dev:worker`, as it is started by hand: wrangler, workerd and a Redis of their own, and none of them left behind. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect } from 'node:net';
import { join, resolve } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { freePorts } from '../../../infra/local/server-process.ts';
import { publish } from '../../feeds/mqtt/bursts.ts';
import { requireService } from '../../services/available.ts';
import { startMosquitto } from '../../services/mosquitto.ts';
import { connectClient } from '../clients.ts';
import { compiled } from '../../services/compiled.ts';

const ROOT = resolve(import.meta.dirname, '../../..');
const END_WITHIN_MS = 10_000;

async function startDev(args: readonly string[] = []) {
  const [port = 0] = await freePorts(1);
  const child = spawn(process.execPath, [join(ROOT, 'infra/local/dev-worker.ts'), ...args, '--port', String(port)], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...compiled() },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const ended = once(child, 'exit').then(([code, signal]) => (code ?? signal) as number | string);
  async function stop(): Promise<number | string> {
    // Asked to end it ends what it started; the kill is for one that does not, and would leave these behind.
    const timer = setTimeout(() => void child.kill('SIGKILL'), END_WITHIN_MS);
    child.kill('SIGINT');
    return ended.finally(() => clearTimeout(timer));
  }
  onTestFinished(async () => void (await stop()));
  const url = `http://127.0.0.1:${port}`;
  const get = (path: string) => fetch(url + path, { signal: AbortSignal.timeout(10_000) });
  const ready = () =>
    get('/readyz').then(
      ({ status }) => status,
      () => output,
    );
  await expect.poll(ready, { timeout: 30_000, interval: 200 }).toBe(200);
  return { url, stop, output: () => output, cron: () => get('/cdn-cgi/handler/scheduled?cron=*+*+*+*+*') };
}

function isOpen(url: string): Promise<boolean> {
  const { hostname, port } = new URL(url);
  return new Promise((answer) => {
    const socket = connect(Number(port), hostname, () => {
      socket.destroy();
      answer(true);
    });
    socket.once('error', () => answer(false));
  });
}

describe.skipIf(!requireService('redis'))('npm run dev:worker (needs redis-server)', { timeout: 60_000 }, () => {
  test('serves the deployed app, calls its cron trigger, and ends with all that it started', async () => {
    const dev = await startDev();
    const client = await connectClient(dev.url);
    onTestFinished(() => client.close());
    const state = async () => (await client.streams()).get('quakes')?.feed?.state;
    await expect.poll(state, { timeout: 25_000, interval: 500 }).not.toBe('never-run');
    const [, redis = '', front = ''] = /Redis on (\S+), REST front on (\S+)\)/.exec(dev.output()) ?? [];
    expect(await Promise.all([redis, front, dev.url].map(isOpen))).toEqual([true, true, true]);
    expect(await dev.stop()).toBe(0);
    expect(await Promise.all([redis, front, dev.url].map(isOpen))).toEqual([false, false, false]);
  });

  test.skipIf(!requireService('mosquitto'))('drains MQTT over WebSocket in workerd (needs mosquitto)', async () => {
    const broker = await startMosquitto();
    onTestFinished(() => broker.stop());
    const dev = await startDev(['test/hosts/workers/app.ts', '--var', `MQTT_URL:ws://127.0.0.1:${broker.wsPort}`]);
    const client = await connectClient(dev.url);
    onTestFinished(() => client.close());
    // The first burst makes the session; the broker keeps what comes until the next. The timer of the server may have begun it.
    expect((await dev.cron()).status).toBe(200);
    const feed = async () => (await client.streams()).get('temperatures')?.feed;
    await expect.poll(feed, { timeout: 20_000 }).toMatchObject({ state: 'ok', lastError: null });
    await publish(broker.port, [{ topic: 'plant/press-7/temperature', payload: '{"celsius":64.5}' }]);
    await dev.cron();
    const events = async () => (await client.history('temperatures')).map(({ key, data }) => ({ key, data }));
    await expect.poll(events, { timeout: 10_000 }).toEqual([{ key: 'press-7', data: { celsius: 64.5 } }]);
  });
});
