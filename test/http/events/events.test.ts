import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { TidegateError } from '../../../src/base/errors.ts';
import type { Principal } from '../../../src/base/principal.ts';
import { createListeningHost, START } from '../../mcp/listen/listening-host.ts';
import { defineApp, stream, trigger } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import type { Store } from '../../../src/store/store.ts';
import { loggedEvent, streamLog } from '../../../src/streams/log/stream-log.ts';
import { removeEvents } from '../../../src/streams/removing/remove.ts';
import { type EventReader, openEvents } from './reader.ts';

const [SECOND, MINUTE] = [1_000, 60_000];
const [ADA, BOB] = ['acme ada *', 'other bob *'];
const STANDING = { streamMs: 60 * MINUTE, most: 3, reads: null };

const data = z.object({ room: z.string(), celsius: z.number() });
const app = defineApp({
  name: 'rooms',
  version: '1.0.0',
  description: 'Rooms',
  streams: {
    rooms: stream({ description: 'Rooms', schema: data, key: 'room', tenants: 'each' }),
    plain: stream({ description: 'Without keys', schema: z.json() }),
  },
  triggers: {
    hot: trigger({ description: 'Too hot', on: 'rooms', when: { kind: 'threshold', field: 'celsius', above: 30 } }),
  },
});

type Stage = ReturnType<typeof createListeningHost>;

const stageOf = (own: Parameters<typeof createListeningHost>[1] = {}) =>
  createListeningHost(app, { listening: STANDING, ...own });

let nextId = 0;
const room = (key: string, celsius: number) => ({ key, data: { room: key, celsius } });

/** Appends as another process does, of whose commits this one hears nothing, or as this one. */
async function append(
  { store, runtime }: Pick<Stage, 'store' | 'runtime'>,
  events: readonly { key?: string; data: unknown; meta?: object }[],
  { tenant = 'acme', name = 'rooms' } = {},
): Promise<void> {
  const entries = events.map((event) => ({ id: `e${(nextId += 1)}`, time: runtime.now(), ...event }) as never);
  await commitSurely(runtime, store, [loggedEvent.append(streamLog(tenant, name), entries)], runtime.now() + MINUTE);
}

const shown = (reader: EventReader) =>
  reader.news().map(({ event, data: { eventId, reason } }) => eventId ?? `${event} ${String(reason)}`);
const celsius = (reader: EventReader) =>
  reader
    .news()
    .map(({ event, data: told }) =>
      event === 'message' ? (told as { data: { data: { celsius: number } } }).data.data.celsius : event,
    );

const occurrence = (became: string) => ({
  key: 'a',
  data: { became, title: `a ${became}`, value: 31, events: [], payload: {} },
});
const titles = (reader: EventReader) =>
  reader.news().map(({ data: told }) => (told['data'] as { title: string }).title);
const authenticate = (request: Request): Principal | Response =>
  request.headers.has('authorization')
    ? { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] }
    : new Response(null, { status: 401 });

