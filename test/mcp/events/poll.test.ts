/** `events/list` and `events/poll` at hosts of one store: what comes, in order, once for each cursor, and nothing of others. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { http, stream } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { createListeningHost } from '../listen/listening-host.ts';
import { ADA, BOB, celsiusOf, createHouse, houseWith, OPEN, READER, rooms } from './house.ts';

const ALL = 'acme rita streams:read';

interface Listed {
  events: { name: string; description: string; delivery: string[]; inputSchema: object; payloadSchema: object }[];
  nextCursor?: string;
}

async function listed({ call }: Pick<ReturnType<typeof createHouse>, 'call'>, who: string, params = {}) {
  const { result } = await call('events/list', params, who);
  return result as unknown as Listed;
}

const delivery = async (own: Parameters<typeof createHouse>[0], who: string) =>
  (await listed(createHouse(own), who)).events[0]?.delivery;

/** With a stream that a feed fills so often. */
function fedEvery(everyMs: number) {
  const fed = stream({ description: 'Fed', schema: z.json(), feed: http({ url: 'https://a.example/', everyMs }) });
  return createHouse({}, { streams: { rooms, fed } });
}

const pace = async ({ poll }: ReturnType<typeof createHouse>, name: string) => (await poll({ name })).nextPollMs;

describe('events/list', () => {
  test('names triggers and streams that the caller may read, each with its arguments and data', async () => {
    const { events } = await listed(createHouse(), READER);
    expect(events.map(({ name, description }) => [name, description])).toEqual([
      ['hot', 'A room is too hot'],
      ['stream.rooms', 'Temperatures of rooms'],
    ]);
    expect(events[1]).toMatchObject({
      inputSchema: { type: 'object', properties: { keys: {}, where: {} } },
      payloadSchema: { type: 'object', properties: { key: {}, data: { properties: { celsius: { type: 'number' } } } } },
    });
    expect(events[0]?.payloadSchema).toMatchObject({ properties: { became: { enum: ['holding', 'ceased'] } } });
  });

  test('says how each is delivered on this host, to this caller', async () => {
    expect(await delivery({}, ADA)).toEqual(['poll', 'push', 'webhook']);
    expect(await delivery({ listening: null }, ADA)).toEqual(['poll', 'webhook']);
    expect(await delivery({ secrets: null }, ADA)).toEqual(['poll', 'push']);
    // Nobody knows who that is.
    expect(await delivery({}, OPEN)).toEqual(['poll', 'push']);
  });

  test('answers pages', async () => {
    const one = stream({ description: 'One of many', schema: z.json() });
    const streams = Object.fromEntries(Array.from({ length: 150 }, (_, at) => [`s${at}`, one]));
    const house = createListeningHost(houseWith({ streams: { ...streams, rooms } }));
    const first = await listed(house, ALL);
    expect(first.events).toHaveLength(100);
    const second = await listed(house, ALL, { cursor: first.nextCursor });
    expect(second.nextCursor).toBeUndefined();
    expect(new Set([...first.events, ...second.events].map(({ name }) => name)).size).toBe(152);
    const { error } = await house.call('events/list', { cursor: 'x' }, ADA);
    expect(error).toMatchObject({ code: -32_602, data: { field: 'params.cursor' } });
  });

  test('is declared under both names, and by the server card', async () => {
    const { call, host } = createHouse();
    const { result } = await call('server/discover', {}, ADA);
    const settings = { listChanged: true };
    const capabilities = { events: settings, extensions: { 'io.modelcontextprotocol/events': settings } };
    expect(result).toMatchObject({ capabilities });
    const card = await host.fetch(new Request('http://127.0.0.1/.well-known/mcp.json'));
    expect(await card.json()).toMatchObject({ capabilities });
    const without = createListeningHost(houseWith({ streams: {}, triggers: {}, tools: {} }));
    const { result: none } = await without.call('server/discover', {}, ADA);
    expect(JSON.stringify(none)).not.toContain('/events');
    expect(await without.call('events/list', {}, ADA)).toMatchObject({ error: { code: -32_601 } });
  });
});

