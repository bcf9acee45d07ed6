/** What a server of Node's lets others make it hold, over real connections. */
import { once } from 'node:events';
import { request } from 'node:http';
import { type AddressInfo, connect, type Socket } from 'node:net';
import { expect, onTestFinished, test, vi } from 'vitest';
import type { ProcessBounds } from '../../../src/base/config/bounds.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createBodies } from '../../../src/http/bodies/bodies.ts';
import { createConnections } from '../../../src/hosts/node/connections.ts';
import { createBoundedServer } from '../../../src/hosts/node/bounded-server.ts';
import type { Host } from '../../../src/hosts/http-host.ts';

const MIB = 1_048_576;
const BOUNDS: ProcessBounds = {
  connections: 100,
  bodyMs: 1_000,
  bodiesMib: 1,
  workMib: 16,
  waits: 10,
  answersMib: 100,
  answerMs: 60_000,
};
const runtime = systemRuntime(() => {});

async function listening(fetch: Host['fetch'], bounds: Partial<ProcessBounds> = {}): Promise<number> {
  const server = createBoundedServer(fetch, runtime, 65_000, { ...BOUNDS, ...bounds });
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

async function dial(port: number, text = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1');
  onTestFinished(() => void socket.destroy());
  socket.on('error', () => {});
  await once(socket, 'connect');
  if (text !== '') socket.write(text);
  return socket;
}

/** All that a connection says, up to its end or to what is waited for. */
async function said(socket: Socket, until: RegExp | null = null): Promise<string> {
  let text = '';
  try {
    for await (const chunk of socket) {
      text += (chunk as Buffer).toString();
      if (until?.test(text)) break;
    }
  } catch {
    // A connection that is cut off has said what it had to say.
  }
  return text;
}

const get = (path: string) => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`;
const CHUNKED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';

test('requests that come at once on one connection are served one after the other, in order', async () => {
  const begun: string[] = [];
  let most = 0;
  let underWay = 0;
  const port = await listening(async (asked) => {
    underWay += 1;
    most = Math.max(most, underWay);
    const path = new URL(asked.url).pathname;
    begun.push(path);
    await new Promise((resolve) => setImmediate(resolve));
    underWay -= 1;
    return new Response(path);
  });
  const answers = await said(await dial(port, get('/a') + get('/b') + get('/c')), /\/c$/);
  expect(begun).toEqual(['/a', '/b', '/c']);
  expect(most).toBe(1);
  expect(answers.indexOf('/a')).toBeLessThan(answers.indexOf('/b'));
});

test('an absolute target names neither the server nor the protocol', async () => {
  const port = await listening(async (asked) => new Response(`asked ${asked.url} end`));
  for (const [target, url] of [
    ['https://other.example/b?c=/d', 'http://a/b?c=/d'],
    ['HTTP://other.example', 'http://a/'],
    ['http://other.example?c', 'http://a/?c'],
    ['//b/c', 'http://a//b/c'],
  ]) {
    expect(await said(await dial(port, get(target ?? '')), /end$/)).toContain(`asked ${url} end`);
  }
});

test('many requests that come at once on one connection are all answered', async () => {
  const port = await listening(() => Promise.resolve(new Response('yes')));
  const asked = await dial(port, get('/').repeat(64) + get('/').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  expect((await said(asked)).match(/HTTP\/1.1 200/g)).toHaveLength(65);
});

test('what comes behind many that wait is read once they have their answers', async () => {
  const gate = Promise.withResolvers<void>();
  const begun = Promise.withResolvers<void>();
  const port = await listening(async () => {
    begun.resolve();
    await gate.promise;
    return new Response('yes');
  });
  const asked = await dial(port, get('/').repeat(40));
  await begun.promise;
  asked.write(get('/').repeat(40));
  // Another connection is served meanwhile, so what was written has come.
  const other = await dial(port, get('/'));
  asked.write(get('/').replace('\r\n\r\n', '\r\nConnection: close\r\n\r\n'));
  await new Promise((resolve) => setImmediate(resolve));
  gate.resolve();
  expect(await said(other, /yes/)).toContain('200');
  expect((await said(asked)).match(/HTTP\/1.1 200/g)).toHaveLength(81);
});

test('of too many in one piece each is answered up to the bound, and the next is told so before the connection ends', async () => {
  let served = 0;
  const port = await listening(async () => {
    served += 1;
    await new Promise((resolve) => setImmediate(resolve));
    return new Response('yes');
  });
  const text = await said(await dial(port, get('/').repeat(1_000)));
  expect(text.match(/HTTP\/1.1 200/g)).toHaveLength(served);
  expect(served).toBe(65);
  expect(text).toMatch(/HTTP\/1.1 503[^]*retry-after: \d+[^]*connection: close[^]*overloaded/i);
});

test('a request without Host is refused with headers in their form', async () => {
  const port = await listening(() => Promise.resolve(new Response('yes')));
  const text = await said(await dial(port, 'GET / HTTP/1.1\r\nconnection: close\r\n\r\n'));
  expect(text).toMatch(/^HTTP\/1.1 400/);
  expect(text).toMatch(/^connection: close/im);
  expect(text).not.toMatch(/^\d+:/m);
});

test('where there is no room for a connection, one that is idle makes it, and none that waits for its answer', async () => {
  const waiting = Promise.withResolvers<Response>();
  const port = await listening((asked) => (asked.url.endsWith('/wait') ? waiting.promise : new Response('here')), {
    connections: 2,
  });
  const busy = await dial(port, get('/wait'));
  const idle = await dial(port);
  const third = await dial(port, get('/'));
  await once(idle, 'close');
  expect(await said(third, /here$/)).toContain('200 OK');
  waiting.resolve(new Response('at last'));
  expect(await said(busy, /at last$/)).toContain('200 OK');
});

test('a body of one byte a chunk is not read on, and its connection is closed when its time is over', async () => {
  const port = await listening(async (asked, edge) => {
    const body = await createBodies(runtime).read(asked, MIB, edge?.body);
    return new Response(String(body.ok));
  });
  const begun = performance.now();
  const hostile = await dial(port, `${CHUNKED}${'1\r\n \r\n'.repeat(20_000)}`);
  const small = await dial(port, `${CHUNKED}${'1\r\n \r\n'.repeat(100)}0\r\n\r\n`);
  expect(await said(small, /true/)).toContain('200 OK');
  expect(performance.now() - begun).toBeLessThan(BOUNDS.bodyMs);
  expect(await said(hostile)).not.toContain('200 OK');
});

test('bodies without an end take no more than their room, and small ones go on', async () => {
  const bodies = createBodies(runtime, { bytes: MIB });
  const port = await listening(
    async (asked, edge) => {
      const body = await bodies.read(asked, 2 * MIB, edge?.body);
      return new Response(null, { status: body.ok ? 200 : body.status });
    },
    { bodyMs: 30_000 },
  );
  const endless = `${CHUNKED}${(900_000).toString(16)}\r\n${' '.repeat(900_000)}\r\n`;
  const both = [await dial(port, endless), await dial(port, endless)];
  const small = await dial(port, `${CHUNKED}5\r\nhello\r\n0\r\n\r\n`);
  expect(await said(small, /\r\n\r\n/)).toContain('200 OK');
  // Which of the two is read first is the system's to say.
  const refused = await Promise.race(both.map((socket) => said(socket, /\r\n\r\n/)));
  expect(refused).toContain('503 Service Unavailable');
}, 20_000);

test('whoever is refused before its body was read gets the answer, and is not read on', async () => {
  const port = await listening(() => new Response('no', { status: 413 }));
  const status = await new Promise((resolve) => {
    const sent = request({ host: '127.0.0.1', port, method: 'POST' }, (response) => resolve(response.statusCode));
    sent.on('error', () => {});
    sent.write(' '.repeat(MIB));
    onTestFinished(() => void sent.destroy());
  });
  expect(status).toBe(413);
});

test('an answer to what was not read says that its connection ends, and one to what was read does not', async () => {
  const port = await listening(async () => new Response('no', { status: 413 }));
  const cut = await dial(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9000000\r\n\r\nbegin');
  expect(await said(cut)).toMatch(/\r\nConnection: close\r\n/i);
  const whole = await dial(port, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nwhole');
  expect(await said(whole, /no$/)).toMatch(/\r\nConnection: keep-alive\r\n/i);
});

test('an answer that comes when the end of the process has answered already is dropped in silence', async () => {
  const told = vi.spyOn(console, 'error').mockImplementation(() => {});
  onTestFinished(() => told.mockRestore());
  const late = Promise.withResolvers<Response>();
  const server = createBoundedServer(() => late.promise, runtime, 65_000, BOUNDS);
  const connections = createConnections(server, runtime);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const asking = await dial((server.address() as AddressInfo).port, get('/'));
  await once(server, 'request');
  const cut = connections.cut();
  expect(await said(asking)).toContain('503 Service Unavailable');
  await cut;
  late.resolve(new Response('too late'));
  await new Promise((resolve) => setTimeout(resolve, 20));
  expect(told).not.toHaveBeenCalled();
});

test('whoever takes nothing of an answer is cut off, and others are not', async () => {
  const large = 'x'.repeat(16 * MIB);
  const port = await listening(() => new Response(large), { answerMs: 1_000 });
  const slow = await dial(port, get('/'));
  slow.pause();
  const quick = await dial(port, get('/'));
  let length = 0;
  quick.on('data', (chunk: Buffer) => (length += chunk.length));
  await expect.poll(() => length, { timeout: 5_000 }).toBeGreaterThan(large.length);
  const closed = once(slow, 'close');
  await new Promise((resolve) => setTimeout(resolve, 2_500));
  slow.resume();
  await closed;
  expect(slow.bytesRead).toBeLessThan(large.length);
}, 20_000);

test('where answers that nobody takes are too many, whoever stood still longest is cut off first', async () => {
  const port = await listening(() => new Response('x'.repeat(16 * MIB)), { answersMib: 20 });
  const slow: Socket[] = [];
  for (let each = 0; each < 3; each += 1) {
    const socket = await dial(port, get('/'));
    slow.push(socket.pause());
  }
  await new Promise((resolve) => setTimeout(resolve, 1_500));
  for (const socket of slow) socket.resume();
  await expect.poll(() => slow.filter((socket) => socket.closed).length, { timeout: 5_000 }).toBe(2);
}, 20_000);

test('the source of an answer that nobody takes is paused, keeps no more, and is told when its reader is cut', async () => {
  const piece = new Uint8Array(64 * 1_024).fill(120);
  let pulled = 0;
  let told = false;
  const body = () =>
    new ReadableStream<Uint8Array>(
      {
        pull(controller) {
          pulled += 1;
          controller.enqueue(piece);
        },
        cancel: () => void (told = true),
      },
      { highWaterMark: 0 },
    );
  const port = await listening(() => new Response(body()), { answerMs: 1_500 });
  const slow = await dial(port, get('/'));
  slow.pause();
  let before = -1;
  await expect
    .poll(
      () => {
        const stands = pulled === before;
        before = pulled;
        return stands && pulled > 0;
      },
      { timeout: 1_400, interval: 200 },
    )
    .toBe(true);
  const paused = pulled;
  expect(paused * piece.length).toBeLessThan(16 * MIB);
  await expect.poll(() => told, { timeout: 5_000 }).toBe(true);
  expect(pulled).toBeLessThanOrEqual(paused + 1);
}, 20_000);

test('a client that leaves gives back the room in which its request waits', async () => {
  const rested: boolean[] = [];
  const over = new AbortController();
  const port = await listening(
    async (_request, edge) => {
      rested.push(edge?.work?.rest(10) ?? false);
      await new Promise((resolve) => over.signal.addEventListener('abort', resolve));
      return new Response('late');
    },
    { waits: 1 },
  );
  onTestFinished(() => over.abort());
  async function leaveBehind(): Promise<void> {
    const before = rested.length;
    const socket = await dial(port, get('/'));
    await vi.waitUntil(() => rested.length > before);
    socket.destroy();
    expect(rested.at(-1)).toBe(true);
  }
  // The server hears a little later that a client has left.
  for (let client = 1; client <= 3; client += 1) await vi.waitFor(leaveBehind);
});
