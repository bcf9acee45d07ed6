/** Answers that are kept, how long and how many; calls that share one request; and what each costs the store. */
import type { RequestListener } from 'node:http';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type ApiOptions, type HttpCache, httpTool } from '../../src/index.ts';
import { TidegateError } from '../../src/base/errors.ts';
import { KEPT_BYTES } from '../../src/apis/kept-answers.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { isPresent } from '../../src/store/store.ts';
import { type HttpSource, json, startHttpSource, status } from '../services/http-feed.ts';
import { apiOf, inTurn, onStage, withStatus } from './stage.ts';

let source: HttpSource;
beforeEach(async () => {
  source = await startHttpSource();
  let n = 0;
  source.on('/p', (request, response) => json({ n: (n += 1) })(request, response));
});
afterEach(() => source.close());

const input = z.object({ symbol: z.string().default('A'), other: z.string().optional() });
const rateLimit = { requests: 100, perMs: 60_000 };

function cached(cache: HttpCache<z.output<typeof input>>, more: Partial<ApiOptions> = {}) {
  return httpTool({
    description: 'x',
    input,
    api: apiOf(source, more),
    url: '/p',
    output: z.object({ n: z.number() }),
    cache,
  });
}

const n = ({ structured }: { structured: unknown }) => (structured as { n: number }).n;

describe('an answer is kept', () => {
  test('for its time, by its arguments, whatever their order, on all instances', async () => {
    const store = createMemoryStore({});
    const t = cached({ ttlMs: 60_000 });
    const [one, two] = [onStage({ t }, { store }), onStage({ t }, { store })];
    expect(n(await one.call('t', { symbol: 'B', other: 'x' }))).toBe(1);
    expect(n(await two.call('t', { other: 'x', symbol: 'B' }))).toBe(1);
    expect(n(await two.call('t', { symbol: 'b', other: 'x' }))).toBe(2);
    one.advance(59_999);
    expect(n(await one.call('t', { symbol: 'B', other: 'x' }))).toBe(1);
    one.advance(1);
    expect(n(await one.call('t', { symbol: 'B', other: 'x' }))).toBe(3);
  });

  test('not for longer where a clock that was ahead has kept it', async () => {
    const stage = onStage({ t: cached({ ttlMs: 60_000 }) });
    stage.advance(86_400_000);
    expect(n(await stage.call('t', { symbol: 'B', other: 'x' }))).toBe(1);
    stage.advance(-86_400_000);
    expect(n(await stage.call('t', { symbol: 'B', other: 'x' }))).toBe(2);
    expect(n(await stage.call('t', { symbol: 'B', other: 'x' }))).toBe(2);
  });

  test('with its text, as it was', async () => {
    const stage = onStage({ t: cached({ ttlMs: 60_000 }) });
    expect(await stage.call('t')).toEqual(await stage.call('t'));
    expect(source.requests).toHaveLength(1);
  });

  test('by what the declaration says it is known by', async () => {
    const stage = onStage({ t: cached({ ttlMs: 60_000, key: ({ symbol }) => symbol.toUpperCase() }) });
    expect([n(await stage.call('t', { symbol: 'b' })), n(await stage.call('t', { symbol: 'B' }))]).toEqual([1, 1]);
  });

  test.each<[string, z.ZodType, HttpCache<{ a?: unknown }>]>([
    ['a set', z.string().transform((text) => new Set(text)), { ttlMs: 60_000 }],
    ['a number that JSON has not', z.string().transform(Number), { ttlMs: 60_000 }],
    ['a promise', z.string(), { ttlMs: 60_000, key: (async () => 'x') as never }],
    ['nothing', z.string(), { ttlMs: 60_000, key: (() => undefined) as never }],
  ])('by nothing that JSON does not tell from others: %s', async (_what, a, cache) => {
    const t = httpTool({
      description: 'x',
      input: z.object({ a }),
      unsent: ['a'],
      api: apiOf(source),
      url: '/p',
      cache,
    });
    const stage = onStage({ t });
    expect([n(await stage.call('t', { a: 'x' })), n(await stage.call('t', { a: 'y' }))]).toEqual([1, 2]);
  });

  test('in so many places and no more: a newer one takes the place of another', async () => {
    const store = createMemoryStore({});
    const stage = onStage({ t: cached({ ttlMs: 60_000, entries: 3 }) }, { store });
    for (let at = 0; at < 30; at += 1) await stage.call('t', { symbol: `S${at}` });
    const { records } = await store.list('public/http-answers/t', { now: stage.now(), limit: 100 });
    expect(records.map(({ id }) => id)).toEqual(['0', '1', '2']);
    // The last one stands, and no other is given in its stead.
    expect(n(await stage.call('t', { symbol: 'S29' }))).toBe(30);
    expect(n(await stage.call('t', { symbol: 'S0' }))).toBe(31);
  });

  test.each<[string, RequestListener]>([
    ['one that is too large', json({ n: 1, text: 'x'.repeat(KEPT_BYTES) })],
    ['a failure', status(404)],
    ['what does not fit the schema', json({ n: 'one' })],
  ])('but not %s', async (_, behaviour) => {
    source.on('/p', behaviour);
    const stage = onStage({ t: cached({ ttlMs: 60_000 }) });
    await stage.call('t');
    await stage.call('t');
    expect(source.requests).toHaveLength(2);
    expect(stage.counted.calls()).toEqual({ getMany: 2 });
  });

  test('and not given where the schema has changed meanwhile', async () => {
    const store = createMemoryStore({});
    const options = { description: 'x', api: apiOf(source), url: '/p', cache: { ttlMs: 60_000 } };
    const before = onStage({ t: httpTool({ ...options, pick: () => ({ m: 1 }) }) }, { store });
    expect((await before.call('t')).structured).toEqual({ m: 1 });
    const after = onStage({ t: httpTool({ ...options, output: z.object({ n: z.number() }) }) }, { store });
    expect(n(await after.call('t'))).toBe(2);
  });
});

