/** Times as sources write them, from the answer of a server to what an agent reads: read for certain, or a dead letter. */
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import {
  csv,
  defineApp,
  http,
  type HttpOptions,
  rss,
  secret,
  stream,
  type StreamOptions,
  tool,
} from '../../src/index.ts';
import { readDeadLetters } from '../../src/feeds/records/dead-letters.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createTestApp, type TestApp } from '../../src/testing.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const MINUTE = 60_000;
const Item = z.object({ n: z.number(), at: z.union([z.string(), z.number()]) });
type Options = Partial<StreamOptions<typeof Item>>;

let app: TestApp | null = null;
afterEach(async () => {
  await app?.close();
  app = null;
});

/** An app with one stream of items, filled from a server that `answer` plays. */
function appOf(answer: (url: URL) => unknown, options: Options = {}, feed: Partial<HttpOptions> = {}) {
  const declared = defineApp({
    name: 'times',
    version: '1',
    description: 'times of a source',
    streams: {
      items: stream({
        description: 'items',
        schema: Item,
        time: ({ at }) => at,
        feed: http({ url: 'https://source.example/items', everyMs: MINUTE, ...feed }),
        ...options,
      }),
    },
  });
  const store = createMemoryStore();
  const lines: string[] = [];
  const made = createTestApp(declared, {
    at: NOON,
    store,
    log: (_level, message) => lines.push(message),
    fetch: ({ url }) => Response.json(answer(new URL(url))),
  });
  app = made;
  const scope = scopeOfLogs({ app: declared, store, runtime: systemRuntime(() => {}) }, { tenant: 'public' });
  return {
    letters: async () => (await readDeadLetters(scope, 'items', { limit: 100 })).deadLetters,
    events: async () => (await made.streams.history('items', { from: 0, limit: 1_000 })).events,
    poll: async () => {
      const { feeds } = await made.ingest();
      expect(feeds).toMatchObject([{ outcome: 'pulled', error: null }]);
      await made.advance(MINUTE);
    },
    clock: () => made.now(),
    ask: (tool: string, input: Record<string, unknown>) => made.call(tool, input),
    logged: () => lines,
    request: (method: string, params: Record<string, unknown>) => made.request(method, params),
  };
}

const at = (iso: unknown, n = 0) => ({ n, at: iso });

