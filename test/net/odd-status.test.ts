/** Status lines as no server should send them: each is an answer, or an error of the upstream that says what is wrong. */
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { expect, onTestFinished, test } from 'vitest';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { createGuardedFetch } from '../../src/net/guarded-fetch.ts';

const NO_HTTP = /cannot be read: what it answered is no HTTP$/;
const NO_STATUS = /cannot be read: it answered with the status \d+, which HTTP does not have$/;

async function answered(head: string): Promise<string | RegExp> {
  const server = createServer((socket) => {
    socket.on('error', () => {});
    socket.once('data', () => socket.end(Buffer.from(`${head}\r\nContent-Length: 2\r\n\r\nok`, 'latin1')));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => void server.close());
  const host = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  const fetch = createGuardedFetch(nodeRuntime(() => {}));
  const response = await fetch(`http://${host}/`, { allow: [host], timeoutMs: 5_000 });
  return `${response.status} ${await response.text()}`;
}

test.each([
  ['HTTP/1.1 200', '200 ok'],
  ['HTTP/1.1 200 na\u00efve', '200 ok'],
  ['HTTP/1.1 200 \u0001', '200 ok'],
  ['HTTP/0.9 200 OK', '200 ok'],
])('%j is an answer', async (head, told) => {
  expect(await answered(head)).toBe(told);
});

test.each([
  ['HTTP/1.1 999 Request denied', NO_STATUS],
  ['HTTP/1.1 600 Odd', NO_STATUS],
  ['HTTP/1.1 199 Odd', NO_HTTP],
  ['HTTP/1.1 101 Switching Protocols', NO_HTTP],
  ['HTTP/1.1 099 Odd', NO_HTTP],
  ['HTTP/1.1 20 Odd', NO_HTTP],
  ['HTTP/1.1 2000 Odd', NO_HTTP],
  ['HTTP/2 200 OK', NO_HTTP],
  ['ICY 200 OK', NO_HTTP],
  ['hello', NO_HTTP],
  ['HTTP/1.1 100 Continue', /cannot be read: the other side closed/],
])('%j is an error of the upstream', async (head, told) => {
  await expect(answered(head)).rejects.toMatchObject({
    code: 'upstream',
    message: expect.stringMatching(told) as string,
  });
});