test('an answer is given although a full store does not keep it', async () => {
  const inner = createMemoryStore({});
  const store = { ...inner, commit: () => Promise.reject(new TidegateError('store_full', 'there is no room')) };
  const stage = onStage({ t: cached({ ttlMs: 60_000 }) }, { store });
  expect(n(await stage.call('t'))).toBe(1);
  expect(n(await stage.call('t'))).toBe(2);
  expect(stage.logged.join()).toContain('an answer of an API is not kept');
});

test('an answer that a newer release has kept is none for this one, and stays as it is', async () => {
  const store = createMemoryStore({});
  const stage = onStage({ t: cached({ ttlMs: 60_000, entries: 1 }) }, { store });
  await stage.call('t');
  const key = { partition: 'public/http-answers/t', id: '0' };
  const reading = await store.get(key, stage.now());
  if (!isPresent(reading)) throw new Error('no answer was kept');
  const value = { $v: 2, value: reading.value };
  const { version: expects, expiresAt } = reading;
  const put = { kind: 'put' as const, ...key, value, expects, expiresAt };
  await store.commit([put], { id: 'newer', now: stage.now(), deadline: stage.now() + 1_000 });

  expect(n(await stage.call('t'))).toBe(2);
  expect(n(await stage.call('t', { symbol: 'B' }))).toBe(3);
  expect(await store.get(key, stage.now())).toMatchObject({ value, version: 'newer' });
});

describe('an older answer stands in', () => {
  test.each<[string, RequestListener, string]>([
    ['while the API fails', status(500), 'shop answered 500'],
    ['while it asks for a pause', withStatus(429, '', { 'retry-after': '60' }), 'it asked for a pause'],
  ])('%s, and says so', async (_, behaviour, why) => {
    source.on('/p', inTurn(json({ n: 1 }), behaviour));
    const stage = onStage({ t: cached({ ttlMs: 60_000, staleMs: 3_600_000 }) });
    await stage.call('t');
    stage.advance(600_000);
    const stale = await stage.call('t');
    expect([n(stale), stale.isError]).toEqual([1, false]);
    expect(stale.text).toContain('This is the answer of 10 min ago.');
    expect(stale.text).toContain(why);
    stage.advance(3_600_000);
    expect(await stage.call('t')).toMatchObject({ isError: true });
  });

  test('but not where the request itself is wrong', async () => {
    source.on('/p', inTurn(json({ n: 1 }), status(404)));
    const stage = onStage({ t: cached({ ttlMs: 1_000, staleMs: 3_600_000 }) });
    await stage.call('t');
    stage.advance(2_000);
    expect(await stage.call('t')).toMatchObject({ isError: true });
  });
});

