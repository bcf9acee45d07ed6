/** How often an API is asked: the app's own limits over all instances, and the pauses that the API asks for. */
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { type ApiOptions, httpTool } from '../../src/index.ts';
import { pauseKey } from '../../src/apis/names.ts';
import { TidegateError } from '../../src/base/errors.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { type HttpSource, json, startHttpSource, status } from '../services/http-feed.ts';
import { apiOf, inTurn, onStage, START, withStatus } from './stage.ts';

let source: HttpSource;
beforeEach(async () => {
  source = await startHttpSource();
  source.on('/p', json({ ok: 1 }));
});
afterEach(() => source.close());

const description = 'x';
const MINUTE = 60_000;
const shop = (more: Partial<ApiOptions>) => apiOf(source, more);
const ok = { structured: { ok: 1 }, isError: false };
const limited = (waitMs: number) => shop({ waitMs, rateLimit: { requests: 1, perMs: 1_000 } });
const cost = ({ symbols }: { symbols: string[] }) => symbols.length;
const outOfCredits = () => ({ message: 'out of credits', status: 429 });

describe('a limit of requests', () => {
  test('holds over all tools of an API and all instances that share a store', async () => {
    const store = createMemoryStore({});
    const shared = shop({ rateLimit: { requests: 3, perMs: MINUTE } });
    const tools = {
      a: httpTool({ description, api: shared, url: '/p' }),
      b: httpTool({ description, api: shared, url: '/p' }),
    };
    const [one, two] = [onStage(tools, { store }), onStage(tools, { store })];
    const calls = await Promise.all([one.call('a'), two.call('a'), one.call('b'), two.call('b'), one.call('a')]);
    expect(calls.filter(({ isError }) => !isError)).toHaveLength(3);
    expect(source.requests).toHaveLength(3);
    const refused = calls.filter(({ isError }) => isError);
    expect(refused[0]?.text).toBe(
      'shop cannot be asked now: at most 3 requests in 1 min are allowed. Try again in 60 s.',
    );
    one.advance(MINUTE);
    expect(await one.call('b')).toMatchObject(ok);
  });

  test('is waited for where the wait is short', async () => {
    const t = httpTool({ description, api: shop({ rateLimit: { requests: 1, perMs: 1_000 } }), url: '/p' });
    const stage = onStage({ t });
    stage.advance(400);
    await stage.call('t');
    expect(await stage.call('t')).toMatchObject(ok);
    // To the end of the window, and half of a tenth of that.
    expect(stage.slept).toEqual([630]);
  });

  test('is not waited for past the caller’s deadline, nor longer than the declaration says', async () => {
    const t = httpTool({ description, api: limited(0), url: '/p' });
    const stage = onStage({ t });
    await stage.call('t');
    expect(await stage.call('t')).toMatchObject({ isError: true, text: expect.stringContaining('Try again in 1 s') });
    const patient = onStage({ t: httpTool({ description, api: limited(2_000), url: '/p' }) });
    await patient.call('t');
    expect(await patient.call('t', {}, { deadline: START + 1_200 })).toMatchObject({ isError: true });
    expect([stage.slept, patient.slept]).toEqual([[], []]);
  });

  test('may be several, one of them the tool’s own, and a call may count as more', async () => {
    const shared = shop({
      waitMs: 0,
      rateLimit: [
        { requests: 100, perMs: 24 * 60 * MINUTE },
        { requests: 4, perMs: MINUTE },
      ],
    });
    const input = z.object({ symbols: z.array(z.string()).default(['A']) });
    const t = httpTool({ description, input, api: shared, url: '/p', cost });
    const rare = httpTool({ description, api: shared, url: '/p', rateLimit: { requests: 1, perMs: 60 * MINUTE } });
    const stage = onStage({ t, rare });
    expect(await stage.call('t', { symbols: ['A', 'B', 'C'] })).toMatchObject(ok);
    expect(await stage.call('t', { symbols: ['A', 'B'] })).toMatchObject({ isError: true });
    stage.advance(MINUTE);
    expect(await stage.call('rare')).toMatchObject(ok);
    expect((await stage.call('rare')).text).toContain('at most 1 requests in 60 min');
  });

  test('is not used up by a call that counts as more than is left, and says what can never be', async () => {
    const input = z.object({ symbols: z.array(z.string()) });
    const shared = shop({ waitMs: 0, rateLimit: { requests: 3, perMs: MINUTE } });
    const stage = onStage({ t: httpTool({ description, input, api: shared, url: '/p', cost }) });
    const ask = (count: number) => stage.call('t', { symbols: Array.from({ length: count }, () => 'A') });
    expect(await ask(2)).toMatchObject(ok);
    expect((await ask(2)).text).toContain('Try again in 60 s');
    expect(await ask(1)).toMatchObject(ok);
    expect((await ask(4)).text).toBe(
      'This call counts as 4 requests to shop, and at most 3 requests in 1 min are allowed: ask for less.',
    );
    expect(source.requests).toHaveLength(2);
  });

  test('counts retries, pages and guards too', async () => {
    source.on('/p', inTurn(status(503), json({ ok: 1 })));
    source.on('/g', json({}));
    const guard = { url: '/g', refuse: () => null };
    const t = httpTool({ description, api: shop({ rateLimit: { requests: 3, perMs: MINUTE } }), url: '/p', guard });
    const stage = onStage({ t });
    expect(await stage.call('t')).toMatchObject(ok);
    expect(await stage.call('t')).toMatchObject({ isError: true });
    expect(source.requests.map(({ path }) => path)).toEqual(['/g', '/p', '/p']);
  });
});

