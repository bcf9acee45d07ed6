/** WebSocket feeds against a real server, over the client that Node's runtime lends: what each misbehaviour becomes. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { BurstContext } from '../../../src/declare/feed.ts';
import { openWebSocket } from '../../../src/hosts/node/websocket.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createWebSocketDial } from '../../../src/net/websocket-dial.ts';
import { websocket, type WebSocketOptions } from '../../../src/feeds/websocket/feed.ts';
import { type Behaviour, type SocketSource, startSocketSource } from '../../services/websocket-feed.ts';
import { runBurst } from '../run/burst-context.ts';

let source: SocketSource;
let paths = 0;
beforeAll(async () => {
  source = await startSocketSource();
});
afterAll(() => source.close());

const webSocket = createWebSocketDial({ ...systemRuntime(() => {}), openWebSocket });

/** A burst of a feed on a path of its own, that is over after `timeMs`. */
async function burst(
  behaviour: Behaviour,
  options: Partial<WebSocketOptions> = {},
  more: Partial<BurstContext> & { timeMs?: number } = {},
) {
  const path = `/p${(paths += 1)}`;
  source.on(path, behaviour);
  const { timeMs = 400, ...changes } = more;
  const budget = { timeMs, events: 10_000, bytes: 10 * 1024 * 1024, ...changes.budget };
  const feed = websocket({ url: `${source.origin}${path}?key=hidden`, allow: [source.host], ...options });
  expect(feed.problems([])).toEqual([]);
  const seen = { peers: source.peers.length, handshakes: source.handshakes.length };
  const deadline = Date.now() + timeMs;
  const done = await runBurst(feed, { webSocket, random: () => 0, deadline, ...changes, budget });
  return {
    ...done,
    data: done.items.filter((item) => !item.meta?.gap).map((item) => item.data),
    gaps: done.items.flatMap((item) => item.meta?.gap ?? []),
    invalid: done.items.flatMap((item) => item.invalid?.reason ?? []),
    peers: source.peers.slice(seen.peers),
    handshakes: source.handshakes.slice(seen.handshakes),
    source: feed.source,
  };
}

const hello = { n: 1 };

describe('a well-behaved server', () => {
  test('is subscribed to with headers, messages and a subprotocol, and told goodbye', async () => {
    const before = source.closes.length;
    const done = await burst(
      ({ socket, send }) =>
        socket.on('message', (data: Buffer) => {
          if (data.toString().includes('subscribe')) send({ type: 'ok' }, hello, { type: 'beat' }, { n: 2 });
        }),
      {
        headers: { Authorization: 'Bearer token' },
        protocols: ['quotes.v1'],
        subscribe: [{ do: 'subscribe', to: 'all' }, 'plain'],
        unsubscribe: { do: 'un' },
        acknowledged: { type: 'ok' },
        ignore: { type: 'beat' },
      },
    );
    expect(done.error).toBeNull();
    expect(done.data).toEqual([hello, { n: 2 }]);
    expect(done.gaps).toEqual([]);
    // The burst does not wait until the server has heard the last of it.
    await expect.poll(() => done.peers[0]?.said).toEqual(['{"do":"subscribe","to":"all"}', 'plain', '{"do":"un"}']);
    expect(done.handshakes[0]?.headers).toMatchObject({
      authorization: 'Bearer token',
      'sec-websocket-protocol': 'quotes.v1',
    });
    await expect.poll(() => source.closes.slice(before)).toEqual([1000]);
    expect(done.batches.at(-1)).toMatchObject({ last: true });
    expect(done.source).not.toContain('hidden');
  });

  test('items are where the path says, one or several a message, and lines where a message holds such', async () => {
    const nested = await burst(({ send }) => send({ data: { rows: [1, 2] } }, { data: { rows: 3 } }, { data: {} }), {
      items: 'data.rows',
    });
    expect(nested.data).toEqual([1, 2, 3, { data: {} }]);
    expect(nested.invalid).toEqual(['no_items']);
    const lines = await burst(({ send }) => send('{"n":1}\n{"n":2}\nnot json\n'), { payload: 'ndjson' });
    expect(lines.data.slice(0, 2)).toEqual([hello, { n: 2 }]);
    expect(lines.invalid).toHaveLength(1);
  });

  test('binary messages are read as the payload says', async () => {
    const bytes = Buffer.from('{"n":1}');
    const send: Behaviour = ({ socket }) => socket.send(bytes);
    expect((await burst(send)).data).toEqual([hello]);
    expect((await burst(send, { payload: 'text' })).data).toEqual([{ value: '{"n":1}' }]);
    expect((await burst(send, { payload: 'binary' })).data).toEqual([{ value: bytes.toString('base64') }]);
    expect((await burst(({ socket }) => socket.send(Buffer.from([0xff, 0xfe])))).invalid).toEqual([
      'a binary message that is not UTF-8',
    ]);
  });

  test('the heartbeat is sent, and an answer to it keeps the connection', async () => {
    const done = await burst(
      ({ socket, send }) => socket.on('message', () => send({ type: 'pong' })),
      { heartbeat: { everyMs: 40, message: { type: 'ping' }, expectMs: 40 }, ignore: { type: 'pong' } },
      { timeMs: 300 },
    );
    expect(done.peers).toHaveLength(1);
    expect(done.peers[0]?.said.length).toBeGreaterThanOrEqual(3);
    expect(done.items).toEqual([]);
  });
});

