/**
 * Ten feeds that two processes hold on one store, over WebSockets that tick: one process is killed, the other takes its
 * feeds over within a lease, and gives them back when it is told to end.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { streamLog } from '../../src/streams/log/stream-log.ts';
import { readAll } from '../feeds/run/stage.ts';
import { startEngine } from '../services/engine.ts';
import { startSocketSource } from '../services/websocket-feed.ts';
import { holderApp, type HolderSettings } from './held-process.ts';

const FEEDS = 10;
const LEASE_MS = 2_000;
const TICK_MS = 100;

const ends: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of ends.splice(0).toReversed()) await end();
});

async function startHolder(settings: HolderSettings): Promise<ChildProcess> {
  const file = join(import.meta.dirname, 'held-process.ts');
  const child = spawn(process.execPath, [file, JSON.stringify(settings)], { stdio: ['ignore', 'pipe', 'inherit'] });
  ends.push(() => end(child, 'SIGKILL'));
  const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
  if (!String(said).startsWith('ready')) throw new Error(`a holder did not start: ${String(said)}`);
  return child;
}

async function end(child: ChildProcess, signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill(signal);
  await ended;
}

test('a process that is killed is taken over within a lease, with nothing doubled and nothing lost', async () => {
  const { environment, stop } = await startEngine('sqlite');
  ends.push(stop);
  const source = await startSocketSource();
  ends.push(() => source.close());
  /** The ticks of each path, all of which a client may ask for again. */
  const ticks = new Map<string, number>();
  /** Who is connected to which path. */
  const open = new Map<string, Set<{ holder: string; send: (n: number) => void }>>();
  const openedAt: { path: string; holder: string; at: number }[] = [];
  for (let index = 0; index < FEEDS; index += 1) {
    const path = `/s${index}`;
    ticks.set(path, 0);
    open.set(path, new Set());
    source.on(path, ({ socket }) => {
      const holder = String(source.handshakes.findLast((handshake) => handshake.path === path)?.headers['x-holder']);
      openedAt.push({ path, holder, at: Date.now() });
      const client = { holder, send: (n: number) => socket.send(JSON.stringify({ id: `${path}-${n}`, n })) };
      socket.once('message', (data: Buffer) => {
        const { after } = JSON.parse(data.toString()) as { after: number };
        for (let n = after + 1; n <= (ticks.get(path) ?? 0); n += 1) client.send(n);
        open.get(path)?.add(client);
      });
      socket.on('close', () => open.get(path)?.delete(client));
    });
  }
  const ticking = setInterval(() => {
    for (const [path, n] of ticks) {
      ticks.set(path, n + 1);
      for (const { send } of open.get(path) ?? []) send(n + 1);
    }
  }, TICK_MS);
  ends.push(() => clearInterval(ticking));
  const holders = () => [...open.values()].flatMap((clients) => [...clients].map(({ holder }) => holder));

  const settings = { environment, origin: source.origin, feeds: FEEDS, leaseMs: LEASE_MS };
  const first = await startHolder({ ...settings, name: 'first' });
  await expect.poll(() => holders().length, { timeout: 15_000 }).toBe(FEEDS);
  const second = await startHolder({ ...settings, name: 'second' });
  expect(new Set(holders())).toEqual(new Set(['first']));

  await end(first, 'SIGKILL');
  const killedAt = Date.now();
  await expect.poll(() => holders().filter((name) => name === 'second').length, { timeout: 15_000 }).toBe(FEEDS);
  const takenUpMs = openedAt.filter(({ holder }) => holder === 'second').map(({ at }) => at - killedAt);
  // Five seconds beside the lease are for the processes themselves, on a machine that has much else to do.
  expect(Math.max(...takenUpMs)).toBeLessThan(LEASE_MS + 5_000);
  const taken = Math.max(...ticks.values());

  const runtime = nodeRuntime(() => {});
  const app = holderApp({ ...settings, name: 'third' });
  const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
  ends.push(() => store.close());
  const stored = async (index: number) => {
    const events = await readAll(store, streamLog('public', `s${index}`));
    return events.map(({ data }) => (data as { n: number }).n);
  };
  await expect.poll(async () => (await stored(0)).length, { timeout: 15_000 }).toBeGreaterThan(taken + 5);

  // One that is told to end gives its feeds back at once.
  const third = await startHolder({ ...settings, name: 'third' });
  await end(second, 'SIGTERM');
  await expect.poll(() => holders().filter((name) => name === 'third').length, { timeout: 15_000 }).toBe(FEEDS);
  await end(third, 'SIGTERM');
  for (let index = 0; index < FEEDS; index += 1) {
    const numbers = await stored(index);
    expect(numbers).toEqual(Array.from(numbers, (_, n) => n + 1));
    expect(numbers.length).toBeGreaterThan(taken);
  }
  // Nobody dialled twice: each process opened each feed once.
  expect(openedAt).toHaveLength(3 * FEEDS);
}, 60_000);