describe('events/poll', () => {
  test('tells from now on, in order, once for each cursor, at either host', async () => {
    const { poll, put, store, clock } = createHouse();
    const two = createListeningHost(houseWith(), { store }, clock);
    await put(1);
    const first = await poll();
    expect(first).toMatchObject({ events: [], truncated: false, hasMore: false, resultType: 'complete' });
    await put(2);
    await put(3);
    const second = await poll({ cursor: first.cursor });
    expect(celsiusOf(second)).toEqual([2, 3]);
    expect(second.events[0]).toEqual({
      eventId: expect.stringMatching(/^.{8,}$/) as string,
      name: 'stream.rooms',
      timestamp: '2026-11-30T12:00:00.000Z',
      data: { key: 'attic', data: { room: 'attic', celsius: 2 } },
    });
    expect(celsiusOf(await poll({ cursor: second.cursor }))).toEqual([]);
    const { result } = await two.call('events/poll', { name: 'stream.rooms', cursor: first.cursor }, ADA);
    expect(result).toMatchObject({ events: second.events, cursor: second.cursor });
  });

  test('tells of a stream that had no event when it was first asked', async () => {
    const { poll, put } = createHouse();
    const { cursor } = await poll({ cursor: null });
    await put(1);
    expect(celsiusOf(await poll({ cursor }))).toEqual([1]);
  });

  test('answers as many as are asked for, and says that there are more', async () => {
    const { poll, put } = createHouse();
    let { cursor } = await poll();
    for (const celsius of [1, 2, 3, 4, 5]) await put(celsius);
    const seen: (number | undefined)[][] = [];
    for (let hasMore = true; hasMore;) {
      const page = await poll({ cursor, maxEvents: 2 });
      seen.push(celsiusOf(page));
      ({ cursor, hasMore } = page);
    }
    expect(seen).toEqual([[1, 2], [3, 4], [5]]);
    expect(celsiusOf(await poll({ cursor: (await poll()).cursor, maxEvents: 1e9 }))).toEqual([]);
  });

  test('tells what its arguments select, and moves on behind the rest', async () => {
    const { poll, put } = createHouse();
    const { cursor } = await poll();
    await put(10, 'attic');
    await put(40, 'cellar');
    const args = { keys: ['cellar'] };
    expect(celsiusOf(await poll({ cursor, arguments: args }))).toEqual([40]);
    const { cursor: next, events } = await poll({ cursor, arguments: { where: { celsius: { above: 100 } } } });
    expect(events).toEqual([]);
    expect(celsiusOf(await poll({ cursor: next }))).toEqual([]);
  });

  test('begins no earlier than maxAgeMs, also far behind, and says what was left out', async () => {
    const { poll, put, clock, store } = createHouse();
    const { cursor } = await poll();
    await put(1);
    await clock.advance(60_000);
    await put(2);
    expect(celsiusOf(await poll({ cursor, maxAgeMs: 120_000 }))).toEqual([1, 2]);
    const recent = await poll({ cursor, maxAgeMs: 30_000 });
    expect([celsiusOf(recent), recent.truncated]).toEqual([[2], true]);
    // It says nothing without a cursor.
    expect((await poll({ maxAgeMs: 30_000 })).truncated).toBe(false);
    const entries = Array.from({ length: 2_500 }, (_, at) => ({
      id: `old${at}`,
      key: 'attic',
      time: clock.now(),
      data: { room: 'attic', celsius: 3 },
    }));
    for (const part of [entries.slice(0, 1_250), entries.slice(1_250)]) {
      const append = { kind: 'append' as const, log: streamLog('acme', 'rooms'), entries: part };
      await store.commit([append], { id: part[0]!.id, now: clock.now(), deadline: clock.now() + 1_000 });
    }
    await clock.advance(60_000);
    await put(4);
    const far = await poll({ cursor, maxAgeMs: 30_000, maxEvents: 1_000 });
    expect([celsiusOf(far), far.truncated, far.hasMore]).toEqual([[4], true, false]);
  });

  test('behind what retention took says so, and goes on with what is there', async () => {
    const { poll, put, store, clock } = createHouse();
    const { cursor } = await poll();
    await put(1);
    await put(2);
    await store.trim(streamLog('acme', 'rooms'), { now: clock.now(), keep: 1, limit: 10 });
    const gone = await poll({ cursor });
    expect([celsiusOf(gone), gone.truncated]).toEqual([[2], true]);
    const next = await poll({ cursor: gone.cursor });
    expect([celsiusOf(next), next.truncated]).toEqual([[], false]);
  });

  test('is one call to the store, whatever it finds; two more where what is too old is more than a call reads', async () => {
    const calls: string[] = [];
    const store = new Proxy(createMemoryStore(), {
      get(target, name: keyof Store) {
        const member = target[name];
        if (typeof member !== 'function') return member;
        return (...given: unknown[]) => {
          // Who asks how often is counted beside it, whatever is asked.
          if (name !== 'add') calls.push(name);
          return (member as (...given: unknown[]) => unknown)(...given);
        };
      },
    });
    const { poll, put, clock } = createHouse({ store });
    const spent = async (params: object) => {
      calls.length = 0;
      const { cursor } = await poll(params);
      return { cursor, calls: [...calls] };
    };
    const first = await spent({});
    expect(first.calls).toEqual(['extent']);
    expect((await spent({ cursor: first.cursor })).calls).toEqual(['read']);
    for (const celsius of [1, 2, 3]) await put(celsius);
    expect((await spent({ cursor: first.cursor, maxEvents: 1 })).calls).toEqual(['read']);
    expect((await spent({ cursor: first.cursor, arguments: { keys: ['cellar'] }, maxAgeMs: 1_000 })).calls).toEqual([
      'read',
    ]);
    await clock.advance(60_000);
    expect((await spent({ cursor: first.cursor, maxEvents: 1, maxAgeMs: 1_000 })).calls).toEqual([
      'read',
      'seek',
      'read',
    ]);
  });

  test('says how soon to ask again: as often as the feed brings something, or as events came', async () => {
    expect(await pace(fedEvery(20_000), 'stream.fed')).toBe(20_000);
    expect(await pace(fedEvery(120_000), 'stream.fed')).toBe(120_000);
    expect(await pace(fedEvery(3_600_000), 'stream.fed')).toBe(300_000);
    expect(await pace(fedEvery(20_000), 'stream.rooms')).toBe(5_000);
    const { poll, put, clock } = createHouse();
    const { cursor } = await poll();
    for (const celsius of [1, 2, 3]) {
      await put(celsius);
      await clock.advance(2_000);
    }
    expect((await poll({ cursor })).nextPollMs).toBe(2_000);
  });

  test('a burst says nothing of when more comes, and two of them do', async () => {
    const { poll, put, clock } = createHouse();
    const { cursor } = await poll();
    const burst = async () => {
      for (const celsius of [1, 2, 3]) await put(celsius);
    };
    await burst();
    expect((await poll({ cursor })).nextPollMs).toBe(5_000);
    await clock.advance(3_000);
    await burst();
    expect((await poll({ cursor })).nextPollMs).toBe(3_000);
  });
});

