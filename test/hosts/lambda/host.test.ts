/** One function without the platform: what it does with time, with clients that leave, and with a start that fails. */
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { METRICS, METRICS_NAMESPACE } from '../../../src/hosts/lambda/metrics.ts';
import { createLambdaHost, type LambdaHost } from '../../../src/hosts/lambda/host.ts';
import { eventIdText } from '../../../src/mcp/sessions/event-ids.ts';
import { defineApp, pull, stream, tool } from '../../../src/index.ts';
import { event, invocation, readStream } from './invocation.ts';

const told = { deadline: 0, aborted: false, started: 0 };
const stubborn = Promise.withResolvers<never>();

const app = defineApp({
  name: 'functions',
  version: '1.0.0',
  description: 'Tools that take their time',
  streams: { things: stream({ description: 'Things', schema: z.object({ a: z.number() }) }) },
  tools: {
    /** Ends when it is told to. */
    obedient: tool({
      description: 'Waits',
      run: async (_input, { signal, deadline, progress }) => {
        told.started += 1;
        told.deadline = deadline;
        progress(1);
        if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
        told.aborted = true;
        return { text: 'told' };
      },
    }),
    /** Ends at once. */
    swift: tool({
      description: 'Tells its deadline',
      run: async (_input, { deadline }) => {
        told.deadline = deadline;
        return 'told';
      },
    }),
    /** Never ends. */
    stubborn: tool({
      description: 'Waits for ever',
      run: (_input, { progress }) => {
        told.started += 1;
        progress(1);
        return stubborn.promise;
      },
    }),
  },
});

const SECRET = 'a secret of a test, which guards nothing';
const lines: string[] = [];
function hostWith(environment: Record<string, string> = { STORE: 'memory', AUTH: 'none' }): LambdaHost {
  return createLambdaHost(app, environment, { write: (line) => lines.push(line) });
}

beforeEach(() => {
  Object.assign(told, { deadline: 0, aborted: false, started: 0 });
  lines.length = 0;
});

