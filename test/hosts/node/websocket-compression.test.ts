/** Compressed messages (RFC 7692): every message comes whole, whatever a peer does that may compress. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { deflateRawSync } from 'node:zlib';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { openWebSocket } from '../../../src/hosts/node/websocket.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MESSAGES = ['{"v":1}', '{"v":2}', '{"v":3}'];
const OFFER = 'sec-websocket-extensions';

let server: Server;
const sockets = new Set<Socket>();
/** Whether the peer compresses though nobody offered it. */
let isForced = false;

/** A text in one frame; compressed, its data end with a final block, as 7.2.3.4 allows. */
function frameOf(text: string, isCompressed: boolean): Buffer {
  const body = isCompressed ? Buffer.concat([deflateRawSync(text), Buffer.from([0])]) : Buffer.from(text);
  return Buffer.concat([Buffer.from([isCompressed ? 0xc1 : 0x81, body.length]), body]);
}

beforeEach(async () => {
  isForced = false;
  server = createServer();
  server.on('upgrade', ({ headers }, socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    const isCompressed = isForced || (headers[OFFER] ?? '').includes('permessage-deflate');
    const accept = createHash('sha1').update(`${headers['sec-websocket-key']}${GUID}`).digest('base64');
    const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
    if (isCompressed) lines.push('Sec-WebSocket-Extensions: permessage-deflate');
    socket.write(`${lines.join('\r\n')}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
    for (const text of MESSAGES) socket.write(frameOf(text, isCompressed));
    socket.write(Buffer.from([0x88, 2, 1000 >> 8, 1000 & 0xff]));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterEach(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

async function messagesOf(headers: Record<string, string>): Promise<string[]> {
  const { port } = server.address() as AddressInfo;
  const messages: string[] = [];
  const closed = Promise.withResolvers<void>();
  await openWebSocket(
    { url: `ws://127.0.0.1:${port}/`, protocols: [], headers, addresses: null, maxMessageBytes: 1_000 },
    { message: (data) => messages.push(String(data)), closed: () => closed.resolve() },
    new AbortController().signal,
  );
  await closed.promise;
  return messages;
}

test('messages of a peer that compresses where it may come whole', async () => {
  expect(await messagesOf({})).toEqual(MESSAGES);
});

test('an app offers no compression by a header of its own either', async () => {
  expect(await messagesOf({ 'Sec-WebSocket-Extensions': 'permessage-deflate' })).toEqual(MESSAGES);
});

test('a peer that compresses though nobody offered it is refused', async () => {
  isForced = true;
  await expect(messagesOf({})).rejects.toThrow('an extension that was not asked for');
});

test('a peer that refuses the handshake is told of by its status', async () => {
  server.removeAllListeners('upgrade');
  server.on('upgrade', (_request, socket: Socket) => {
    sockets.add(socket);
    socket.end('HTTP/1.1 429 Too Many Requests\r\nRetry-After: 7\r\nContent-Length: 0\r\n\r\n');
  });
  const { port } = server.address() as AddressInfo;
  const request = {
    url: `ws://127.0.0.1:${port}/`,
    protocols: [],
    headers: {},
    addresses: null,
    maxMessageBytes: 1_000,
  };
  const listener = { message: () => {}, closed: () => {} };
  expect(await openWebSocket(request, listener, new AbortController().signal)).toEqual({
    kind: 'refused',
    status: 429,
    retryAfter: '7',
  });
});