describe('texts', () => {
  it('that mean one moment are read, and all others are dead letters that say why', async () => {
    const texts = [
      '2026-11-20T12:00:00',
      '2026-11-20 12:00:00',
      '05.04.2026 12:00',
      '05/04/2026',
      '12',
      'Week 12',
      'Sensor 7',
      '1.5',
      '2026-02-30T00:00:00Z',
      '2026-11-20T12:00:00+01',
      '20261120T120000Z',
    ];
    const { poll, events, letters } = appOf(() => texts.map((text, n) => at(text, n)));
    await poll();
    const found = (await events()).map(({ data, time }) => [(data as { n: number }).n, time - NOON]);
    expect(found).toEqual([
      [9, -60 * MINUTE],
      [0, 0],
      [1, 0],
      [10, 0],
    ]);
    expect((await letters()).map(({ item, reason }) => [(item as { n: number }).n, reason])).toEqual(
      [2, 3, 4, 5, 6, 7, 8].map((n) => [n, 'time']),
    );
    for (const { expected } of await letters()) expect(expected).toMatch(/ISO 8601|a day and a time that there are/);
  });

  it('without a zone are read in that of the stream, also where the feed goes on by them', async () => {
    const asked: string[] = [];
    const { poll, events } = appOf(
      (url) => {
        asked.push(url.searchParams.get('since') ?? '');
        return [at('2026-11-20T12:59:00', 1)];
      },
      { zone: 'Europe/Berlin' },
      { url: 'https://source.example/items?since={since}', since: { from: 'at' } },
    );
    await poll();
    await poll();
    expect((await events()).map(({ time }) => time)).toEqual([NOON - MINUTE]);
    expect(asked).toEqual(['2026-11-20T11:00:00.000Z', '2026-11-20T11:59:00.000Z']);
  });

  it('without a zone, where none is declared, are read as UTC, and that is told once', async () => {
    let n = 0;
    const { poll, events, ask, logged } = appOf(() => [at('2026-11-20T12:00:00', (n += 1)), at('2026-11-20 12:00', n)]);
    const told = async () => {
      const { structured, text } = await ask('list_streams', {});
      const [listed] = (structured as unknown as { streams: { zone: string; zoneAssumed: boolean }[] }).streams;
      return [listed?.zone, listed?.zoneAssumed, text.includes('zone UTC, an assumption: its times come without one')];
    };
    expect(await told()).toEqual(['UTC', false, false]);
    await poll();
    await poll();
    expect((await events()).map(({ time }) => time)).toEqual([NOON, NOON, NOON, NOON]);
    expect(await told()).toEqual(['UTC', true, true]);
    expect(logged().filter((line) => line === 'times without a zone are read as UTC')).toHaveLength(1);
  });

  it('of RSS are read as mail writes them, in the zone of the stream where they have none', async () => {
    // The first burst loads them, and the clock would go on meanwhile.
    await Promise.all([import('../../src/feeds/rss/read.ts'), import('../../src/feeds/rss/charset.ts')]);
    const dates = [
      'Thu, 20 Nov 2026 13:00:00',
      '20 Nov 26 12:00 GMT',
      'Fri, 20 Nov 2026 07:00:00 EST',
      '05.04.2026 12:00',
    ];
    const items = dates.map((date, n) => `<item><title>t</title><guid>${n}</guid><pubDate>${date}</pubDate></item>`);
    const declared = defineApp({
      name: 'news',
      version: '1',
      description: 'news',
      streams: {
        news: stream({
          description: 'news',
          schema: z.object({ id: z.string(), time: z.string().nullable() }),
          time: ({ time }) => time,
          zone: 'Europe/Berlin',
          feed: http({ url: 'https://source.example/rss', format: rss() }),
        }),
      },
    });
    const text = `<rss version="2.0"><channel><title>t</title>${items.join('')}</channel></rss>`;
    const headers = { 'content-type': 'application/rss+xml' };
    const news = createTestApp(declared, { at: NOON, fetch: () => new Response(text, { headers }) });
    app = news;
    const { feeds } = await news.ingest();
    expect(feeds).toMatchObject([{ events: 3, rejected: 1 }]);
    const { events } = await news.streams.history('news', { from: 0 });
    expect(events.map(({ time }) => time)).toEqual([NOON, NOON, NOON]);
  });
});

it('a push is refused for a time that cannot be read, and told what is assumed of one without a zone', async () => {
  const declared = defineApp({
    name: 'pushes',
    version: '1',
    description: 'pushes',
    streams: {
      items: stream({
        description: 'items',
        schema: z.object({ at: z.string() }),
        time: 'at',
        push: { token: secret('PUSH_TOKEN') },
      }),
    },
  });
  const token = 'a-token-of-this-test-alone';
  const pushes = createTestApp(declared, { at: NOON, environment: { PUSH_TOKEN: token } });
  app = pushes;
  const push = async (...times: string[]) => {
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const body = JSON.stringify(times.map((moment) => ({ at: moment })));
    const url = 'http://127.0.0.1/ingest/items';
    return (await pushes.fetch(new Request(url, { method: 'POST', headers, body }))).json();
  };
  expect(await push('2026-11-20T12:00:00Z')).toEqual({ appended: 1, duplicates: 0 });
  expect(await push('2026-11-20T12:00:00', '2026-11-20T12:00:00Z')).toEqual({
    appended: 2,
    duplicates: 0,
    assumed: expect.stringContaining('the times of 1 event(s) have no zone and were read as UTC'),
  });
  expect(JSON.stringify(await push('2026-11-20T12:00:00Z', 'yesterday'))).toContain('body[1].at: expected a time');
  expect(JSON.stringify(await push('2026-11-20T12:05:01Z'))).toContain('aheadMs');
});

