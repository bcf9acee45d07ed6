/** `events/stream` over HTTP: what is sent, when, at which bounds, and what a store or a reader that fails does to it. */
import { describe, expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { TidegateError } from '../../../src/base/errors.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { createListeningHost } from '../listen/listening-host.ts';
import { ADA, BOB, createHouse, houseWith, OPEN, READER, told } from './house.ts';

const SUBSCRIPTION = 'io.modelcontextprotocol/subscriptionId';

describe('what is sent', () => {
  test('a confirmation, then each event with its cursor, all with the id of the request', async () => {
    const { open, put, tell, poll } = createHouse();
    await put(1);
    const stream = await open({}, ADA, 'seven');
    const { cursor } = await poll();
    expect(stream.messages).toMatchObject([
      {
        method: 'notifications/events/active',
        params: { cursor, truncated: false, _meta: { [SUBSCRIPTION]: 'seven' } },
      },
    ]);
    await tell(2);
    const next = await poll({ cursor });
    expect(stream.messages.slice(1)).toMatchObject([
      {
        method: 'notifications/events/event',
        params: { ...next.events[0], cursor: next.cursor, _meta: { [SUBSCRIPTION]: 'seven' } },
      },
    ]);
    expect(stream.status).toBe(200);
  });

  test('from a cursor on all that came, and then what comes, nothing twice', async () => {
    const { open, put, tell, poll } = createHouse();
    const { cursor } = await poll();
    for (let celsius = 1; celsius <= 350; celsius += 1) await put(celsius);
    const stream = await open({ cursor });
    await tell(351);
    expect(told(stream)).toEqual(['active', ...Array.from({ length: 351 }, (_, at) => `event ${at + 1}`)]);
  });

  test('the cursor of any of its messages goes on there, at another host and for a poll', async () => {
    const { open, tell, poll, store, clock } = createHouse();
    const two = createListeningHost(houseWith(), { store }, clock);
    const stream = await open();
    for (const celsius of [1, 2, 3]) await tell(celsius);
    const cursor = stream.messages[2]?.params?.['cursor'];
    const again = await two.open('events/stream', { name: 'stream.rooms', cursor }, ADA);
    expect(told(again)).toEqual(['active', 'event 3']);
    expect((await poll({ cursor })).events).toHaveLength(1);
  });

  test('what its arguments select, of its own tenant alone', async () => {
    const { open, tell } = createHouse();
    const stream = await open({ arguments: { keys: ['cellar'] } });
    await tell(1, 'attic');
    await tell(2, 'cellar');
    await tell(3, 'cellar', BOB);
    expect(told(stream)).toEqual(['active', 'event 2']);
  });

  test('a heartbeat each 15 s that nothing is told, with the position that was looked at', async () => {
    const { open, put, poll, clock } = createHouse();
    const stream = await open({ arguments: { keys: ['cellar'] } });
    await put(1, 'attic');
    await clock.advance(31_000);
    expect(stream.others).toEqual([]);
    const beats = stream.messages.slice(1);
    expect(beats.map(({ method }) => method)).toEqual(Array(2).fill('notifications/events/heartbeat'));
    const { cursor } = await poll();
    expect(beats.at(-1)?.params).toMatchObject({ cursor });
    // Also while others hear a lot.
    for (let at = 0; at < 40; at += 1) {
      await put(at, 'attic');
      await clock.advance(1_000);
    }
    expect(stream.messages.length).toBeGreaterThanOrEqual(5);
  });

  test('that events are gone: a second confirmation, and it goes on', async () => {
    const { open, put, poll, store, clock } = createHouse();
    const { cursor } = await poll();
    for (const celsius of [1, 2, 3]) await put(celsius);
    await store.trim(streamLog('acme', 'rooms'), { now: clock.now(), keep: 1, limit: 10 });
    const stream = await open({ cursor });
    expect(told(stream)).toEqual(['active truncated', 'event 3']);
    const gap = { id: 'g', time: clock.now(), data: null, meta: { gap: { reason: 'overflow' } } };
    await store.commit([{ kind: 'append', log: streamLog('acme', 'rooms'), entries: [gap] }], {
      id: 'one',
      now: clock.now(),
      deadline: clock.now() + 1_000,
    });
    await put(4);
    await clock.advance(1_000);
    expect(told(stream)).toEqual(['active truncated', 'event 4']);
  });

  test('no older events than maxAgeMs of what stands there, and all that comes', async () => {
    const { open, put, tell, poll, clock } = createHouse();
    const { cursor } = await poll();
    await put(1);
    await clock.advance(60_000);
    await put(2);
    const stream = await open({ cursor, maxAgeMs: 10_000 });
    await clock.advance(60_000);
    await tell(3);
    expect(told(stream).filter((one) => one !== 'heartbeat')).toEqual(['active truncated', 'event 2', 'event 3']);
  });
});

describe('how it ends', () => {
  test('cut at the bound of the host, without an answer, and with word when to come back', async () => {
    const { open, clock } = createHouse({ listening: { streamMs: 60_000, most: 10, reads: null } });
    const stream = await open();
    expect(stream.messages[0]?.retry).toBe('3000');
    await clock.advance(60_000);
    expect(stream.state).toBe('closed');
    expect(told(stream)).not.toContain('completed');
  });

  test('when its reader leaves, and nothing is read for it any more', async () => {
    const counted = countReads(createMemoryStore());
    const { open, put, clock } = createHouse({ store: counted.store });
    const stream = await open();
    await put(1);
    stream.leave();
    await clock.advance(60_000);
    counted.reads.length = 0;
    await clock.advance(600_000);
    expect(counted.reads).toEqual([]);
  });

  test('when the host closes', async () => {
    const { open, host } = createHouse();
    const stream = await open();
    await host.close();
    await Promise.resolve();
    expect(stream.state).not.toBe('broken');
  });
});

describe('bounds', () => {
  test('as many as a process holds, and no more; requests of other kinds are served meanwhile', async () => {
    const { open, poll } = createHouse({ listening: { streamMs: 60_000, most: 2, reads: null }, requests: 1 });
    const streams = [await open(), await open()];
    const third = await open();
    expect(third.status).toBe(503);
    expect(third.messages[0]).toMatchObject({ error: { code: -32_010 } });
    // One request may be under way, and streams are none of them.
    expect((await poll()).events).toEqual([]);
    streams[0]?.leave();
    expect((await open()).status).toBe(200);
  });

  test('as many as a caller may hold open', async () => {
    const { open, listen } = createHouse({}, { quotas: { eventStreams: 1, openStreams: 1 } });
    await open();
    expect((await open()).status).toBe(429);
    expect((await open({}, BOB)).status).toBe(200);
    // They are no part of the bound on other requests, nor those of theirs.
    expect((await listen({ toolsListChanged: true }, ADA)).status).toBe(200);
    expect((await listen({ toolsListChanged: true }, ADA)).status).toBe(429);
  });

  test('however many listen to an event, the log is read once for all of them', async () => {
    const counted = countReads(createMemoryStore());
    const { open, put, tell, clock } = createHouse({ store: counted.store });
    const streams = await Promise.all(Array.from({ length: 20 }, (_, at) => open({}, ADA, at)));
    await tell(1);
    await put(2);
    counted.reads.length = 0;
    await clock.advance(250);
    for (const stream of streams) expect(told(stream)).toEqual(['active', 'event 1', 'event 2']);
    expect(counted.reads).toHaveLength(1);
  });

  test('is Unsupported where no request stays open, and not there for earlier revisions', async () => {
    const { call } = createHouse({ listening: null });
    expect((await call('events/stream', { name: 'hot' }, ADA)).error).toMatchObject({
      code: -32_014,
      data: { feature: 'deliveryMode', value: 'push' },
    });
  });
});

describe('what is refused before anything is sent', () => {
  test.each([
    [{ name: 'nothing' }, ADA, 200, -32_011],
    [{ cursor: 'x' }, ADA, 200, -32_602],
    [{ arguments: { keys: 'x', y: 1 } }, ADA, 200, -32_602],
    [{ name: 'stream.secret' }, READER, 403, -32_012],
  ])('%j by %s: HTTP %d, %d', async (params, who, status, code) => {
    const stream = await createHouse().open(params, who);
    expect(stream).toMatchObject({ status, state: 'closed' });
    expect(stream.messages).toMatchObject([{ error: { code } }]);
  });

  test('whom nobody knows may listen', async () => {
    expect(told(await createHouse().open({}, OPEN))).toEqual(['active']);
  });
});

describe('a store that fails', () => {
  test('for a while is told as an error, and nothing is missed or told twice', async () => {
    const counted = countReads(createMemoryStore());
    const { open, put, clock } = createHouse({ store: counted.store });
    const stream = await open();
    await put(1);
    counted.fails(2);
    await put(2);
    await clock.advance(20_000);
    await put(3);
    await clock.advance(2_000);
    const all = told(stream).filter((one) => !['heartbeat', 'error'].includes(one));
    expect(all).toEqual(['active', 'event 1', 'event 2', 'event 3']);
  });
});

/** A store whose reads of logs of streams are noted, and fail as often as is said. */
function countReads(inner: Store) {
  const reads: string[] = [];
  let failing = 0;
  const store: Store = {
    ...inner,
    async read(log, ...rest) {
      if (log.includes('/stream/rooms')) {
        reads.push(log);
        if (failing > 0) {
          failing -= 1;
          throw new TidegateError('store_unavailable', 'gone for a while');
        }
      }
      return inner.read(log, ...rest);
    },
  };
  return { store, reads, fails: (times: number) => void (failing = times) };
}
