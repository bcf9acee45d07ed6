/**
 * How soon listeners hear of a commit, of their own process and of another one on the same store, and what a listener takes of a
 * process. The client runs in this process; the clock is that of the machine, which all of them share.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { print } from './print.ts';

interface Server {
  url: string;
  ask(message: object): Promise<Record<string, number>>;
  child: ChildProcess;
}

const now = () => performance.timeOrigin + performance.now();
const CHANGES = 30;
const META = 'io.modelcontextprotocol/';

async function start(folder: string): Promise<Server> {
  const env = { ...process.env, STORE: 'sqlite', SQLITE_PATH: join(folder, 'store.sqlite') };
  // As `npm start` is started; the heap has room for all listeners.
  const execArgv = ['--max-semi-space-size=4'];
  const child = fork(join(import.meta.dirname, 'listen-server.ts'), { env, execArgv });
  const next = () =>
    new Promise<Record<string, number>>((resolve) => {
      child.once('message', (message) => resolve(message as Record<string, number>));
    });
  const { url } = (await next()) as unknown as { url: string };
  return {
    url,
    child,
    ask(message) {
      const answer = next();
      child.send(message);
      return answer;
    },
  };
}

/** @param heard is called with each message's method and URI */
function listen(url: string, uri: string, heard: (method: string) => void): Promise<() => void> {
  const body = JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'subscriptions/listen',
    params: {
      notifications: { resourceSubscriptions: [uri] },
      _meta: { [`${META}protocolVersion`]: '2026-07-28', [`${META}clientCapabilities`]: {} },
    },
  });
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': 'subscriptions/listen',
  };
  return new Promise((resolve, reject) => {
    const sent = request(new URL('/mcp', url), { method: 'POST', headers, agent: false }, (response) => {
      response.setEncoding('utf8');
      if (response.statusCode !== 200) reject(new Error(`answered ${response.statusCode}`));
      response.on('error', () => {});
      response.on('data', (text: string) => {
        for (const [, data = ''] of text.matchAll(/^data: (.*)$/gm)) {
          const { method } = JSON.parse(data) as { method: string };
          if (method.endsWith('acknowledged')) resolve(() => sent.destroy());
          else heard(method);
        }
      });
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

function p99(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.ceil(values.length * 0.99) - 1] ?? Number.NaN;
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

/** How long each change took from its commit in `writer` to the listener of `reader`, ms. */
async function delays(writer: Server, reader: Server, apartMs: number, changes: number): Promise<number[]> {
  const found: number[] = [];
  let heardAt: (() => void) | null = null;
  const leave = await listen(reader.url, 'stream://rooms/a', () => heardAt?.());
  await pause(3_000);
  for (let change = 0; change < changes; change += 1) {
    const heard = new Promise<number>((resolve) => (heardAt = () => resolve(now())));
    const { committedAt = 0 } = await writer.ask({ append: 'a' });
    found.push(Math.max(0, (await heard) - committedAt));
    await pause(apartMs);
  }
  leave();
  return found;
}

async function memory(server: Server, count: number): Promise<[heap: number, rss: number]> {
  const before = await server.ask({});
  const leaving: (() => void)[] = [];
  for (let left = count; left > 0; left -= 100) {
    const some = Array.from({ length: Math.min(left, 100) }, (_, index) => {
      return listen(server.url, `stream://rooms/k${left}-${index}`, () => {});
    });
    leaving.push(...(await Promise.all(some)));
  }
  await pause(3_000);
  const after = await server.ask({});
  for (const leave of leaving) leave();
  await pause(2_000);
  const of = (name: string) => ((after[name] ?? 0) - (before[name] ?? 0)) / count / 1_024;
  return [of('heap'), of('bytes')];
}

export async function benchListen(): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-listen-'));
  const servers = [await start(folder), await start(folder)] as const;
  try {
    const [own, other] = servers;
    const of = async (writer: Server, reader: Server) =>
      `${p99(await delays(writer, reader, 1_100, CHANGES)).toFixed(0)} ms`;
    print('listeners', [
      ['commit to updated, same process, p99', await of(own, own), '100 ms'],
      ['commit to updated, another process, p99', await of(own, other), '1,500 ms'],
    ]);
    for (const [count, asked] of [[1_000, '64 KiB'], [10_000]] as const) {
      const [heap, rss] = await memory(own, count);
      print(`${count} listeners, each`, [
        ['heap', `${heap.toFixed(1)} KiB`, ...(asked ? ([asked] as const) : [])],
        ['resident', `${rss.toFixed(1)} KiB`],
      ] as [string, string, string?][]);
    }
    // After 50 s without a change it looks each 10 s.
    const [, idle = Number.NaN] = await delays(own, other, 55_000, 2);
    print('after idling', [['commit to updated, another process', `${idle.toFixed(0)} ms`, '11,000 ms']]);
  } finally {
    for (const server of servers) await server.ask({ stop: true }).catch(() => server.child.kill('SIGKILL'));
    await rm(folder, { recursive: true, force: true });
  }
}