describe('a server that misbehaves', () => {
  test('that drops, is connected to again, and the time between is a gap', async () => {
    const done = await burst(
      ({ number, send, tcp, socket }) => {
        send({ n: number });
        if (source.peers.length % 2 === 1) socket.once('message', () => tcp.destroy());
      },
      { subscribe: 'hi' },
      { timeMs: 1_500 },
    );
    expect(done.error).toBeNull();
    expect(done.peers.length).toBeGreaterThanOrEqual(2);
    expect(done.data).toEqual(done.peers.map(({ number }) => ({ n: number })));
    expect(done.gaps).toEqual(
      done.peers.slice(1).map(() => ({ reason: 'not_listening', detail: expect.stringContaining('nobody listened') })),
    );
  });

  test('that stalls, is connected to again, a bounded number of times', async () => {
    const done = await burst(({ send }) => send(hello), { idleMs: 40, reconnects: 1 }, { timeMs: 3_000 });
    expect(done.peers).toHaveLength(2);
    expect(done.error).toMatchObject({ code: 'upstream', field: 'idleMs' });
    expect(done.data).toEqual([hello, hello]);
  });

  test('that leaves a heartbeat unanswered, is connected to again', async () => {
    const heartbeat = { everyMs: 30, message: 'ping', expectMs: 30 };
    const done = await burst(() => {}, { heartbeat, reconnects: 1 }, { timeMs: 3_000 });
    expect(done.peers).toHaveLength(2);
    expect(done.error).toMatchObject({ field: 'heartbeat.expectMs' });
  });

  test('that never acknowledges, or says no, fails the burst with the field', async () => {
    const silent = await burst(() => {}, { acknowledged: { ok: true }, answerMs: 50, reconnects: 0 });
    expect(silent.error).toMatchObject({ code: 'upstream', field: 'answerMs' });
    const no = await burst(({ send }) => send({ ok: false }), { acknowledged: { ok: true }, refused: { ok: false } });
    expect(no.error).toMatchObject({ code: 'upstream', field: 'subscribe' });
    expect(no.peers).toHaveLength(1);
  });

  test('that sends garbage, makes dead letters and no more', async () => {
    const done = await burst(({ send }) => send('{"n":', hello, 'x'.repeat(2_000), { n: 2 }), {
      maxMessageBytes: 1_000,
    });
    expect(done.error).toBeNull();
    expect(done.peers).toHaveLength(1);
    expect(done.data).toEqual(['{"n":', hello, 'x'.repeat(500), { n: 2 }]);
    expect(done.invalid).toEqual(['a message that is not JSON', 'a message of 2000 bytes']);
  });

  test.each<[string, Behaviour]>([
    ['half a message', ({ tcp }) => void tcp.write(Buffer.from([0x01, 0x03, 0x61, 0x62, 0x63]), () => tcp.destroy())],
    ['a frame that breaks off', ({ tcp }) => void tcp.write(Buffer.from([0x81, 0x7e, 0x01]), () => tcp.destroy())],
    ['text that is not UTF-8', ({ tcp }) => void tcp.write(Buffer.from([0x81, 0x02, 0xff, 0xff]))],
    ['what is no frame', ({ tcp }) => void tcp.write('HTTP/1.1 200 OK\r\n\r\n')],
    ['a message above all bounds', ({ socket }) => socket.send('x'.repeat(5 * 1024 * 1024))],
  ])('that sends %s, is connected to again', async (_, misbehave) => {
    const done = await burst(
      (peer) => {
        if (source.peers.length % 2 === 1) peer.send(hello);
        misbehave(peer);
      },
      { reconnects: 1 },
      { timeMs: 2_000 },
    );
    expect(done.peers).toHaveLength(2);
    expect(done.data).toEqual([hello]);
    expect(done.error).toMatchObject({ code: 'upstream' });
  });

  test.each([
    [1001, 2, null],
    [1012, 2, null],
    [1008, 1, 7_000],
    [1013, 1, 7_000],
  ])('that closes with %i, is connected to %i times and given a pause of %s', async (code, times, pause) => {
    const options = { reconnects: 1, pauseMs: 7_000 };
    const done = await burst(
      ({ send, socket }) => {
        send(hello);
        socket.close(code, 'key hidden is bad');
      },
      options,
      { timeMs: 2_000 },
    );
    expect(done.peers).toHaveLength(times);
    expect(done.data).toHaveLength(times);
    expect(done.error).toMatchObject({ code: 'upstream', retryAfterMs: pause });
    expect(String(done.error)).toContain(String(code));
    expect(String(done.error)).not.toContain('hidden');
  });

  test.each([
    [429, { 'Retry-After': '7' }, 1, 7_000],
    [429, {}, 1, 60_000],
    [401, {}, 1, null],
    [302, { Location: 'ws://127.0.0.1:1/' }, 1, null],
    [503, {}, 2, null],
  ])('that answers the handshake with %i %o, is asked %i times', async (status, headers, times, pause) => {
    const path = `/no${(paths += 1)}`;
    source.refuse(path, status, headers);
    const before = source.handshakes.length;
    const url = `${source.origin}${path}?key=hidden`;
    const feed = websocket({ url, allow: [source.host], reconnects: 1 });
    const { error } = await runBurst(feed, { webSocket, random: () => 0 });
    expect(error).toMatchObject({ code: 'upstream', retryAfterMs: pause });
    expect(String(error)).toContain(String(status));
    expect(String(error)).not.toContain('hidden');
    expect(source.handshakes.length - before).toBe(times);
  });

  test('that does not listen at all, is an upstream failure without secrets', async () => {
    const feed = websocket({ url: 'ws://127.0.0.1:1/a?key=hidden', allow: ['127.0.0.1:1'], reconnects: 0 });
    const { error } = await runBurst(feed, { webSocket });
    expect(error).toMatchObject({ code: 'upstream' });
    expect(String(error)).toMatch(/ws:\/\/127\.0\.0\.1:1(?!\/)/);
    expect(String(error)).not.toContain('hidden');
  });
});