describe('what is told', () => {
  test('events from now on, in the form of every subscription, each with where to go on', async () => {
    const stage = stageOf();
    await append(stage, [room('attic', 1)]);
    const reader = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    expect(reader).toMatchObject({ status: 200, told: [], state: 'open' });
    expect(reader.headers.get('cache-control')).toContain('no-store');
    expect(reader.retryMs).toBe(3_000);
    expect(reader.lastId).not.toBe('');
    await append(stage, [room('attic', 21), room('cellar', 9)]);
    await stage.clock.advance(11 * SECOND);
    const [first, second] = reader.news();
    expect(first).toEqual({
      id: expect.stringMatching(/^p/) as string,
      event: 'message',
      data: {
        eventId: expect.any(String) as string,
        name: 'stream.rooms',
        timestamp: new Date(START).toISOString(),
        data: { key: 'attic', data: { room: 'attic', celsius: 21 } },
      },
    });
    expect(second?.data).toMatchObject({ data: { key: 'cellar' } });
    reader.leave();
  });

  test('a reader that comes back with the id of the last event misses nothing and gets nothing twice, at any instance', async () => {
    const stage = stageOf();
    const first = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    await append(stage, [room('a', 1), room('a', 2)]);
    await stage.clock.advance(11 * SECOND);
    expect(celsius(first)).toEqual([1, 2]);
    first.leave();
    await append(stage, [room('a', 3), room('a', 4)]);
    const other = createListeningHost(app, { listening: STANDING, store: stage.store }, stage.clock);
    const again = await openEvents(other, '/streams/rooms/events', { who: ADA, lastId: first.lastId });
    expect(celsius(again)).toEqual([3, 4]);
    const byUrl = await openEvents(other, `/streams/rooms/events?lastEventId=${encodeURIComponent(first.lastId)}`, {
      who: ADA,
    });
    expect(celsius(byUrl)).toEqual([3, 4]);
    // The URL of a page stays the same when its browser comes back: what the browser says goes before.
    const both = await openEvents(other, `/streams/rooms/events?lastEventId=${first.lastId}`, {
      who: ADA,
      lastId: again.lastId,
    });
    expect(celsius(both)).toEqual([]);
    for (const each of [again, byUrl, both]) each.leave();
  });

  test('a reader that was cut before the first event of a new stream goes on before it', async () => {
    const stage = stageOf();
    const first = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    first.leave();
    await append(stage, [room('a', 1)]);
    const again = await openEvents(stage, '/streams/rooms/events', { who: ADA, lastId: first.lastId });
    expect(celsius(again)).toEqual([1]);
    again.leave();
  });

  test('only what is asked for, and where to go on also behind what is not', async () => {
    const stage = stageOf();
    const where = encodeURIComponent(JSON.stringify({ celsius: { above: 20 } }));
    const paths = ['?keys=a,b', '?key=a&key=b', `?where=${where}`, `?keys=a&where=${where}`];
    const readers = await Promise.all(
      paths.slice(0, 3).map(async (query) => openEvents(stage, `/streams/rooms/events${query}`, { who: ADA })),
    );
    await append(stage, [room('a', 10), room('b', 30), room('c', 40), room('c', 1)]);
    await stage.clock.advance(11 * SECOND);
    expect(readers.map(celsius)).toEqual([
      [10, 30],
      [10, 30],
      [30, 40],
    ]);
    const begun = readers[2]!.lastId;
    await append(stage, [room('a', 1)]);
    await stage.clock.advance(11 * SECOND);
    expect(readers.map(celsius)).toEqual([[1], [1], []]);
    expect(readers[2]!.lastId).not.toBe(begun);
    for (const each of readers) each.leave();
    const last = await openEvents(stage, `/streams/rooms/events${paths[3]}`, { who: ADA, lastId: begun });
    expect(celsius(last)).toEqual([]);
    last.leave();
  });

  test('occurrences of a trigger, with their ends where they are asked for', async () => {
    const stage = stageOf();
    const [only, all] = [
      await openEvents(stage, '/triggers/hot/events', { who: ADA }),
      await openEvents(stage, '/triggers/hot/events?ends=true', { who: ADA }),
    ];
    await append(stage, [occurrence('holding'), occurrence('ceased')], { name: 'trigger.hot' });
    await stage.clock.advance(11 * SECOND);
    expect(titles(only)).toEqual(['a holding']);
    expect(titles(all)).toEqual(['a holding', 'a ceased']);
    for (const each of [only, all]) each.leave();
  });

  test('a gap of the source, a removal and what is kept no more are told as a gap', async () => {
    const stage = stageOf();
    const reader = await openEvents(stage, '/streams/rooms/events?keys=a', { who: ADA });
    await append(stage, [{ data: null, meta: { gap: { reason: 'reconnect', detail: 'away for 3 s' } } }, room('a', 1)]);
    await stage.clock.advance(11 * SECOND);
    expect(shown(reader)).toEqual(['gap reconnect', expect.stringMatching(/^e/)]);
    reader.leave();
    await append(
      stage,
      Array.from({ length: 20 }, (_, index) => room('a', index)),
    );
    await stage.store.trim(streamLog('acme', 'rooms'), { now: stage.clock.now(), keep: 2, limit: 100 });
    const later = await openEvents(stage, '/streams/rooms/events', { who: ADA, lastId: reader.lastId });
    expect(celsius(later)).toEqual(['gap', 18, 19]);
    later.leave();
    // A log that was lost and began anew has other positions.
    const lost = stageOf();
    await append(lost, [room('a', 7)]);
    const anew = await openEvents(lost, '/streams/rooms/events', { who: ADA, lastId: reader.lastId });
    expect(shown(anew)).toEqual(['gap anew', expect.any(String)]);
    anew.leave();
  });

  test('what was removed is not told, also where it was heard already and not yet read', async () => {
    const stage = stageOf();
    const reader = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    await append(stage, [room('a', 1), room('b', 2)]);
    const scope = { ...stage, app, tenant: 'acme' as never };
    await removeEvents(scope, app.streams.get('rooms')!, { key: 'a' }, stage.clock.now() + MINUTE);
    await stage.clock.advance(11 * SECOND);
    expect(celsius(reader)).toEqual([2]);
    reader.leave();
  });
});

