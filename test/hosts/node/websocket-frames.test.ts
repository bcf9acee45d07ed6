/**
 * The frames of RFC 6455 as servers send them well and badly, against the client that Node's runtime lends: what is
 * delivered, and with which code the connection ends.
 */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openWebSocket } from '../../../src/hosts/node/websocket.ts';

const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const MOST_BYTES = 100_000;

const [CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG] = [0, 1, 2, 8, 9, 10];

interface Parts {
  fin?: boolean;
  rsv?: number;
  masked?: boolean;
}

function frame(
  opcode: number,
  payload: string | Buffer = '',
  { fin = true, rsv = 0, masked = false }: Parts = {},
): Buffer {
  const body = Buffer.from(payload);
  const mask = masked ? 0x80 : 0;
  const length =
    body.length < 126
      ? Buffer.from([mask | body.length])
      : body.length < 65_536
        ? Buffer.from([mask | 126, body.length >> 8, body.length & 0xff])
        : Buffer.concat([Buffer.from([mask | 127]), bigEndian(body.length)]);
  const key = masked ? Buffer.alloc(4) : Buffer.alloc(0);
  return Buffer.concat([Buffer.from([(fin ? 0x80 : 0) | (rsv << 4) | opcode]), length, key, body]);
}

function bigEndian(length: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(length));
  return bytes;
}

const closing = (code: number, reason: string | Buffer = '') =>
  frame(CLOSE, Buffer.concat([Buffer.from([code >> 8, code & 0xff]), Buffer.from(reason)]));

let server: Server;
let script: (socket: Socket) => void = () => {};
const sockets = new Set<Socket>();

beforeAll(async () => {
  server = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    socket.once('data', (head: Buffer) => {
      const key = /sec-websocket-key: (.*)\r\n/i.exec(head.toString())?.[1] ?? '';
      const accept = createHash('sha1')
        .update(key + GUID)
        .digest('base64');
      const lines = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', 'Connection: Upgrade'];
      socket.write(`${lines.join('\r\n')}\r\nSec-WebSocket-Accept: ${accept}\r\n\r\n`);
      script(socket);
    });
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
});
afterAll(() => {
  for (const socket of sockets) socket.destroy();
  server.close();
});

interface Outcome {
  messages: string[];
  code: number;
  reason: string;
  /** Opcodes of the frames that the client sent, in order. */
  answered: number[];
}

/** What comes of the bytes that a server sends. It ends the connection when the client says goodbye, unless it stays. */
async function outcomeOf(sent: Buffer[], stays = false): Promise<Outcome> {
  const messages: string[] = [];
  const answered: number[] = [];
  script = (socket) => {
    socket.on('data', (bytes: Buffer) => {
      answered.push(...opcodesIn(bytes));
      if (!stays && answered.includes(CLOSE)) socket.end();
    });
    for (const bytes of sent) socket.write(bytes);
  };
  const { port } = server.address() as AddressInfo;
  const ended = Promise.withResolvers<{ code: number; reason: string }>();
  await openWebSocket(
    { url: `ws://127.0.0.1:${port}/`, protocols: [], headers: {}, addresses: null, maxMessageBytes: MOST_BYTES },
    {
      message: (data) => messages.push(typeof data === 'string' ? data : `bytes ${Buffer.from(data).toString('hex')}`),
      closed: (code, reason = '') => ended.resolve({ code, reason }),
    },
    new AbortController().signal,
  );
  return { messages, ...(await ended.promise), answered };
}

/** Client frames are masked, and those of these tests are short. */
function opcodesIn(bytes: Buffer): number[] {
  const found: number[] = [];
  for (let at = 0; at + 1 < bytes.length; at += 6 + ((bytes[at + 1] ?? 0) & 0x7f)) found.push((bytes[at] ?? 0) & 0x0f);
  return found;
}

const part = { fin: false };
const good = { code: 1000, reason: 'done' };
const failed = { code: 1006 };