describe('what is refused', () => {
  const { call } = createHouse();
  const refusal = async (params: object, who = ADA, method = 'events/poll') =>
    (await call(method, { name: 'stream.rooms', ...params }, who)).error;

  test.each([
    ['name', { name: undefined }, 'a text'],
    ['arguments.keys', { arguments: { keys: [] } }, '1 to 100 keys'],
    ['arguments', { arguments: { rooms: 1 } }, undefined],
    ['cursor', { cursor: 'nothing of ours' }, 'cursor'],
    ['cursor', { cursor: 7 }, 'a cursor'],
    ['maxEvents', { maxEvents: 0 }, '1 or more'],
    ['maxEvents', { maxEvents: 1.5 }, 'a whole number'],
    ['maxAgeMs', { maxAgeMs: -1 }, '0 or more'],
    ['maxAgeMs', { maxAgeMs: 'a day' }, 'ms'],
  ])('%s in %j is InvalidParams', async (field, params, expected) => {
    const error = await refusal(params);
    expect(error).toMatchObject({
      code: -32_602,
      data: { field: expect.stringContaining(`params.${field}`) as string },
    });
    if (expected !== undefined) expect(error?.message).toContain(expected);
  });

  test('an event that is not there is NotFound, in the codes that the app chose', async () => {
    const error = await refusal({ name: 'stream.room' });
    expect(error).toMatchObject({ code: -32_011, data: { kind: 'event', field: 'params.name' } });
    expect(error?.message).toContain('did you mean stream.rooms?');
    const sep = createHouse({}, { events: { codes: 'sep' } });
    expect((await sep.call('events/poll', { name: 'x' }, ADA)).error).toMatchObject({ code: -32_023 });
  });

  test('a cursor of another event is none of this one', async () => {
    const { poll, put } = createHouse();
    await put(1);
    const { cursor } = await poll();
    await expect(poll({ name: 'stream.secret', cursor })).rejects.toThrow('-32602');
  });

  test('what another tenant has is not told, whatever the cursor', async () => {
    const { poll, put } = createHouse();
    const [mine, others] = [await poll(), await poll({}, BOB)];
    await put(1, 'attic', BOB);
    expect((await poll({ cursor: mine.cursor })).events).toEqual([]);
    expect(celsiusOf(await poll({ cursor: others.cursor }, BOB))).toEqual([1]);
    const theirs = await poll({ cursor: others.cursor }, BOB);
    // Of the other tenant's log nothing is there: the cursor is foreign, and nothing came.
    const foreign = await poll({ cursor: theirs.cursor });
    expect(foreign.events).toEqual([]);
  });

  test('whoever may not read a stream is told which scope, before anything else', async () => {
    const house = createHouse();
    const response = await house.clock.drive(house.post('events/poll', { name: 'stream.secret' }, READER));
    expect(response.status).toBe(403);
    expect(response.headers.get('www-authenticate')).toContain('streams:read:secret');
    const trigger = await house.clock.drive(house.post('events/poll', { name: 'hot' }, 'acme rita tasks'));
    expect(trigger.status).toBe(403);
    expect((await house.call('events/poll', { name: 'hot' }, READER)).error).toBeUndefined();
  });

  test('a subscription of whom nobody knows is Forbidden, and of a server without webhooks Unsupported', async () => {
    const delivery = { mode: 'webhook', url: 'https://a.example/', secret: 'whsec_x' };
    expect(await refusal({ delivery }, OPEN, 'events/subscribe')).toMatchObject({ code: -32_012 });
    expect(await refusal({ delivery }, OPEN, 'events/unsubscribe')).toMatchObject({ code: -32_012 });
    const unsealed = createHouse({ secrets: null });
    expect((await unsealed.call('events/subscribe', { name: 'hot', delivery }, ADA)).error).toMatchObject({
      code: -32_014,
      data: { feature: 'deliveryMode', value: 'webhook' },
    });
  });
});