describe('who may', () => {
  test.each([
    ['/streams/rooms/events', 'acme eve streams:publish', 403],
    ['/streams/none/events', 'acme eve streams:publish', 403],
    ['/streams/none/events', 'acme eve streams:read', 404],
    ['/streams/rooms/events', 'acme eve streams:read:plain', 403],
    ['/streams/rooms/events', 'acme eve streams:read:rooms', 200],
    ['/triggers/hot/events', 'acme eve streams:read:plain', 404],
    ['/triggers/none/events', 'acme eve streams:read', 404],
    ['/triggers/hot/events', 'acme eve streams:read', 200],
    ['/streams/trigger.hot/events', 'acme eve *', 404],
    ['/streams/audit/events', 'acme eve streams:read', 403],
    ['/streams/audit/events', 'acme eve admin', 200],
  ])('%s is for %s answered %i', async (path, who, status) => {
    const reader = await openEvents(stageOf(), path, { who });
    expect(reader.status).toBe(status);
    reader.leave();
  });

  test('nobody is told of what is of another tenant, whose cursor is worth nothing', async () => {
    const stage = stageOf();
    await append(stage, [room('a', 1)]);
    const mine = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    const others = await openEvents(stage, '/streams/rooms/events', { who: BOB });
    const byCursor = await openEvents(stage, '/streams/rooms/events', { who: BOB, lastId: mine.lastId });
    await append(stage, [room('a', 2)]);
    await stage.clock.advance(11 * SECOND);
    expect(celsius(mine)).toEqual([2]);
    expect(others.news()).toEqual([]);
    expect(byCursor.news().filter(({ event }) => event === 'message')).toEqual([]);
    for (const each of [mine, others, byCursor]) each.leave();
  });

  test('who brings no credential gets 401, and a page of another origin 403', async () => {
    const stage = stageOf({ authenticate, allowedOrigins: ['https://ui.example'] });
    expect((await openEvents(stage, '/streams/rooms/events')).status).toBe(401);
    const foreign = await openEvents(stage, '/streams/rooms/events', {
      who: ADA,
      headers: { Origin: 'https://evil.example' },
    });
    expect(foreign.status).toBe(403);
    expect(foreign.headers.get('access-control-allow-origin')).toBeNull();
    const allowed = await openEvents(stage, '/streams/rooms/events', {
      who: ADA,
      headers: { Origin: 'https://ui.example' },
    });
    expect(allowed.status).toBe(200);
    expect(allowed.headers.get('access-control-allow-origin')).toBe('https://ui.example');
    allowed.leave();
  });
});