function call(name: string, meta: object = {}) {
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const params = { name, arguments: {}, _meta: meta };
  return event('POST', '/mcp', {
    headers,
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
}

test('deadlines are told by the clock that it was given', async () => {
  const now = 1_900_000_000_000;
  const host = createLambdaHost(app, { STORE: 'memory', AUTH: 'none' }, { write: () => {}, now: () => now });
  await host.buffered(call('swift'), { getRemainingTimeInMillis: () => 30_000 });
  expect(told.deadline).toBe(now + 28_500);
});

test('FEED_REQUESTS_PER_DAY stops feeds, and the alarm that looks at what is due hears of it', async () => {
  let pulls = 0;
  const feed = pull({ everyMs: 1, pull: () => Promise.resolve({ items: [{ a: (pulls += 1) }], position: pulls }) });
  const things = stream({ description: 'Things', schema: z.object({ a: z.number() }), feed });
  const fed = defineApp({ name: 'fed', version: '1.0.0', description: 'One feed', streams: { things } });
  const environment = { STORE: 'memory', FEED_REQUESTS_PER_DAY: '1' };
  const host = createLambdaHost(fed, environment, { write: (line) => lines.push(line) });
  expect(await host.scheduled({}, invocation(10_000))).toMatchObject({ rounds: 1, paused: true });
  expect(await host.scheduled({}, invocation(10_000))).toMatchObject({ rounds: 0, paused: true });
  expect(pulls).toBe(1);
  expect(lines.at(-1)).toContain(METRICS.oldestDue);
  const answer = await host.buffered(event('GET', '/healthz'), invocation(10_000));
  expect(answer.statusCode).toBe(200);
});

test('a secret that is missing is told at the start, with what needs one', async () => {
  await hostWith({ STORE: 'memory', AUTH: 'none' }).scheduled({}, invocation(10_000));
  const warned = lines.filter((line) => line.includes('"warn"')).map((line) => JSON.parse(line) as object);
  expect(warned).toEqual([expect.objectContaining({ field: 'TIDEGATE_SECRET' })]);
});

test('a variable beside a known one is told in the log, once, without its value', async () => {
  const host = hostWith({
    STORE: 'memory',
    AUTH: 'none',
    TIDEGATE_SECRET: SECRET,
    LOG_LEVLE: 'a value',
    AWS_DEFAULT_REGION: 'eu-west-1',
    _HANDLER: 'x',
  });
  for (let n = 0; n < 2; n += 1) await host.scheduled({}, invocation(10_000));
  const warned = lines.filter((line) => line.includes('"warn"')).map((line) => JSON.parse(line) as object);
  const message = 'LOG_LEVLE is set, and nothing reads it: did you mean LOG_LEVEL?';
  expect(warned).toEqual([expect.objectContaining({ message, field: 'LOG_LEVLE' })]);
  expect(lines.join()).not.toContain('a value');
});

test('a tool has to end before the platform ends it, and then answers', async () => {
  const started = Date.now();
  const answer = await hostWith().buffered(call('obedient'), invocation(3_000));
  expect(told.aborted).toBe(true);
  // 1.5 s before the end.
  expect(told.deadline - started).toBeGreaterThan(0);
  expect(told.deadline - started).toBeLessThan(3_000);
  expect(answer.statusCode).toBe(200);
});

test('more time than a request may take is not given', async () => {
  const host = hostWith();
  const leaving = readStream();
  const answering = host.stream(call('obedient', { progressToken: 'p' }), leaving.stream, invocation(900_000));
  await expect.poll(() => told.started, { timeout: 15_000 }).toBe(1);
  expect(told.deadline - Date.now()).toBeLessThanOrEqual(60_000);
  leaving.stream.destroy();
  await answering;
});

test('one that does not end is answered for, while there is time to', async () => {
  const answer = await hostWith().buffered(call('stubborn'), invocation(2_000));
  expect(answer.statusCode).toBe(200);
  expect(answer.body).toContain('The tool stubborn did not answer within');
});

test('one that does not end is answered 504 where nothing was sent, at once and streamed', async () => {
  const answer = await hostWith().buffered(call('stubborn'), invocation(700));
  expect([answer.statusCode, JSON.parse(answer.body)]).toMatchObject([504, { code: 'cancelled' }]);
  const streamed = readStream();
  await hostWith().stream(call('stubborn'), streamed.stream, invocation(700));
  expect(streamed.prelude()?.statusCode).toBe(504);
  expect(streamed.stream.writableEnded).toBe(true);
});

test('at once, a body that begins and does not end is answered 504 too', async () => {
  const answer = await hostWith().buffered(call('stubborn', { progressToken: 'p' }), invocation(700));
  expect([answer.statusCode, JSON.parse(answer.body)]).toMatchObject([504, { code: 'cancelled' }]);
});

test('a store that does not answer is answered 504, each time', async () => {
  const silent = createServer(() => {});
  silent.listen(0, '127.0.0.1');
  await once(silent, 'listening');
  onTestFinished(() => {
    silent.closeAllConnections();
    silent.close();
  });
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  const host = hostWith({ STORE: 'redis', UPSTASH_REDIS_REST_URL: url, UPSTASH_REDIS_REST_TOKEN: 'token' });
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const answer = await host.buffered(event('GET', '/readyz'), invocation(700));
    expect([answer.statusCode, JSON.parse(answer.body)]).toMatchObject([504, { code: 'cancelled' }]);
  }
});

test('a stream that does not end is cut before the platform ends the function', async () => {
  const { stream, text } = readStream();
  const started = performance.now();
  const answering = hostWith().stream(call('stubborn', { progressToken: 'p' }), stream, invocation(900));
  await expect(answering).rejects.toMatchObject({ code: 'cancelled' });
  expect(performance.now() - started).toBeLessThan(1_000);
  expect(text()).toContain('notifications/progress');
  expect(text()).toMatch(/\n\nretry: 1000\n\n$/);
  expect(stream.writableEnded).toBe(false);
});

test('a client that goes away ends what was done for it', async () => {
  const { stream, text } = readStream();
  const answering = hostWith().stream(call('obedient', { progressToken: 'p' }), stream, invocation(60_000));
  await expect.poll(text).toContain('notifications/progress');
  stream.destroy(new Error('connection reset'));
  await answering;
  await expect.poll(() => told.aborted).toBe(true);
});

test('a session has no stream of its own, and one that a client comes back to ends before the platform ends the function', async () => {
  const host = hostWith({ STORE: 'memory', AUTH: 'none', TIDEGATE_SECRET: 'a secret of the tests, of 32 characters' });
  const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };
  const clientInfo = { name: 't', version: '0' };
  const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'initialize', params });
  const begun = readStream();
  await host.stream(event('POST', '/mcp', { headers, body }), begun.stream, invocation(10_000));
  const session = begun.prelude()?.headers['mcp-session-id'] ?? '';
  const get = async (more: Record<string, string>, ms: number) => {
    const read = readStream();
    const asked = { accept: 'text/event-stream', 'mcp-session-id': session, ...more };
    await host.stream(event('GET', '/mcp', { headers: asked }), read.stream, invocation(ms));
    return read;
  };
  expect((await get({}, 10_000)).prelude()?.statusCode).toBe(405);
  const by = Date.now() + 60_000;
  const id = eventIdText({ stream: 'a'.repeat(22), place: '0', by, request: 1 });
  const resumed = await get({ 'last-event-id': id }, 2_000);
  expect(resumed.prelude()?.statusCode).toBe(200);
  expect(resumed.stream.writableEnded).toBe(true);
  expect(resumed.text()).toMatch(/retry: 1\d\d\d\ndata: \n\n$/);
});

