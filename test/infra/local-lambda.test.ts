/** The emulation of Lambda that the entry suite rests on: events and answers as the platform makes them, and what it does with functions that fail. */
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { get as httpGet, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { type LambdaOptions, type RunningLambda, startLambda } from '../../infra/local/lambda.ts';

const FUNCTIONS = `
const streamed = (head, work) => awslambda.streamifyResponse(async (event, raw, context) =>
  work(head === null ? raw : awslambda.HttpResponseStream.from(raw, head), event, context));
export const echo = async (event) => ({ statusCode: 200, headers: { 'content-type': 'application/json' }, body: JSON.stringify(event) });
export const bytes = async () => ({ statusCode: 201, body: Buffer.from([0, 255]).toString('base64'), isBase64Encoded: true, cookies: ['a=1', 'b=2'] });
export const context = async (_event, context) => ({ left: context.getRemainingTimeInMillis(), id: context.awsRequestId });
export const fails = async () => { throw new TypeError('as it should'); };
export const loud = async () => { process.stdout.write('x'.repeat(200_000) + '\\n' + 'short\\n'); return null; };
let calls = 0;
export const hangsOnce = async () => { console.log('begun'); if (process.env.HANG === 'yes') await new Promise(() => {}); return (calls += 1); };
export const whole = streamed({ statusCode: 203, headers: { 'x-a': '1' }, cookies: ['c=1', 'd=2'] }, (stream) => { stream.write('one '); stream.write('two'); stream.end(); });
export const empty = streamed({ statusCode: 204, headers: {} }, (stream) => { stream.write(''); stream.end(); });
export const breaks = streamed({ statusCode: 200, headers: {} }, async (stream) => { stream.write('begun'); await new Promise((r) => setTimeout(r, 50)); throw new Error('in the middle'); });
export const late = streamed({ statusCode: 200, headers: {} }, async (stream) => { stream.write('begun'); await new Promise(() => {}); });
export const refuses = streamed(null, async () => { throw new Error('before anything was written'); });
export const much = streamed({ statusCode: 200, headers: {} }, async (stream) => {
  let written = 0;
  for (let i = 0; i < 2_000; i += 1) {
    written += 16_384;
    if (!stream.write(Buffer.alloc(16_384))) { console.log('waits after ' + written); await new Promise((r) => stream.once('drain', r)); }
  }
  stream.end();
});
`;

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'tidegate-functions-'));
  writeFileSync(join(folder, 'f.mjs'), FUNCTIONS);
  writeFileSync(join(folder, 'broken.mjs'), 'throw new Error("at its start")');
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

async function run(name: string, more: Partial<LambdaOptions> = {}): Promise<RunningLambda> {
  const lambda = await startLambda({ folder, handler: `f.${name}`, environment: {}, timeoutMs: 10_000, ...more });
  onTestFinished(() => lambda.stop());
  return lambda;
}

test('a request is an event of payload format 2.0', async () => {
  const { url } = await run('echo');
  const ask = async (init: RequestInit, path = '/a%20b?x=1&x=%26') => (await fetch(url + path, init)).json();
  const headers = { Cookie: 'a=1; b=2', 'Content-Type': 'application/json', 'X-Name': 'Wert' };
  expect(await ask({ method: 'POST', headers, body: '{"ä":1}' })).toMatchObject({
    version: '2.0',
    rawPath: '/a%20b',
    rawQueryString: 'x=1&x=%26',
    cookies: ['a=1', 'b=2'],
    headers: { 'x-name': 'Wert', 'x-forwarded-proto': 'http' },
    requestContext: { http: { method: 'POST' }, domainName: new URL(url).host },
    body: '{"ä":1}',
    isBase64Encoded: false,
  });
  const type = { 'Content-Type': 'application/octet-stream' };
  expect(await ask({ method: 'PUT', headers: type, body: Uint8Array.from([0, 255]) })).toMatchObject({
    body: 'AP8=',
    isBase64Encoded: true,
  });
  expect(await ask({})).not.toHaveProperty('body');
});