describe('what is right', () => {
  test.each<[string, Buffer[], string[]]>([
    ['a text', [frame(TEXT, 'hello')], ['hello']],
    ['an empty text', [frame(TEXT)], ['']],
    [
      'a text of several frames',
      [frame(TEXT, 'a', part), frame(CONTINUATION, 'b', part), frame(CONTINUATION, 'c')],
      ['abc'],
    ],
    ['frames that are empty', [frame(TEXT, '', part), frame(CONTINUATION, '', part), frame(CONTINUATION, 'x')], ['x']],
    [
      'bytes of several frames',
      [frame(BINARY, Buffer.from([1]), part), frame(CONTINUATION, Buffer.from([2]))],
      ['bytes 0102'],
    ],
    [
      'a code point over two frames',
      [frame(TEXT, Buffer.from([0xe2, 0x82]), part), frame(CONTINUATION, Buffer.from([0xac]))],
      ['€'],
    ],
    ['a length of 16 bits', [frame(TEXT, 'x'.repeat(126))], ['x'.repeat(126)]],
    ['a length of 64 bits', [frame(TEXT, 'x'.repeat(70_000))], ['x'.repeat(70_000)]],
    ['as much as is allowed', [frame(TEXT, 'x'.repeat(MOST_BYTES))], ['x'.repeat(MOST_BYTES)]],
    ['a pong that nobody asked for', [frame(PONG, 'x'), frame(TEXT, 'a')], ['a']],
    ['several messages in one write', [Buffer.concat([frame(TEXT, 'a'), frame(TEXT, 'b')])], ['a', 'b']],
    ['a message byte by byte', [...frame(TEXT, 'abc')].map((byte) => Buffer.from([byte])), ['abc']],
    ['a byte order mark, which is left out', [frame(TEXT, '\uFEFFa')], ['a']],
  ])('%s', async (_what, sent, messages) => {
    expect(await outcomeOf([...sent, closing(1000, 'done')])).toMatchObject({ messages, ...good });
  });

  test('a ping between the frames of a message is answered, and the message is whole', async () => {
    const sent = [
      frame(TEXT, 'a', part),
      frame(PING, 'p'),
      frame(CONTINUATION, 'b', part),
      frame(PING),
      frame(CONTINUATION, 'c'),
    ];
    const { messages, code, answered } = await outcomeOf([...sent, closing(1000)]);
    expect([messages, code, answered]).toEqual([['abc'], 1000, [PONG, PONG, CLOSE]]);
  });

  test.each<[string, Buffer, { code: number; reason: string }]>([
    ['without a code', frame(CLOSE), { code: 1005, reason: '' }],
    ['with a code alone', closing(1001), { code: 1001, reason: '' }],
    ['with a reason', closing(4001, 'invalid api key'), { code: 4001, reason: 'invalid api key' }],
    ['with the longest reason', closing(3000, 'r'.repeat(123)), { code: 3000, reason: 'r'.repeat(123) }],
  ])('a close %s', async (_what, sent, told) => {
    expect(await outcomeOf([frame(TEXT, 'a'), sent])).toMatchObject({ messages: ['a'], ...told });
  });

  test('what comes behind a close is nothing', async () => {
    expect(await outcomeOf([closing(1001), frame(TEXT, 'late')])).toMatchObject({ messages: [], code: 1001 });
  });
});

test('a server that says goodbye and keeps the connection does not keep us', async () => {
  expect(await outcomeOf([frame(TEXT, 'a'), closing(4001, 'go')], true)).toMatchObject({ messages: ['a'], code: 4001 });
});

describe('what is wrong ends the connection, and delivers nothing of the message', () => {
  test.each<[string, Buffer[]]>([
    ['a continuation of nothing', [frame(CONTINUATION, 'b')]],
    ['a continuation behind a whole message', [frame(TEXT, 'a'), frame(CONTINUATION, 'b')]],
    ['a message within a message', [frame(TEXT, 'a', part), frame(TEXT, 'b')]],
    ['a text that is not UTF-8', [frame(TEXT, Buffer.from([0xc3, 0x28]))]],
    [
      'a text that is not UTF-8 over two frames',
      [frame(TEXT, Buffer.from([0xe2]), part), frame(CONTINUATION, Buffer.from([0x28]))],
    ],
    ['a surrogate in UTF-8', [frame(TEXT, Buffer.from([0xed, 0xa0, 0x80]))]],
    ['a reserved opcode', [frame(3, 'x')]],
    ['a reserved control opcode', [frame(11, 'x')]],
    ['a reserved bit', [frame(TEXT, 'x', { rsv: 1 })]],
    ['a compressed frame that nobody agreed on', [frame(TEXT, 'x', { rsv: 4 })]],
    ['a frame that is masked', [frame(TEXT, 'x', { masked: true })]],
    ['a ping that is too long', [frame(PING, 'x'.repeat(126))]],
    ['a ping of several frames', [frame(PING, 'x', part)]],
    ['more than is allowed', [frame(TEXT, 'x'.repeat(MOST_BYTES + 1))]],
    ['more than is allowed over two frames', [frame(TEXT, 'x'.repeat(MOST_BYTES), part), frame(CONTINUATION, 'x')]],
    ['a close with half a code', [frame(CLOSE, 'x')]],
    ['a close with a code that may not be sent', [closing(1005)]],
    ['a close with a code that does not exist', [closing(999)]],
    ['a close with a reason that is not UTF-8', [closing(1000, Buffer.from([0xc3, 0x28]))]],
  ])('%s', async (_what, sent) => {
    const before = sent[0]?.[0] === (0x80 | TEXT) && sent.length === 2 ? ['a'] : [];
    expect(await outcomeOf(sent)).toMatchObject({ messages: before, ...failed });
  });
});