describe('calls that overlap in a process', () => {
  test('share one request where answers are kept', async () => {
    const stage = onStage({ t: cached({ ttlMs: 1 }) });
    const all = await Promise.all(Array.from({ length: 20 }, () => stage.call('t')));
    expect(new Set(all.map(n))).toEqual(new Set([1]));
    expect(source.requests).toHaveLength(1);
    expect(stage.counted.calls()).toEqual({ getMany: 1, commit: 1 });
    const others = await Promise.all([stage.call('t', { symbol: 'B' }), stage.call('t', { symbol: 'C' })]);
    expect(new Set(others.map(n)).size).toBe(2);
  });

  test('send one each where they are not', async () => {
    const stage = onStage({ t: httpTool({ description: 'x', api: apiOf(source), url: '/p' }) });
    await Promise.all([stage.call('t'), stage.call('t')]);
    expect(source.requests).toHaveLength(2);
  });

  test('do not end with the caller whose request it is', async () => {
    const answers: (() => void)[] = [];
    source.on('/p', (request, response) => void answers.push(() => json({ n: answers.length })(request, response)));
    const stage = onStage({ t: cached({ ttlMs: 60_000 }) });
    const gone = new AbortController();
    const asked = (count: number) => expect.poll(() => answers.length).toBe(count);
    const first = stage.call('t', {}, { signal: gone.signal });
    await asked(1);
    const second = stage.call('t');
    gone.abort();
    expect(await first).toMatchObject({ isError: true });
    await asked(2);
    answers[1]?.();
    expect(n(await second)).toBe(2);
  });
});

describe('calls to the store', () => {
  test.each<[string, ApiOptions['rateLimit'], HttpCache<Record<string, unknown>> | undefined, object]>([
    ['one, without limit and cache', undefined, undefined, { getMany: 1 }],
    ['one more for each limit', [rateLimit, { ...rateLimit, perMs: 1_000 }], undefined, { getMany: 1, add: 2 }],
    ['and one to keep the answer', rateLimit, { ttlMs: 60_000 }, { getMany: 1, add: 1, commit: 1 }],
  ])('are %s', async (_, limit, cache, calls) => {
    const api = apiOf(source, limit ? { rateLimit: limit } : {});
    const stage = onStage({ t: httpTool({ description: 'x', api, url: '/p', ...(cache ? { cache } : {}) }) });
    await stage.call('t');
    expect(stage.counted.calls()).toEqual(calls);
  });

  test('are one for a kept answer, whatever limits there are', async () => {
    const stage = onStage({ t: cached({ ttlMs: 60_000 }, { rateLimit }) });
    await stage.call('t');
    stage.counted.reset();
    await stage.call('t');
    expect(stage.counted.calls()).toEqual({ getMany: 1 });
  });

  test('are two where the limit is reached, and one where the API asked for a pause', async () => {
    const stage = onStage({ t: cached({ ttlMs: 1 }, { rateLimit: { requests: 1, perMs: 60_000 } }) });
    await stage.call('t');
    stage.advance(10);
    stage.counted.reset();
    expect(await stage.call('t')).toMatchObject({ isError: true });
    expect(stage.counted.calls()).toEqual({ getMany: 1, add: 1 });
    source.on('/p', withStatus(429, '', { 'retry-after': '60' }));
    const paused = onStage({ t: cached({ ttlMs: 1 }, { rateLimit }) });
    await paused.call('t');
    expect(paused.counted.calls()).toEqual({ getMany: 1, add: 1, commit: 1 });
    paused.counted.reset();
    await paused.call('t');
    expect(paused.counted.calls()).toEqual({ getMany: 1 });
  });
});
