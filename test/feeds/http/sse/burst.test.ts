/** Bursts of server-sent events against a source that keeps ids, closes, breaks, stalls and goes away. */
import type { ServerResponse } from 'node:http';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { http, type HttpOptions, sse, type SseOptions } from '../../../../src/index.ts';
import type { BurstContext } from '../../../../src/declare/feed.ts';
import { type HttpSource, startHttpSource, stall, status } from '../../../services/http-feed.ts';
import { runBurst } from '../../run/burst-context.ts';

let source: HttpSource;

// A burst loads it; a burst of a test may be too short to wait for that.
beforeAll(() => import('../../../../src/feeds/http/sse/burst.ts'));

beforeEach(async () => {
  source = await startHttpSource();
});
afterEach(() => source.close());

/** A burst of `timeMs`, as the run ends it. */
const short = (timeMs: number, events = 10_000): Partial<BurstContext> => ({
  budget: { timeMs, events, bytes: 10 * 1024 * 1024 },
  deadline: Date.now() + timeMs,
  signal: AbortSignal.timeout(timeMs),
});
const pull = (changes: Partial<BurstContext>, options: Partial<HttpOptions> = {}, format: SseOptions = {}) =>
  runBurst(
    http({ url: `${source.origin}/feed?key=secret`, allow: [source.host], format: sse(format), ...options }),
    changes,
  );
const data = ({ items }: { items: { data: unknown }[] }) => items.map((item) => item.data);
const event = (n: number) => `id: ${n}\ndata: ${n}\n\n`;

/** Sends the events behind `Last-Event-ID`, at most `most` a connection, and then does as told. */
function serve(count: number, most: number, then: (response: ServerResponse) => void, head = ''): void {
  source.on('/feed', (request, response) => {
    const after = Number(request.headers['last-event-id'] ?? 0);
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(head);
    for (let n = after + 1; n <= Math.min(count, after + most); n += 1) response.write(event(n));
    then(response);
  });
}