test('an answer at once has its status, its bytes and each cookie', async () => {
  const response = await fetch((await run('bytes')).url);
  expect([response.status, response.headers.getSetCookie()]).toEqual([201, ['a=1', 'b=2']]);
  expect(new Uint8Array(await response.arrayBuffer())).toEqual(Uint8Array.from([0, 255]));
});

test('a streamed answer has them too, also where nothing follows the head', async () => {
  const response = await fetch((await run('whole')).url);
  expect([response.status, response.headers.get('x-a'), response.headers.getSetCookie()]).toEqual([
    203,
    '1',
    ['c=1', 'd=2'],
  ]);
  expect(await response.text()).toBe('one two');
  expect((await fetch((await run('empty')).url)).status).toBe(204);
});

test('an event of any kind has a context, and time that runs out', async () => {
  const lambda = await run('context', { timeoutMs: 5_000 });
  const first = (await lambda.invoke({})) as { left: number; id: string };
  expect(first.left).toBeGreaterThan(3_000);
  expect(first.left).toBeLessThanOrEqual(5_000);
  expect((await lambda.invoke({})) as object).not.toMatchObject({ id: first.id });
});

test('a function that fails is 502, one that fails in the middle breaks off, and both go on', async () => {
  const failing = await run('fails');
  await expect(failing.invoke({})).rejects.toThrow('TypeError: as it should');
  expect((await fetch(failing.url)).status).toBe(502);
  expect((await fetch((await run('refuses')).url)).status).toBe(502);
  const breaking = await run('breaks');
  for (let call = 0; call < 2; call += 1) {
    const response = await fetch(breaking.url);
    expect(response.status).toBe(200);
    await expect(response.text()).rejects.toThrow();
  }
});

test('one that lasts too long is ended with its process, and another one takes its place', async () => {
  const hanging = await run('hangsOnce', { environment: { HANG: 'yes' }, timeoutMs: 300, concurrency: 1 });
  for (let call = 0; call < 2; call += 1) expect((await fetch(hanging.url)).status).toBe(502);
  expect(hanging.lines.filter((line) => line === 'begun')).toHaveLength(2);
  const response = await fetch((await run('late', { timeoutMs: 300 })).url);
  await expect(response.text()).rejects.toThrow();
});

test('a function whose start fails is told at the start', async () => {
  await expect(run('', { handler: 'broken.stream' })).rejects.toThrow('at its start');
  await expect(run('nothing')).rejects.toThrow('exports no function nothing');
});

test('an instance serves one after the other, as many as may be at once, and is replaced', async () => {
  const lambda = await run('hangsOnce', { concurrency: 1 });
  const answers = await Promise.all([1, 2, 3].map(() => lambda.invoke({})));
  expect(answers).toEqual([1, 2, 3]);
  await lambda.recycle();
  expect(await lambda.invoke({})).toBe(1);
});

test('a reader that waits makes the function wait', async () => {
  const lambda = await run('much');
  const asking = httpGet(lambda.url);
  const [response] = (await once(asking, 'response')) as [IncomingMessage];
  response.pause();
  const waits = () => lambda.lines.filter((line) => line.startsWith('waits')).length;
  await expect.poll(waits).toBeGreaterThan(0);
  // It has stopped asking to go on.
  let before = -1;
  await expect
    .poll(
      () => {
        const settled = waits() === before;
        before = waits();
        return settled;
      },
      { interval: 200 },
    )
    .toBe(true);
  let bytes = 0;
  for await (const chunk of response) bytes += (chunk as Buffer).length;
  expect(bytes).toBe(2_000 * 16_384);
  expect(waits()).toBeGreaterThan(before);
});

test('a line of the log is one line, however long', async () => {
  const lambda = await run('loud');
  await lambda.invoke({});
  await expect.poll(() => lambda.lines.map(({ length }) => length)).toEqual([200_000, 5]);
});
