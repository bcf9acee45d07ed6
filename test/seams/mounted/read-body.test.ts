/** An app behind what has read the bodies of its requests: each parser of Express, and frameworks that keep a body elsewhere. */
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gzipSync } from 'node:zlib';
import express, { type RequestHandler } from 'express';
import { createHost, systemRuntime } from 'tidegate/host';
import { nodeListener } from 'tidegate/node';
import { createMemoryStore } from 'tidegate/store';
import { expect, onTestFinished, test } from 'vitest';
import { app, CALL } from './app.ts';

function mounted() {
  const host = createHost({ app, store: createMemoryStore(), runtime: systemRuntime(() => {}) });
  onTestFinished(() => host.close());
  return nodeListener(host);
}

/** Sends to that server, which ends with the test. */
async function served(answer: RequestListener): Promise<(init: RequestInit) => Promise<Response>> {
  const server = createServer(answer).listen(0, '127.0.0.1');
  onTestFinished(() => void server.close());
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address() as AddressInfo;
  return (init) => fetch(`http://127.0.0.1:${port}/mcp`, init);
}

const behind = (...parsers: RequestHandler[]) => served(express().use(...parsers, mounted()));

/** As some platforms hand on a request: the text beside what was parsed of it. */
const keepsText = express.json({
  verify: (request, _response, bytes) => void Object.assign(request, { rawBody: bytes }),
});

const PARSERS: Record<string, RequestHandler[]> = {
  'no parser': [],
  'express.json()': [express.json()],
  'express.text()': [express.text({ type: '*/*' })],
  'express.raw()': [express.raw({ type: '*/*' })],
  'express.json() that keeps the text': [keepsText],
  'a parser of something else': [express.urlencoded()],
};

test.each(Object.entries(PARSERS))('a tool is called behind %s', async (_name, parsers) => {
  const send = await behind(...parsers);
  const called = await send(CALL);
  expect(called.status).toBe(200);
  expect(await called.text()).toContain('hello');
  expect((await send({ method: 'GET' })).status).toBe(405);
  // What is no message stays one that is refused.
  const wrong = await send({ ...CALL, body: '{"jsonrpc":"2.0","id":7}' });
  expect([wrong.status, ((await wrong.json()) as { error: { code: number } }).error.code]).toEqual([400, -32_600]);
});

test.each(['express.json()', 'express.text()', 'express.raw()'])('%s may have unpacked it', async (name) => {
  const send = await behind(...(PARSERS[name] ?? []));
  const headers = { ...CALL.headers, 'Content-Encoding': 'gzip' };
  expect((await send({ ...CALL, headers, body: gzipSync(CALL.body) })).status).toBe(200);
});

/** A body of that many bytes, whatever is read of it. */
const padded = (bytes: number) => CALL.body.replace('{}', `{"pad":"${'x'.repeat(bytes - CALL.body.length - 8)}"}`);

test.each([
  ['express.json()', express.json({ limit: '10mb' })],
  ['express.text()', express.text({ limit: '10mb', type: '*/*' })],
  ['express.raw()', express.raw({ limit: '10mb', type: '*/*' })],
])('the limit of bytes holds behind %s', async (_name, parser) => {
  const send = await behind(parser);
  expect((await send({ ...CALL, body: padded(1_000_000) })).status).toBe(200);
  expect((await send({ ...CALL, body: padded(9_000_000) })).status).toBe(413);
});

const LARGE_ID = '12345678901234567890123';

test.each(['no parser', 'express.text()', 'express.raw()', 'express.json() that keeps the text'])(
  'an id that a double cannot hold is refused as it was sent behind %s',
  async (name) => {
    const send = await behind(...(PARSERS[name] ?? []));
    const refused = await send({ ...CALL, body: CALL.body.replace('"id":1', `"id":${LARGE_ID}`) });
    expect(((await refused.json()) as { error: { code: number } }).error.code).toBe(-32_600);
  },
);

async function textOf(incoming: IncomingMessage): Promise<string> {
  let text = '';
  for await (const chunk of incoming) text += String(chunk);
  return text;
}

test.each([
  ['a value', (text: string): unknown => JSON.parse(text)],
  ['a text', (text: string): unknown => text],
  ['bytes', (text: string): unknown => Buffer.from(text)],
])('a body that a framework keeps beside the request is passed as %s', async (_name, made) => {
  const listener = mounted();
  const send = await served((incoming, outgoing) => {
    void textOf(incoming).then((text) => listener(incoming, outgoing, made(text)));
  });
  expect(await (await send(CALL)).text()).toContain('hello');
});

test('where the body was read and nothing of it is left, the server is at fault, and says what to do', async () => {
  const listener = mounted();
  const send = await served((incoming, outgoing) => {
    void textOf(incoming).then(() => listener(incoming, outgoing));
  });
  const answer = await send(CALL);
  const { error } = (await answer.json()) as { error: { code: number; data: { expected: string } } };
  expect([answer.status, error.code]).toEqual([500, -32_603]);
  expect(error.data.expected).toContain('request.body');
  // What has no body lost none.
  const others = ['GET', 'DELETE', 'OPTIONS'].map(async (method) => (await send({ method })).status);
  expect(await Promise.all(others)).toEqual([405, 405, 204]);
  expect((await send({ ...CALL, body: '' })).status).toBe(400);
});

test('a call whose caller leaves hears of it, also behind a parser', async () => {
  const leaving = new AbortController();
  const heard = Promise.withResolvers<void>();
  const fetch = async ({ signal }: Request) => {
    signal.addEventListener('abort', () => heard.resolve(), { once: true });
    leaving.abort();
    await heard.promise;
    return new Response();
  };
  const send = await served(express().use(express.json(), nodeListener({ fetch })));
  await expect(send({ ...CALL, signal: leaving.signal })).rejects.toThrow('aborted');
  await heard.promise;
});
