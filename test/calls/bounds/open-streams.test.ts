/** Requests of a caller that stay open: counted before they are served, over all instances, until their answers have ended. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import type { Principal } from '../../../src/base/principal.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { refusedForNow } from '../../../src/http/mcp-refusals.ts';
import { createStreamBounds } from '../../../src/calls/bounds/open-streams.ts';
import { stream } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { sampleApp } from '../../mcp/sample-app.ts';
import { serveApp } from '../../mcp/served.ts';

const START = 500_000 * 3_600_000 + 20_000;
const ada: Principal = { tenant: 't', subject: 'ada', client: null, scopes: ['*'] };
const eve: Principal = { ...ada, subject: 'eve' };
const LISTEN = { jsonrpc: '2.0', id: 7, method: 'subscriptions/listen', params: {} };
const callOf = (name: string, _meta = {}) => ({ jsonrpc: '2.0', id: 8, method: 'tools/call', params: { name, _meta } });

/** Instances over one store. A message that listens is answered by a stream that ends when it is told to, others at once. */
function stage(openStreams: number) {
  const app = defineApp({ ...sampleApp.options, quotas: { openStreams } });
  const clock = { now: START };
  const inner = createMemoryStore();
  const engine: { add: Store['add'] } = { add: (...asked) => inner.add(...asked) };
  const store: Store = { ...inner, add: (...asked) => engine.add(...asked) };
  const sleepers = new Set<() => void>();
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const cancelled: unknown[] = [];
  let served = 0;
  const serve = async (body: unknown) => {
    served += 1;
    const account = { spent: () => ({ storeCalls: {} }) };
    const { method } = body as { method: string };
    if (method !== 'subscriptions/listen') {
      return { response: Response.json({}), asked: { mcp: method }, account, ended: null };
    }
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => void streams.push(controller),
      cancel: (reason) => void cancelled.push(reason),
    });
    const response = new Response(stream, { headers: { 'Content-Type': 'text/event-stream' } });
    return { response, asked: { mcp: method }, account, ended: null };
  };
  const runtime = {
    ...systemRuntime(() => {}),
    now: () => clock.now,
    sleep: (_ms: number, signal?: AbortSignal) =>
      new Promise<void>((resolve) => {
        const wake = () => {
          sleepers.delete(wake);
          resolve();
        };
        sleepers.add(wake);
        signal?.addEventListener('abort', wake);
      }),
  };
  const instance = () => {
    const { mayStay, bounded } = createStreamBounds({ app, store, runtime }, (error, body) =>
      refusedForNow(error, undefined, body),
    );
    const answered = (body: unknown, principal = ada) =>
      mayStay(body) ? bounded(principal, body, () => serve(body)) : serve(body);
    const send = async (body: unknown, principal = ada) => (await answered(body, principal)).response;
    return Object.assign(send, { answered });
  };
  async function pass(ms: number): Promise<void> {
    clock.now += ms;
    for (const wake of sleepers) wake();
    await settled();
  }
  return { clock, engine, streams, cancelled, instance, pass, served: () => served };
}

test('beyond the limit the answer is 429, and nothing was served; what has ended leaves room', async () => {
  const { instance, served, streams, pass } = stage(2);
  const [first, second] = [instance(), instance()];
  const [one, two] = [await first(LISTEN), await second(LISTEN)];
  expect([one.status, two.status, served()]).toEqual([200, 200, 2]);
  const refused = await second(LISTEN);
  expect([refused.status, served()]).toEqual([429, 2]);
  expect(Number(refused.headers.get('retry-after'))).toBeGreaterThan(0);
  expect(await refused.json()).toMatchObject({
    id: 7,
    error: { code: -32_010, data: { code: 'rate_limited', field: 'quotas.openStreams' } },
  });
  expect((await second(callOf('add'))).status).toBe(200);
  expect((await second(callOf('add', { progressToken: 1 }))).status).toBe(429);
  expect((await second(callOf('tail_stream'))).status).toBe(429);
  expect((await second([callOf('add'), LISTEN])).status).toBe(429);
  expect((await second({ ...LISTEN, method: 'tasks/result', params: { taskId: 'x' } })).status).toBe(429);
  expect((await second(LISTEN, eve)).status).toBe(200);
  // One is left by its reader, the other ends by itself.
  await one.body?.cancel();
  await pass(0);
  expect((await second(LISTEN)).status).toBe(200);
  streams[1]?.close();
  await two.text();
  await pass(0);
  expect((await first(LISTEN)).status).toBe(200);
  expect((await first(LISTEN)).status).toBe(429);
});