test('what is built is built once, and a start that failed is tried again', async () => {
  const environment: Record<string, string> = { STORE: 'nope' };
  const host = hostWith(environment);
  const get = () => host.buffered(event('GET', '/readyz'), invocation(10_000));
  for (let attempt = 0; attempt < 2; attempt += 1) {
    const failed = await get();
    expect(failed.statusCode).toBe(500);
    expect(JSON.parse(failed.body)).toMatchObject({ code: 'invalid_config', field: 'STORE' });
  }
  await expect(host.scheduled({}, invocation(10_000))).rejects.toMatchObject({ field: 'STORE' });
  environment['STORE'] = 'memory';
  expect((await get()).statusCode).toBe(200);
  environment['STORE'] = 'nope';
  expect((await get()).statusCode).toBe(200);
});

test('the store is DynamoDB unless told otherwise, so its table has to be named', async () => {
  const answer = await hostWith({}).buffered(event('GET', '/readyz'), invocation(10_000));
  expect(JSON.parse(answer.body)).toMatchObject({ code: 'invalid_config', field: 'DYNAMODB_TABLE' });
});

test('what is no request is a problem, in form, and nobody has to be told', async () => {
  const answer = await hostWith({
    STORE: 'memory',
    AUTH: 'none',
    TIDEGATE_SECRET: SECRET,
    LOG_LEVEL: 'warn',
  }).buffered(event('TRACE', '/'), invocation(10_000));
  expect(answer).toMatchObject({ statusCode: 400, headers: { 'content-type': 'application/problem+json' } });
  expect(lines).toEqual([]);
});

test('a scheduled run leaves two seconds to the platform, and a part of the rest to the sweep', async () => {
  let pulledBy = 0;
  const feed = pull({
    pull: ({ deadline }) => {
      pulledBy = deadline;
      return Promise.resolve({ items: [] });
    },
  });
  const things = stream({ description: 'Things', schema: z.object({ a: z.number() }), feed });
  const fed = defineApp({ name: 'fed', version: '1.0.0', description: 'A feed', streams: { things } });
  const host = createLambdaHost(fed, { STORE: 'memory' }, { write: () => {} });
  const began = Date.now();
  await host.scheduled({}, invocation(12_000));
  // Of the ten seconds two are the sweep's, and a third of the others those of the burst's own commits.
  expect(pulledBy).toBeGreaterThan(began);
  expect(pulledBy - began).toBeLessThanOrEqual(6_000);
});

test('each scheduled run that ends well tells how late feeds are, as the metrics of the alarms', async () => {
  const host = hostWith();
  for (let run = 1; run <= 2; run += 1) {
    await host.scheduled({}, invocation(10_000));
    const metrics = lines.map((line) => JSON.parse(line) as Record<string, unknown>).filter((line) => '_aws' in line);
    expect(metrics).toHaveLength(run);
    // The platform reads nothing but whole lines that are its format.
    expect(metrics.at(-1)).toMatchObject({
      App: app.name,
      [METRICS.oldestDue]: 0,
      _aws: { CloudWatchMetrics: [{ Namespace: METRICS_NAMESPACE, Dimensions: [['App']] }] },
    });
  }
});

test('a scheduled run rejects where the store is gone, and tells no metrics, so that both alarms see it', async () => {
  const gone = { STORE: 'redis', UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:1', UPSTASH_REDIS_REST_TOKEN: 'token' };
  await expect(hostWith(gone).scheduled({}, invocation(10_000))).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(lines.filter((line) => line.includes('_aws'))).toEqual([]);
});

test('the log is as loud as it is told to be', async () => {
  await hostWith({ STORE: 'memory', LOG_LEVEL: 'error' }).scheduled({}, invocation(10_000));
  expect(lines.filter((line) => !line.includes('_aws'))).toEqual([]);
});

test('the log is lines of JSON', async () => {
  await hostWith().scheduled({}, invocation(10_000));
  expect(lines.map((line) => JSON.parse(line) as object)).toContainEqual(
    expect.objectContaining({ level: 'info', message: 'scheduled', rounds: 1, error: null }),
  );
});

async function ask(host: LambdaHost, path: string, headers: Record<string, string> = {}) {
  const { statusCode, body } = await host.buffered(event('GET', path, { headers }), invocation(10_000));
  return { status: statusCode, body: body };
}

test('METRICS_TOKEN asks for metrics of what the store has; without it there are none', async () => {
  const token = 'metrics-token-of-the-test-0123456789';
  const observed = hostWith({ STORE: 'memory', AUTH: 'none', METRICS_TOKEN: token });
  const { status, body } = await ask(observed, '/metrics', { authorization: `Bearer ${token}` });
  expect(status).toBe(200);
  expect(body).toContain('tidegate_store_up 1');
  expect(body).not.toMatch(/tidegate_http|process_/);
  expect(await ask(observed, '/metrics')).toMatchObject({ status: 401 });
  expect(await ask(observed, '/healthz/feeds')).toEqual({
    status: 200,
    body: '{"status":"ok","feeds":{"ok":0,"late":0,"failing":0,"paused":0}}',
  });
  expect(await ask(hostWith(), '/metrics', { authorization: `Bearer ${token}` })).toMatchObject({ status: 404 });
});
