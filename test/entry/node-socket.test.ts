import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { connect } from '../../src/entry/node-socket.ts';

const servers: Server[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    server.close();
    await once(server, 'close');
  }
});

async function listen(serve: (socket: Socket) => void): Promise<{ host: string; port: number; tls: null }> {
  const server = createServer(serve).listen(0, '127.0.0.1');
  servers.push(server);
  await once(server, 'listening');
  return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, tls: null };
}

const never = new AbortController().signal;
const bytes = (text: string) => new TextEncoder().encode(text);

test('bytes go both ways, and the end is null', async () => {
  const address = await listen((socket) => {
    socket.once('data', (data) => socket.end(`got ${String(data)}`));
  });
  const socket = await connect(address, never);
  await socket.write(bytes('hello'));
  let text = '';
  for (let chunk = await socket.read(); chunk !== null; chunk = await socket.read())
    text += Buffer.from(chunk).toString();
  expect(text).toBe('got hello');
  expect(await socket.read()).toBeNull();
  socket.close();
  socket.close();
});

test('what is written before close still arrives', async () => {
  const received = Promise.withResolvers<number>();
  const address = await listen((socket) => {
    let size = 0;
    socket.on('data', (data) => (size += data.length));
    socket.on('close', () => received.resolve(size));
  });
  const socket = await connect(address, never);
  const written = socket.write(new Uint8Array(1_000_000));
  socket.close();
  await written;
  expect(await received.promise).toBe(1_000_000);
});

test('a reader is woken by close', async () => {
  const socket = await connect(await listen(() => {}), never);
  const reading = socket.read().catch(() => 'broken');
  socket.close();
  expect([null, 'broken']).toContain(await reading);
});

test('a peer that resets the connection breaks the next read, also when nobody was reading', async () => {
  const address = await listen((socket) => {
    socket.once('data', () => socket.resetAndDestroy());
  });
  const socket = await connect(address, never);
  await socket.write(bytes('x'));
  await expect(socket.read()).rejects.toMatchObject({ code: 'ECONNRESET' });
  await expect(socket.write(bytes('y'))).rejects.toThrow();
  socket.close();
});

test('a peer that is not read from is slowed down', async () => {
  const size = 64 * 1024 * 1024;
  let taken = 0;
  const address = await listen((socket) => {
    const chunk = Buffer.alloc(1024 * 1024);
    const send = () => {
      let goesOn = true;
      while (goesOn && taken < size) {
        taken += chunk.length;
        goesOn = socket.write(chunk);
      }
      if (goesOn) socket.end();
      else socket.once('drain', send);
    };
    socket.on('error', () => {});
    send();
  });
  const socket = await connect(address, never);
  await socket.read();
  // Nothing more is read; the peer stands still when the buffers are full.
  let before = -1;
  for (let look = 0; look < 100 && before !== taken; look += 1) {
    before = taken;
    for (let turn = 0; turn < 50; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  }
  expect(taken).toBeLessThan(size);
  socket.close();
});

test('a signal that aborts before or during the connection refuses it', async () => {
  await expect(connect(await listen(() => {}), AbortSignal.abort(new Error('no')))).rejects.toThrow('no');
  // A TLS handshake that the peer never answers.
  const address = { ...(await listen((socket) => void socket.on('error', () => {}))), tls: {} };
  const aborting = new AbortController();
  const connecting = connect(address, aborting.signal);
  aborting.abort(new Error('late'));
  await expect(connecting).rejects.toThrow('late');
});