test('a stream counts for as long as it is open, and what a process that was killed had open ends by itself', async () => {
  const { instance, pass } = stage(2);
  await instance()(LISTEN);
  const alive = instance();
  for (let minute = 0; minute < 6; minute += 1) await pass(60_000);
  await alive(LISTEN);
  expect((await alive(LISTEN)).status).toBe(429);
  // A process whose timers never come again.
  const dead = stage(1);
  await dead.instance()(LISTEN);
  expect((await dead.instance()(LISTEN)).status).toBe(429);
  dead.clock.now += 180_000;
  expect((await dead.instance()(LISTEN)).status).toBe(200);
});

test('while the store fails nothing is opened, and a stream that cannot be counted anew is ended', async () => {
  const { instance, engine, pass, cancelled } = stage(2);
  const first = instance();
  const answer = await first(LISTEN);
  engine.add = () => Promise.reject(new TidegateError('store_unavailable', 'gone', { retryAfterMs: 1_000 }));
  const { response: refused, account } = await first.answered(LISTEN, eve);
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '1']);
  // The log says what it cost.
  expect(account.spent().storeCalls).toMatchObject({ add: expect.any(Number) });
  await pass(60_000);
  expect(await answer.text()).toBe('');
  expect(cancelled).toHaveLength(1);
});

test('a client that leaves while the store fails to count its stream anew does the process no harm', async () => {
  const { instance, engine, pass } = stage(1);
  const answer = await instance()(LISTEN);
  const rejections: unknown[] = [];
  const note = (reason: unknown) => void rejections.push(reason);
  process.on('unhandledRejection', note);
  onTestFinished(() => void process.off('unhandledRejection', note));
  const failing = Promise.withResolvers<number>();
  engine.add = () => failing.promise;
  await pass(60_000);
  await answer.body?.cancel();
  failing.reject(new TidegateError('store_unavailable', 'gone'));
  await settled();
  expect(rejections).toEqual([]);
});

test('requests that end at once cost the store next to nothing, one by one and many at once, on either side of a minute', async () => {
  const { instance, engine, pass } = stage(100);
  const send = instance();
  const { add } = engine;
  let calls = 0;
  engine.add = (...asked) => ((calls += 1), add(...asked));
  const ask = () => send(callOf('add', { progressToken: 1 }));
  for (let n = 0; n < 45; n += 1) expect((await ask()).status).toBe(200);
  for (let round = 0; round < 5; round += 1) await Promise.all(Array.from({ length: 20 }, ask));
  expect(calls).toBeLessThanOrEqual(8);
  await pass(45_000);
  for (let n = 0; n < 45; n += 1) await ask();
  expect(calls).toBeLessThanOrEqual(16);
});

test('of two tails at once, of a caller who may have one, the other is refused over HTTP', async () => {
  const streams = { files: stream({ description: 'Files', schema: z.object({ size: z.number() }) }) };
  const app = defineApp({ ...sampleApp.options, streams, quotas: { openStreams: 1 } });
  const served = await serveApp(app, { principal: ada, builtIns: true, store: createMemoryStore() });
  try {
    const abort = new AbortController();
    const tail = async (seconds: number) => {
      const params = { name: 'tail_stream', arguments: { stream: 'files', seconds } };
      return (await served.call('tools/call', params, { signal: abort.signal })).status;
    };
    const tails = [tail(20), tail(20)];
    expect(await Promise.race(tails)).toBe(429);
    abort.abort();
    await Promise.allSettled(tails);
  } finally {
    await served.close();
  }
});

function settled(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