describe('a stream of events', () => {
  it('is read until the time is over, and gone on with behind the last id', async () => {
    serve(3, 3, () => {});
    const first = await pull(short(600));
    expect(first).toMatchObject({ error: null, position: { cursor: '3' } });
    expect(data(first)).toEqual([1, 2, 3]);
    expect(source.requests[0]?.headers).toMatchObject({ accept: 'text/event-stream' });
    expect(source.requests[0]?.headers).not.toHaveProperty('last-event-id');
    serve(5, 5, () => {});
    const second = await pull({ ...short(500), position: first.position });
    expect(source.requests.at(-1)?.headers['last-event-id']).toBe('3');
    expect(data(second)).toEqual([4, 5]);
    await vi.waitFor(async () => expect(await source.connections()).toBe(0));
  });

  it('stops at the budget, and what it read beyond that comes again', async () => {
    serve(100, 100, () => {});
    const first = await pull(short(5_000, 7));
    expect(data(first)).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(first).toMatchObject({ error: null, position: { cursor: '7' } });
    expect(first.batches.some(({ last }) => last)).toBe(false);
    expect(data(await pull({ ...short(5_000, 3), position: first.position }))).toEqual([8, 9, 10]);
  });

  it('is connected to again within the burst, after the source’s time', async () => {
    serve(6, 2, (response) => response.end(), 'retry: 10\n\n');
    const started = Date.now();
    const burst = await pull(short(1_400));
    expect(data(burst)).toEqual([1, 2, 3, 4, 5, 6]);
    expect(burst.error).toBeNull();
    expect(Date.now() - started).toBeGreaterThanOrEqual(500);
    // Four connections at least, and 250 ms between two of them whatever the source says.
    expect(source.requests.length).toBeLessThanOrEqual(6);
  });

  it('is connected to again where the connection breaks', async () => {
    serve(4, 2, (response) => setTimeout(() => response.destroy(), 20), 'retry: 10\n\n');
    expect(data(await pull(short(1_200)))).toEqual([1, 2, 3, 4]);
  });

  it('is left alone for as long as the source says, over bursts too', async () => {
    serve(1, 1, (response) => response.end(), 'retry: 60000\n\n');
    const now = Date.now();
    const first = await pull(short(3_000));
    expect(first).toMatchObject({ error: null, position: { cursor: '1', notBefore: expect.any(Number) as number } });
    const early = await pull({ ...short(3_000), position: first.position });
    const { notBefore } = first.position as { notBefore: number };
    expect(first.batches.at(-1)).toMatchObject({ last: true, notBefore });
    expect(early).toMatchObject({ error: null, batches: [{ items: [], last: true, notBefore }] });
    expect(source.requests).toHaveLength(1);
    const later = { now: () => now + 70_000, deadline: now + 73_000 };
    await pull({ position: first.position, ...later }, { maxPages: 1 });
    expect(source.requests.length).toBeGreaterThan(1);
  });

  let fitted = 0;
  it.each([
    ['a burst that ends', {}],
    ['a connection that is held', { hold: { fitted: () => fitted++, standing: () => {}, answered: () => {} } }],
  ])('is left alone for an hour at most, which is told: %s', async (_, held) => {
    serve(1, 1, (response) => response.end(), `retry: ${10n ** 18n}\n\n`);
    const logged: unknown[] = [];
    const log: BurstContext['log'] = (level, _message, fields) => logged.push([level, fields]);
    const now = Date.now();
    const { batches, error, position } = await pull({ ...short(3_000), ...held, log });
    expect(error).toBeNull();
    const { notBefore = 0 } = batches.at(-1) ?? {};
    expect(notBefore - now).toBeGreaterThanOrEqual(3_600_000);
    expect(notBefore - now).toBeLessThan(3_610_000);
    expect(position).toMatchObject({ notBefore });
    expect(logged).toEqual([['warn', { askedMs: 1e18, keptMs: 3_600_000 }]]);
  });

  it('is connected to where a stored time lies further ahead than a source may ask', async () => {
    serve(1, 1, (response) => response.end());
    const position = { notBefore: Date.now() + 86_400_000 };
    expect(data(await pull({ ...short(3_000), position }, { maxPages: 1 }))).toEqual([1]);
  });

  it('moves on behind events that it does not take, without a batch for each', async () => {
    serve(50, 50, (response) => response.end());
    const { items, batches, position } = await pull(short(3_000), { maxPages: 1 }, { events: ['other'] });
    expect([items, batches.length, position]).toEqual([[], 1, expect.objectContaining({ cursor: '50' })]);
  });

  it('sends an id back as it came', async () => {
    source.on('/feed', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end('id: ü😀\ndata: 1\n\n');
    });
    const { position } = await pull(short(3_000), { maxPages: 1 });
    const { cursor } = position as { cursor: string };
    await pull({ ...short(3_000), position: { cursor } }, { maxPages: 1 });
    expect(Buffer.from(source.requests[1]?.headers['last-event-id'] as string, 'latin1').toString()).toBe('ü😀');
  });

  it('gives each of its streams every event, within the budget', async () => {
    serve(100, 100, () => {});
    const targets = ['a', 'b'].map((stream) => ({ stream, route: null }));
    const { items } = await pull({ ...short(5_000, 10), targets });
    expect(items).toHaveLength(10);
  });

  it('says that there is more where the budget of several streams does not come out even', async () => {
    serve(100, 100, () => {});
    const targets = ['a', 'b', 'c'].map((stream) => ({ stream, route: null }));
    const { items, batches } = await pull({ ...short(5_000, 10), targets });
    expect([items.length, batches.at(-1)?.more]).toEqual([9, true]);
  });
});

const gapsOf = ({ items }: Awaited<ReturnType<typeof pull>>) => items.flatMap(({ meta }) => meta?.gap?.reason ?? []);
/** Sends one event a connection, and ends it. */
function sayOne(): void {
  let n = 0;
  source.on('/feed', (_request, response) => {
    n += 1;
    response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`retry: 10\ndata: ${n}\n\n`);
  });
}