describe('what cannot be asked', () => {
  test.each([
    ['?sensor=a', 'sensor'],
    ['?where={', 'where'],
    ['?where={"celsius":{"over":1}}', 'where'],
    ['?where={"fahrenheit":{"above":1}}', 'where'],
    ['?ends=true', ''],
    [`?${'key=k&'.repeat(2)}${Array.from({ length: 101 }, (_, index) => `key=k${index}`).join('&')}`, 'keys'],
    ['?lastEventId=garbage', 'cursor'],
  ])('%s is refused, naming %s', async (query, field) => {
    const reader = await openEvents(stageOf(), `/streams/rooms/events${query}`, { who: ADA });
    expect(reader.status).toBe(400);
    expect(String(reader.problem?.['field'])).toContain(field);
    expect(reader.problem?.['expected']).toEqual(expect.any(String));
    expect(JSON.stringify(reader.problem)).not.toContain('arguments.');
  });

  test('keys of a stream without keys, and other methods', async () => {
    const stage = stageOf();
    expect(await openEvents(stage, '/streams/plain/events?keys=a', { who: ADA })).toMatchObject({ status: 400 });
    const post = await openEvents(stage, '/streams/plain/events', { who: ADA, method: 'POST' });
    expect([post.status, post.headers.get('allow')]).toEqual([405, 'GET, HEAD, OPTIONS']);
    const options = await openEvents(stage, '/streams/plain/events', { who: ADA, method: 'OPTIONS' });
    expect([options.status, options.headers.get('allow')]).toEqual([204, 'GET, HEAD, OPTIONS']);
  });

  test('HEAD is answered as GET would be, and opens nothing', async () => {
    const stage = stageOf();
    const head = (path: string, who = ADA) => openEvents(stage, path, { who, method: 'HEAD' });
    for (let times = 0; times < 5; times += 1) {
      const { status, headers } = await head('/streams/rooms/events');
      expect([status, headers.get('content-type')]).toEqual([200, 'text/event-stream']);
    }
    expect((await head('/streams/none/events')).status).toBe(404);
    expect((await openEvents(stage, '/streams/rooms/events', { who: ADA })).status).toBe(200);
  });
});

describe('bounds', () => {
  test('a stream is kept alive, cut when its time is over, and when the host is closed', async () => {
    const stage = stageOf();
    const reader = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    await stage.clock.advance(40 * SECOND);
    expect(reader.comments).toBe(2);
    await stage.clock.advance(54 * MINUTE);
    expect(reader.state).toBe('open');
    await stage.clock.advance(6 * MINUTE);
    expect(reader.state).toBe('closed');
    const other = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    await stage.host.close();
    await stage.clock.advance(SECOND);
    expect(other.state).toBe('closed');
  });

  test('what is over the bound is told when to come back, since a browser would stay away after 503', async () => {
    const stage = stageOf();
    const open = () => openEvents(stage, '/streams/rooms/events', { who: ADA });
    const readers = [await open(), await open(), await open()];
    const fourth = await open();
    expect(fourth).toMatchObject({
      status: 200,
      retryMs: 45_000,
      told: [{ event: 'later', data: { code: 'overloaded', status: 503 } }],
    });
    await stage.clock.advance(0);
    expect(fourth.state).toBe('closed');
    const plain = await openEvents(stage, '/streams/rooms/events', { who: ADA, headers: { Accept: '*/*' } });
    expect([plain.status, plain.headers.get('retry-after')]).toEqual([503, '30']);
    readers[0]!.leave();
    await stage.clock.advance(SECOND);
    const fifth = await open();
    expect(fifth.told).toEqual([]);
    for (const each of [...readers, fifth]) each.leave();
  });

  test('open streams of a caller are counted over all instances', async () => {
    const few = defineApp({ ...app.options, quotas: { openStreams: 2 } });
    const store = createMemoryStore();
    const stage = createListeningHost(few, { listening: STANDING, store });
    const other = createListeningHost(few, { listening: STANDING, store }, stage.clock);
    const [one, two] = [
      await openEvents(stage, '/streams/rooms/events', { who: ADA }),
      await openEvents(other, '/streams/rooms/events', { who: ADA }),
    ];
    const third = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    expect(third.told).toMatchObject([{ event: 'later', data: { code: 'rate_limited' } }]);
    expect((await openEvents(stage, '/streams/rooms/events', { who: BOB })).told).toEqual([]);
    for (const each of [one, two]) each.leave();
  });

  test('where the store does not answer, a reader is told to come back', async () => {
    const inner = createMemoryStore();
    let isGone = false;
    const store: Store = {
      ...inner,
      extent: async (...asked) => {
        if (isGone) throw new TidegateError('store_unavailable', 'gone');
        return inner.extent(...asked);
      },
    };
    const stage = stageOf({ store });
    isGone = true;
    const reader = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    expect(reader).toMatchObject({ status: 200, told: [{ event: 'later', data: { code: 'store_unavailable' } }] });
  });

  test('a host without listeners answers short streams', async () => {
    const stage = createListeningHost(app, { listening: null });
    const reader = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    await append(stage, [room('a', 1)]);
    await stage.clock.advance(4 * SECOND);
    expect(celsius(reader)).toEqual([1]);
    await stage.clock.advance(SECOND);
    expect(reader.state).toBe('closed');
    const again = await openEvents(stage, '/streams/rooms/events', { who: ADA, lastId: reader.lastId });
    expect(again.told).toEqual([]);
    again.leave();
  });

  test('a reader that takes nothing is cut, and holds no more than a piece', async () => {
    const stage = stageOf();
    const large = { data: 'x'.repeat(100_000) };
    const reader = await openEvents(stage, '/streams/plain/events', { who: ADA, isRead: false });
    for (let times = 0; times < 20; times += 1)
      await append(stage, [large, large], { tenant: 'public', name: 'plain' });
    await stage.clock.advance(2 * MINUTE);
    const others = await Promise.all(
      [1, 2, 3].map(async () => openEvents(stage, '/streams/plain/events', { who: BOB })),
    );
    expect(others.map(({ told }) => told)).toEqual([[], [], []]);
    for (const each of [reader, ...others]) each.leave();
  });
});