it('counts of another unit than the declared one are dead letters that name the likely one', async () => {
  const { poll, events, letters } = appOf(() => [at(NOON / 1_000, 1), at(NOON, 2), at(String(NOON * 1e6), 3)], {
    time: { field: ({ at: count }) => count, unit: 'ms' },
  });
  await poll();
  expect((await events()).map(({ data }) => (data as { n: number }).n)).toEqual([2]);
  expect((await letters()).map(({ expected }) => expected)).toEqual([
    expect.stringContaining("declare unit: 's'"),
    expect.stringContaining("declare unit: 'ns'"),
  ]);
});

describe('counts without a declared unit', () => {
  const counts = [
    12,
    0,
    -5,
    2026,
    20_261_120,
    46_346.5,
    NOON / 1_000,
    NOON * 1_000,
    '12',
    '1234',
    String(NOON / 1_000),
  ];

  it('are dead letters that name the field, the value and the declaration that would read it', async () => {
    const { poll, events, letters } = appOf(() => [...counts, NOON, String(NOON), NOON + 0.5].map(at), { time: 'at' });
    await poll();
    expect((await events()).map(({ time }) => time)).toEqual([NOON, NOON, NOON]);
    const found = await letters();
    expect(found.map(({ item, field }) => [(item as { at: unknown }).at, field])).toEqual(
      counts.map((count) => [count, 'data.at']),
    );
    for (const [index, { expected }] of found.entries()) {
      expect(expected).toContain(`not ${JSON.stringify(counts[index])}`);
      expect(expected).toMatch(/time: \{ field: 'at', unit: '(s|ms|us|ns)' \}|looks like the date 2026(-11-20)?:/);
    }
  });

  it('of a CSV are judged as numbers are, and digits that are a date in ISO 8601 are that date', async () => {
    const csvRows = ['12', '1234', '20261120', String(NOON), String(NOON / 1_000)];
    const declared = defineApp({
      name: 'rows',
      version: '1',
      description: 'rows',
      streams: {
        rows: stream({
          description: 'rows',
          schema: z.object({ at: z.string() }),
          time: 'at',
          feed: http({ url: 'https://source.example/rows.csv', format: csv() }),
        }),
      },
    });
    const rows = createTestApp(declared, { at: NOON, fetch: () => new Response(`at\n${csvRows.join('\n')}\n`) });
    app = rows;
    expect((await rows.ingest()).feeds).toMatchObject([{ events: 2, rejected: 3 }]);
    const { events } = await rows.streams.history('rows', { from: 0 });
    expect(events.map(({ time }) => time)).toEqual([NOON - 12 * 60 * MINUTE, NOON]);
  });

  it('of a push and of a handler are refused', async () => {
    const declared = defineApp({
      name: 'pushes',
      version: '1',
      description: 'pushes',
      streams: {
        items: stream({ description: 'items', schema: Item, time: 'at', push: { token: secret('PUSH_TOKEN') } }),
      },
      tools: {
        note: tool({
          description: 'notes',
          input: z.object({ at: z.number() }),
          run: async ({ at: moment }, { streams }) => (await streams.append('items', at(moment))).id,
        }),
      },
    });
    const token = 'a-token-of-this-test-alone';
    const pushes = createTestApp(declared, { at: NOON, environment: { PUSH_TOKEN: token } });
    app = pushes;
    const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
    const body = JSON.stringify([at(NOON), at(12)]);
    const request = new Request('http://127.0.0.1/ingest/items', { method: 'POST', headers, body });
    const answer = await pushes.fetch(request);
    expect([answer.status, await answer.text()]).toEqual([400, expect.stringMatching(/body\[1\]\.at.*not 12/)]);
    const { isError, text } = await pushes.call('note', { at: 12 });
    expect([isError, text]).toEqual([true, expect.stringMatching(/data\.at.*not 12/)]);
    expect((await pushes.streams.history('items', { from: 0 })).events).toEqual([]);
  });
});