describe('a source without ids', () => {
  it('has a gap wherever nobody listened: between two connections, and between two bursts', async () => {
    sayOne();
    const first = await pull(short(3_000), { maxPages: 2 });
    expect([data(first), gapsOf(first)]).toEqual([[1, null, 2], ['not_listening']]);
    const later = Date.now() + 5_000;
    const second = await pull({ ...short(9_000), now: () => later, position: first.position }, { maxPages: 1 });
    expect(data(second)).toEqual([null, 3]);
    expect(second.items[0]?.meta?.gap?.detail).toMatch(
      /^nobody listened from .* to .*, 5 s, and the source gives no id/,
    );
  });

  it('has none where an id came, behind which it goes on', async () => {
    serve(6, 2, (response) => response.end(), 'retry: 10\n\n');
    const first = await pull(short(3_000), { maxPages: 2 });
    const later = Date.now() + 5_000;
    const second = await pull({ ...short(9_000), now: () => later, position: first.position }, { maxPages: 1 });
    expect([data(first), data(second)]).toEqual([
      [1, 2, 3, 4],
      [5, 6],
    ]);
  });
});

describe('a source of events that does not do well', () => {
  it('is silent: that is no failure', async () => {
    source.on('/feed', stall([], 'text/event-stream'));
    expect(await pull(short(400), { timeoutMs: 50 })).toMatchObject({
      error: null,
      items: [],
      batches: [{ last: true }],
    });
  });

  it('never ends an event: the burst ends in time, and its id is not gone on from', async () => {
    source.on('/feed', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(`${event(1)}id: 2\n`);
      const timer = setInterval(() => response.write('data: 2\n'), 20);
      response.on('close', () => clearInterval(timer));
    });
    const started = Date.now();
    const { error, items, position } = await pull(short(700));
    expect([error, items.length, position]).toEqual([null, 1, expect.objectContaining({ cursor: '1' })]);
    expect(Date.now() - started).toBeLessThan(2_000);
  });

  it('never answers: that is one', async () => {
    source.on('/feed', () => {});
    expect((await pull(short(2_000), { timeoutMs: 50 })).error).toMatchObject({ code: 'upstream', field: 'timeoutMs' });
  });

  it('wants no further connection', async () => {
    source.on('/feed', status(204));
    const { error } = await pull(short(2_000));
    expect(error).toMatchObject({ code: 'upstream', message: expect.stringMatching(/answered 204: it wants no/) });
    expect(source.requests).toHaveLength(1);
  });

  it('says no, at first or later', async () => {
    source.on('/feed', status(503));
    expect((await pull(short(2_000))).error).toMatchObject({ code: 'upstream' });
    let asked = 0;
    source.on('/feed', (request, response) => {
      asked += 1;
      if (asked === 2) return status(503)(request, response);
      if (asked === 3) return status(429, { 'retry-after': '30' })(request, response);
      response.writeHead(200, { 'content-type': 'text/event-stream' }).end(`retry: 1\n\n${event(1)}`);
    });
    const { error, items } = await pull(short(3_000));
    expect(error).toMatchObject({ code: 'upstream', retryAfterMs: 30_000 });
    expect(items).toHaveLength(1);
    expect(asked).toBe(3);
  });

  it('sends an event without an end: those before it are kept', async () => {
    source.on('/feed', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      response.write(event(1));
      setTimeout(() => response.end(`data: ${'x'.repeat(2 * 1024 * 1024)}`), 50);
    });
    const { error, items, position } = await pull(short(3_000));
    expect(error).toMatchObject({ code: 'too_large' });
    expect([items.length, position]).toEqual([1, expect.objectContaining({ cursor: '1' })]);
  });

  it('sends more than the burst may hold: it is left, with nothing unbounded', async () => {
    source.on('/feed', (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const piece = event(1).repeat(2_000);
      const more = () => {
        while (!response.destroyed && response.write(piece));
        if (!response.destroyed) response.once('drain', more);
      };
      more();
    });
    const { items, batches, error } = await pull(short(10_000, 30_000));
    expect(error).toBeNull();
    expect(items).toHaveLength(30_000);
    expect(batches.every((batch) => batch.items.length <= 8_000)).toBe(true);
  });
});