async function pauseOfEarlierRelease(store: Store, until: number): Promise<void> {
  const key = pauseKey('api:shop');
  const { version } = await store.get(key, START);
  const put = { kind: 'put', ...key, value: until, expects: version, expiresAt: until } as const;
  const { status } = await store.commit([put], { id: 'earlier', now: START, deadline: START + 1_000 });
  expect(status).toBe('committed');
}

describe('a pause that the API asks for', () => {
  const busy = withStatus(429, { message: 'slow down' }, { 'retry-after': '30' });

  test('is remembered for all tools and instances, and costs the API nothing', async () => {
    source.on('/p', inTurn(busy, json({ ok: 1 })));
    const store = createMemoryStore({});
    const shared = shop({});
    const tools = {
      a: httpTool({ description, api: shared, url: '/p' }),
      b: httpTool({ description, api: shared, url: '/p' }),
    };
    const [one, two] = [onStage(tools, { store }), onStage(tools, { store })];
    expect((await one.call('a')).text).toBe('shop cannot be asked now: it asked for a pause (429). Try again in 30 s.');
    two.advance(12_000);
    expect((await two.call('b')).text).toContain('Try again in 18 s');
    expect(source.requests).toHaveLength(1);
    two.advance(18_000);
    expect(await two.call('b')).toMatchObject(ok);
  });

  test.each([MINUTE, 60 * MINUTE, 24 * 60 * MINUTE])(
    'is over where a clock that was %d ms ahead has set it, also by an earlier release',
    async (ahead) => {
      source.on('/p', inTurn(busy, json({ ok: 1 }), json({ ok: 1 })));
      const store = createMemoryStore({});
      const stage = onStage({ t: httpTool({ description, api: shop({}), url: '/p' }) }, { store });
      stage.advance(ahead);
      await stage.call('t');
      stage.advance(-ahead);
      expect(await stage.call('t')).toMatchObject(ok);
      await pauseOfEarlierRelease(store, START + 24 * 60 * MINUTE + ahead);
      expect(await stage.call('t')).toMatchObject(ok);
    },
  );

  test('is told although a full store does not remember it', async () => {
    source.on('/p', busy);
    const inner = createMemoryStore({});
    const store = { ...inner, commit: () => Promise.reject(new TidegateError('store_full', 'there is no room')) };
    const stage = onStage({ a: httpTool({ description, api: shop({}), url: '/p' }) }, { store });
    expect((await stage.call('a')).text).toContain('it asked for a pause (429)');
    expect(source.requests).toHaveLength(1);
  });

  test('that an earlier release wrote holds', async () => {
    const store = createMemoryStore({});
    const stage = onStage({ t: httpTool({ description, api: shop({}), url: '/p' }) }, { store });
    await pauseOfEarlierRelease(store, START + 30_000);
    expect((await stage.call('t')).text).toContain('Try again in 30 s');
  });

  test('is waited for where it is short', async () => {
    source.on('/p', inTurn(withStatus(429, '', { 'retry-after': '1' }), json({ ok: 1 })));
    const stage = onStage({ t: httpTool({ description, api: shop({}), url: '/p' }) });
    expect(await stage.call('t')).toMatchObject(ok);
    expect(stage.slept).toEqual([1_000]);
  });

  test('ends the tries, with what the API said', async () => {
    source.on('/p', withStatus(429, { message: 'slow down' }, { 'retry-after': '0' }));
    const stage = onStage({ t: httpTool({ description, api: shop({}), url: '/p' }) });
    expect((await stage.call('t')).text).toContain('it asks for a pause (429), saying: slow down');
    expect(source.requests).toHaveLength(3);
  });

  test('without a time lasts to the end of the shortest window, or ten seconds', async () => {
    source.on('/p', status(429));
    const bare = onStage({ t: httpTool({ description, api: shop({}), url: '/p' }) });
    expect((await bare.call('t')).text).toContain('Try again in 10 s');
    const windowed = onStage({
      t: httpTool({ description, api: shop({ rateLimit: { requests: 9, perMs: MINUTE } }), url: '/p' }),
    });
    windowed.advance(15_000);
    expect((await windowed.call('t')).text).toContain('Try again in 45 s');
  });

  test('behind a 200 is one as well', async () => {
    source.on('/p', json({ code: 429, message: 'out of credits' }));
    const stage = onStage({ t: httpTool({ description, api: shop({ errors: outOfCredits }), url: '/p' }) });
    expect((await stage.call('t')).text).toContain('asked for a pause');
    await stage.call('t');
    expect(source.requests).toHaveLength(1);
  });

  test('holds for a POST, which is sent again since it was not done', async () => {
    source.on('/p', inTurn(withStatus(429, '', { 'retry-after': '1' }), json({ ok: 1 })));
    const stage = onStage({ t: httpTool({ description, api: shop({}), url: '/p', method: 'POST' }) });
    expect(await stage.call('t')).toMatchObject(ok);
  });
});