describe('ahead of the clock', () => {
  it.each([0, 10 * MINUTE])('one item skips no other, with an overlap of %i ms', async (overlapMs) => {
    // An item a second, the tenth of which has the time of a clock that runs 37 s ahead.
    const all = Array.from({ length: 600 }, (_, n) => at(NOON - MINUTE + n * 1_000 + (n === 10 ? 37_000 : 0), n));
    const asked: number[] = [];
    let there = 0;
    const time = { now: () => NOON };
    const options: Options = overlapMs > 0 ? { id: ({ n }) => n } : {};
    const { poll, events, clock } = appOf(
      (url) => {
        const since = Number(url.searchParams.get('since'));
        asked.push(since - time.now());
        there = Math.floor((time.now() - NOON + MINUTE) / 1_000) + 1;
        return all.slice(0, there).filter(({ at: moment }) => Number(moment) >= since);
      },
      options,
      { url: 'https://source.example/items?since={since}', since: { from: 'at', format: 'ms', overlapMs } },
    );
    time.now = clock;
    for (let burst = 0; burst < 8; burst += 1) await poll();
    const found = (await events()).map(({ data }) => (data as { n: number }).n);
    expect(found.toSorted((a, b) => a - b)).toEqual(all.slice(0, there).map(({ n }) => n));
    expect(there).toBeGreaterThan(480);
    expect(Math.max(...asked)).toBeLessThanOrEqual(0);
  });

  it('one event of 2099 is a dead letter that names the fix, and the latest event goes on', async () => {
    let n = 0;
    const { poll, letters, ask, events } = appOf(() => [at(n === 0 ? 4_070_908_800_000 : NOON, (n += 1))]);
    await poll();
    await poll();
    expect(await letters()).toMatchObject([{ reason: 'time', expected: expect.stringContaining('aheadMs') }]);
    expect((await events()).map(({ time }) => time)).toEqual([NOON]);
    expect((await ask('read_latest', { stream: 'items' })).structured).toMatchObject({ events: [{ time: NOON }] });
  });
});

it('of forecasts the latest is the one furthest ahead, and both texts say so', async () => {
  const hours = [1, 30, 6].map((hour, n) => at(NOON + hour * 60 * MINUTE, n));
  const { poll, ask, request } = appOf(() => hours, { aheadMs: 7 * 86_400_000, id: ({ n }) => n });
  await poll();
  const { structured, text } = await ask('read_latest', { stream: 'items' });
  expect(structured).toMatchObject({ events: [{ time: NOON + 30 * 60 * MINUTE, ageMs: -(30 * 60 - 1) * MINUTE }] });
  expect(text).toContain('(30 h ahead)');
  const { tools } = (await request('tools/list', {})) as unknown as { tools: { name: string; description: string }[] };
  const description = tools.find(({ name }) => name === 'read_latest')?.description;
  expect(description).toContain('Of forecasts it is the one furthest ahead');
  const listed = await ask('list_streams', {});
  expect(listed.structured).toMatchObject({ streams: [{ aheadMs: 7 * 86_400_000 }] });
  expect(listed.text).toContain('ahead of the clock by 7d at most');
});

it.each([NOON / 1_000, String(NOON / 1_000), NOON * 1_000, NOON * 1e6])(
  'a range from %s is refused with the milliseconds that were meant',
  async (from) => {
    const { ask } = appOf(() => []);
    for (const bound of ['from', 'to']) {
      const { isError, text } = await ask('read_history', { stream: 'items', [bound]: from });
      expect([isError, text]).toEqual([true, expect.stringContaining('1795176000000 is 2026-11-20T12:00:00Z')]);
    }
  },
);
