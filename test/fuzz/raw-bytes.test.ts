/** Bytes that are hardly HTTP, on a real socket: the server answers or hangs up, stays in form, and serves whoever comes next. */
import { connect } from 'node:net';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sampleApp } from '../mcp/sample-app.ts';
import { type Served, serveApp } from '../mcp/served.ts';
import { randomFrom } from '../mcp/serve/wrong-messages.ts';
import type { Random } from './arguments.ts';

const SEED = 20_261_121;
const ROUNDS = 1_000;
const AT_ONCE = 8;

let served: Served;
beforeAll(async () => {
  served = await serveApp(sampleApp);
});
afterAll(() => served.close());

const BODY = '{"jsonrpc":"2.0","id":1,"method":"ping"}';
const LINES = [
  'POST /mcp HTTP/1.1',
  'Host: 127.0.0.1',
  'Content-Type: application/json',
  `Content-Length: ${BODY.length}`,
  'Connection: close',
  '',
  BODY,
];
const PARTS = [
  '\r\n',
  '\n',
  '\0',
  ' ',
  ':',
  'Content-Length: 99999999',
  'Content-Length: -1',
  'Transfer-Encoding: chunked',
  'Expect: 100-continue',
  'Upgrade: websocket',
  'GET / HTTP/0.9',
  'x'.repeat(20_000),
  '%ff',
  '\u00ff\u0001',
];

function wrongBytes(random: Random): Buffer {
  const lines = [...LINES];
  for (let count = random(3); count > 0; count -= 1) lines[random(lines.length)] = PARTS[random(PARTS.length)] ?? '';
  if (random(3) === 0) lines.splice(random(lines.length), random(2), PARTS[random(PARTS.length)] ?? '');
  const bytes = Buffer.from(lines.join('\r\n'), 'latin1');
  for (let count = random(4); count > 0; count -= 1) bytes[random(bytes.length)] = random(256);
  return random(5) === 0 ? bytes.subarray(0, random(bytes.length)) : bytes;
}

/** What the server sends until it hangs up; this side hangs up first where it got half a request. */
function exchange(port: number, bytes: Buffer): Promise<string> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(port, '127.0.0.1', () => socket.end(bytes));
    socket.on('data', (chunk) => (text += chunk.toString('latin1')));
    socket.on('error', () => resolve(text));
    socket.on('close', () => resolve(text));
  });
}

it(`answers ${ROUNDS} messages that are hardly HTTP, and goes on (seed ${SEED})`, async () => {
  const random = randomFrom(SEED);
  const port = Number(new URL(served.url).port);
  const statuses = new Map<string, number>();
  for (let sent = 0; sent < ROUNDS; sent += AT_ONCE) {
    const all = Array.from({ length: AT_ONCE }, () => wrongBytes(random));
    const answers = await Promise.all(all.map(async (bytes) => ({ bytes, text: await exchange(port, bytes) })));
    for (const { bytes, text } of answers) {
      const status = /^HTTP\/1\.[01] (\d{3})/.exec(text)?.[1] ?? 'none';
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      expect(
        status < '500' || status === 'none',
        `${bytes.toString('latin1').slice(0, 500)} -> ${text.slice(0, 300)}`,
      ).toBe(true);
    }
  }
  expect([...statuses.keys()]).toEqual(expect.arrayContaining(['200', '400', '415']));
  expect(served.logged.filter(({ level }) => level === 'error')).toEqual([]);
  expect((await served.call('server/discover')).status).toBe(200);
});
