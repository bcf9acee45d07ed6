/** WebSockets on Node: pinned to the addresses that were checked, held when told, and gone when given up. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WebSocketListener } from '../../../src/base/runtime.ts';
import { openWebSocket } from '../../../src/hosts/node/websocket.ts';
import { flood, type SocketSource, startSocketSource } from '../../services/websocket-feed.ts';

let source: SocketSource;
beforeAll(async () => {
  source = await startSocketSource();
});
afterAll(() => source.close());

const never = new AbortController().signal;
const silent: WebSocketListener = { message: () => {}, closed: () => {} };
const request = (path: string, host = source.host) => ({
  url: `ws://${host}${path}`,
  protocols: [],
  headers: {},
  addresses: ['127.0.0.1'],
  maxMessageBytes: 1_000_000,
});

test('the connection goes to an address that was checked, whatever the name leads to', async () => {
  const port = source.host.split(':')[1];
  const opening = await openWebSocket(request('/pinned', `nowhere.invalid:${port}`), silent, never);
  expect(opening.kind).toBe('open');
  expect(source.handshakes.at(-1)).toMatchObject({ path: '/pinned', headers: { host: `nowhere.invalid:${port}` } });
  if (opening.kind === 'open') opening.socket.destroy();
  // Nobody listens there, though somebody does where the name leads to.
  const other = { ...request('/pinned', `localhost:${port}`), addresses: ['127.0.0.2'] };
  await expect(openWebSocket(other, silent, never)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('a server is held while nobody takes, and goes on when somebody does', async () => {
  const sent: (() => number)[] = [];
  let received = 0;
  source.on('/flood', (peer) => void sent.push(flood(peer, () => 'x'.repeat(1_000), 1_000_000)));
  const opening = await openWebSocket(request('/flood'), { ...silent, message: () => (received += 1) }, never);
  if (opening.kind !== 'open') throw new Error('it was refused');
  const { socket } = opening;
  await expect.poll(() => received).toBeGreaterThan(100);
  socket.hold?.(true);
  const held = received;
  // Once the buffers of both kernels are full, the server cannot send any more.
  let before = -1;
  await expect
    .poll(
      () => {
        const stands = sent[0]?.() === before;
        before = sent[0]?.() ?? 0;
        return stands;
      },
      { interval: 100, timeout: 10_000 },
    )
    .toBe(true);
  expect(received).toBe(held);
  socket.hold?.(false);
  await expect.poll(() => received).toBeGreaterThan(held);
  socket.destroy();
});

test('a handshake that is given up leaves no connection behind', async () => {
  const stop = new AbortController();
  const hanging = openWebSocket(request('/hang'), silent, stop.signal);
  stop.abort(new Error('the burst is over'));
  await expect(hanging).rejects.toThrow('the burst is over');
  await expect.poll(() => source.peers.filter(({ tcp }) => !tcp.destroyed)).toEqual([]);
});

test('messages that come with the handshake are not lost, and the end is told once', async () => {
  source.on('/quick', ({ send, socket }) => {
    send('a', 'b');
    socket.close(4_001);
  });
  const told: (string | Uint8Array | number)[] = [];
  const listener = {
    message: (data: string | Uint8Array) => told.push(data),
    closed: (code: number) => told.push(code),
  };
  const opening = await openWebSocket(request('/quick'), listener, never);
  await expect.poll(() => told).toEqual(['a', 'b', 4_001]);
  if (opening.kind !== 'open') throw new Error('it was refused');
  const { socket } = opening;
  expect(() => socket.send('too late')).toThrow('the connection is closed');
  socket.close(1_000);
  socket.destroy();
  expect(told).toHaveLength(3);
});
