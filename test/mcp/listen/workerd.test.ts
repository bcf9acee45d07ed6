/** Listeners of one isolate in workerd, where what one request began ends with it: one of them reads for all. */
import { setTimeout as pause } from 'node:timers/promises';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { startWorker } from './worker-process.ts';

const OTHERS = 50;

async function connect(url: URL, heard: string[]): Promise<Client> {
  const client = new Client(
    { name: 'listener', version: '1' },
    { versionNegotiation: { mode: { pin: '2026-07-28' } } },
  );
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => void heard.push(params.uri));
  await client.connect(new StreamableHTTPClientTransport(url));
  onTestFinished(async () => client.close().catch(() => {}));
  return client;
}

describe.skipIf(!requireService('redis'))('50 listeners in workerd (needs redis-server)', { timeout: 180_000 }, () => {
  test('all hear of a change, also when the one that reads for them has gone', async () => {
    const url = await startWorker();
    const first = await connect(url, []);
    const leader = await first.listen({ resourceSubscriptions: ['stream://rooms'] });
    const heard = Array.from({ length: OTHERS }, (): string[] => []);
    const others = await Promise.all(heard.map(async (each) => connect(url, each)));
    for (const other of others) await other.listen({ resourceSubscriptions: ['stream://rooms'] });
    const caller = others[0] as Client;
    const all = () => heard.filter((each) => each.length > 0).length;
    await caller.callTool({ name: 'put', arguments: { room: 'a' } });
    await expect.poll(all, { timeout: 20_000, interval: 100 }).toBe(OTHERS);
    await leader.close();
    await first.close();
    for (const each of heard) each.length = 0;
    // What it was told at its opening may come once more within a second.
    await expect
      .poll(async () => (await caller.callTool({ name: 'put', arguments: { room: 'b' } })).isError)
      .not.toBe(true);
    await expect.poll(all, { timeout: 40_000, interval: 100 }).toBe(OTHERS);
  });

  test('a stream of a session ends when it has made the store calls of a request, and its client comes back', async () => {
    const url = await startWorker();
    const streams: string[] = [];
    const heardAt: number[] = [];
    const client = new Client({ name: 'earlier', version: '1' });
    client.setNotificationHandler('notifications/resources/updated', () => void heardAt.push(Date.now()));
    const counting = (input: string | URL, init?: RequestInit) => {
      if (init?.method === 'GET') streams.push(String(input));
      return fetch(input, init);
    };
    await client.connect(new StreamableHTTPClientTransport(url, { fetch: counting }));
    onTestFinished(async () => client.close().catch(() => {}));
    await client.subscribeResource({ uri: 'stream://rooms/a' });
    await expect.poll(() => streams.length, { timeout: 20_000 }).toBe(1);
    // Each is a read of the leader, which is the only stream of this isolate; the bound of time is 5 minutes.
    for (let puts = 0; puts < 200 && streams.length < 2; puts += 1) {
      await client.callTool({ name: 'put', arguments: { room: 'a' } });
      await pause(100);
    }
    expect(streams).toHaveLength(2);
    expect(heardAt.length).toBeGreaterThan(3);
    const last = Date.now();
    await client.callTool({ name: 'put', arguments: { room: 'a' } });
    await expect.poll(() => heardAt.at(-1), { timeout: 20_000, interval: 100 }).toBeGreaterThan(last);
  });
});