test('a hundred readers of one log cost one read for all, and each hears each event once', async () => {
  const counted = countCalls(createMemoryStore());
  const stage = createListeningHost(app, { listening: { ...STANDING, most: 100 }, store: counted.store });
  const readers: EventReader[] = [];
  for (let index = 0; index < 100; index += 1)
    readers.push(await openEvents(stage, '/streams/rooms/events', { who: ADA }));
  await stage.clock.advance(30 * SECOND);
  counted.reset();
  for (let index = 0; index < 10; index += 1) {
    await append(stage, [room('a', index)]);
    await stage.clock.advance(2 * SECOND);
  }
  await stage.clock.advance(10 * SECOND);
  expect(readers.map(celsius)).toEqual(readers.map(() => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]));
  expect(counted.calls().read ?? 0).toBeLessThan(60);
  for (const each of readers) each.leave();
});

describe('what others reported of streams of events', () => {
  test('EventSource/eventsource#291, whatwg/html#8297: after a restart the position of the URL serves, and what is gone is told', async () => {
    const stage = stageOf();
    await append(stage, [room('a', 1)]);
    const reader = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    const url = `/streams/rooms/events?lastEventId=${encodeURIComponent(reader.lastId)}`;
    await append(
      stage,
      Array.from({ length: 5 }, (_, index) => room('a', index)),
    );
    const restarted = createListeningHost(app, { listening: STANDING, store: stage.store }, stage.clock);
    const again = await openEvents(restarted, url, { who: ADA });
    expect(celsius(again)).toEqual([0, 1, 2, 3, 4]);
    await stage.store.trim(streamLog('acme', 'rooms'), { now: stage.clock.now(), keep: 1, limit: 100 });
    const late = await openEvents(restarted, url, { who: ADA });
    expect(late.told[0]).toMatchObject({ event: 'gap', data: { reason: 'truncated' } });
    expect(celsius(late)).toEqual(['gap', 4]);
    for (const each of [reader, again, late]) each.leave();
  });

  test('Yaffle/EventSource#88: what is over a limit for a minute does not end a page for good', async () => {
    const few = defineApp({ ...app.options, quotas: { requests: 1 } });
    const stage = createListeningHost(few, { listening: STANDING });
    (await openEvents(stage, '/streams/rooms/events', { who: ADA })).leave();
    const limited = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    expect(limited).toMatchObject({ status: 200, told: [{ event: 'later', data: { code: 'rate_limited' } }] });
    expect(limited.retryMs).toBeGreaterThan(999);
    await stage.clock.advance(2 * MINUTE);
    const later = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    expect(later).toMatchObject({ state: 'open', told: [] });
    later.leave();
  });

  test('anomalyco/opencode#31923: who stops reading is cut, keeps no place, and goes on where it stood', async () => {
    const stage = stageOf({ listening: { ...STANDING, most: 1 } });
    const stuck = await openEvents(stage, '/streams/rooms/events', { who: ADA, isRead: false });
    await append(
      stage,
      Array.from({ length: 400 }, (_, index) => room('a', index)),
    );
    expect((await openEvents(stage, '/streams/rooms/events', { who: ADA })).told).toMatchObject([{ event: 'later' }]);
    await stage.clock.advance(MINUTE);
    const next = await openEvents(stage, '/streams/rooms/events', { who: ADA });
    expect(next).toMatchObject({ state: 'open', told: [] });
    for (const each of [stuck, next]) each.leave();
  });
});
