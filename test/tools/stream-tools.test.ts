/** The built-in tools behind the registry: what they answer, what it costs the store, and what they refuse. Each answer is checked against the tool's output schema by the registry itself. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { stream } from '../../src/declare/stream.ts';
import { createTestApp } from '../../src/hosts/testing/test-app.ts';
import { streamTools } from '../../src/tools/index.ts';
import { feedKey } from '../../src/feeds/records/state.ts';
import { feedOf } from '../feeds/run/stage.ts';
import { START, TENANT } from '../streams/history/fixture.ts';
import { plant } from './plant.ts';

const reading = (temp: number, state = 'on') => ({ temp, pump: { state, rpm: null } });

test('an app without streams has no such tools', () => {
  const app = defineApp({ name: 'none', version: '1', description: 'None' });
  expect(streamTools({ ...plant().deps, app })).toEqual({});
});

describe('list_streams', () => {
  test('tells fields, keys, counts, freshness and feeds, in a call for all feeds, one for all times and two or three for each stream', async () => {
    const at = plant();
    await at.append('plant', { key: 'a', data: reading(1) }, { key: 'b', data: reading(2) });
    for (const key of ['a', 'b', 'c', 'd', 'e', 'f']) await at.putLatest('plant', { key, data: reading(1) });
    await at.putFeed('plant', { failures: 1, lastError: { code: 'upstream', message: 'refused', at: START } });
    const { structured, text } = await at.call('list_streams', {});
    expect(structured).toMatchObject({
      next: null,
      now: '2026-11-20T12:00:00Z',
      streams: [
        {
          name: 'plant',
          title: 'Plant',
          uri: 'stream://plant',
          keyed: true,
          keys: ['a', 'b', 'c', 'd', 'e'],
          moreKeys: true,
          fields: [
            { name: 'temp', type: 'number', unit: '°C' },
            { name: 'pump.state', type: 'on|off' },
            { name: 'pump.rpm', type: 'number or null' },
          ],
          events: 2,
          newestAt: '2026-11-20T12:00:00Z',
          delivery: 'at-least-once',
          feed: { name: 'plant', state: 'backing-off', lastError: { code: 'upstream', message: 'refused' } },
        },
        {
          name: 'notes',
          keyed: false,
          keys: [],
          events: 0,
          newestAt: null,
          latenessMs: null,
          delivery: 'exactly-once',
          feed: null,
        },
      ],
    });
    expect(at.calls.toSorted()).toEqual(['extent', 'extent', 'getMany', 'getMany', 'last', 'last', 'list']);
    expect(text).toContain('2 events');
    expect(text).toContain('Feed plant: backing-off; last error 0 ms ago: refused');
  });

  test('delivery is not exact where the feed told that events are missing, for as long as they would be kept', async () => {
    const gap = { stream: 'ticks', data: null, bytes: 0, meta: { gap: { reason: 'not_listening' } } };
    const batches = [[{ stream: 'ticks', data: { id: '1' }, bytes: 1 }], [gap]];
    const ticks = stream({
      description: 'Ticks',
      schema: z.object({ id: z.string() }),
      id: 'id',
      retention: { ageMs: 3_600_000 },
      feed: feedOf(async function* () {
        yield { items: batches.shift() ?? [], last: true };
      }),
    });
    const app = createTestApp(defineApp({ name: 'ticks', version: '1', description: 'Ticks', streams: { ticks } }));
    const listed = async () => {
      const { structured } = await app.call('list_streams');
      const [one] = (structured as { streams: { delivery: string; caveat?: string }[] }).streams;
      return [one?.delivery, one?.caveat];
    };
    await app.ingest();
    expect(await listed()).toEqual(['exactly-once', undefined]);
    await app.advance(60_000);
    await app.ingest();
    const caveat = 'Events are missing, the last time at 2026-01-01T00:01:00Z: gap events say where';
    expect(await listed()).toEqual(['at-least-once', caveat]);
    await app.advance(3_600_001);
    expect(await listed()).toEqual(['exactly-once', undefined]);
    await app.close();
  });

  test('a feed whose record a newer release wrote is unread, with the reason, and the list stands', async () => {
    const at = plant();
    await at.putLatest('plant', { key: 'a', data: reading(1) });
    const stored = { $v: 3, value: { mended: true } };
    const put = { kind: 'put', ...feedKey(TENANT, 'plant'), value: stored, expects: null } as const;
    await at.deps.store.commit([put], { id: 'newer', now: START, deadline: START + 1_000 });
    for (const [tool, args] of [
      ['list_streams', {}] as const,
      ['read_latest', { stream: 'plant', key: 'a' }] as const,
    ]) {
      const { structured, text } = await at.call(tool, args);
      expect(JSON.stringify(structured)).toContain('"state":"unread","lagMs":null,"lastError":{"code":"newer_version"');
      expect(text).toContain(
        'Feed plant: unread; last error 0 ms ago: feed has version 3; this release knows version 2',
      );
    }
  });

  test('one stream, and those after one', async () => {
    const at = plant();
    const names = async (args: object) =>
      ((await at.call('list_streams', args)).structured['streams'] as { name: string }[]).map(({ name }) => name);
    expect(await names({ stream: 'notes' })).toEqual(['notes']);
    expect(await names({ after: 'plant' })).toEqual(['notes']);
    expect(await names({ after: 'notes' })).toEqual([]);
  });
});

describe('read_latest', () => {
  test('of a key, with how the feed is: one call', async () => {
    const at = plant();
    await at.putLatest('plant', { id: 'x', key: 'a', time: START - 5_000, data: reading(80.5) });
    await at.putFeed('plant', { lastSuccessAt: START, newestTime: START - 5_000 });
    const { structured, text } = await at.call('read_latest', { stream: 'plant', key: 'a' });
    expect(structured).toEqual({
      stream: 'plant',
      events: [
        {
          id: 'x',
          stream: 'plant',
          key: 'a',
          time: START - 5_000,
          at: '2026-11-20T11:59:55Z',
          data: reading(80.5),
          ageMs: 5_000,
        },
      ],
      next: null,
      feed: { name: 'plant', state: 'ok', lagMs: 5_000, lastError: null, rejected: null },
    });
    expect(at.calls).toEqual(['getMany']);
    expect(text).toContain('a temp=80.5 pump.state="on" pump.rpm=null (5 s ago)');
    expect(text).toContain('Feed plant: ok, newest event 5 s old');
  });

  test('of each key, by the page: one call, and the feed is left to list_streams', async () => {
    const at = plant();
    for (const key of ['a', 'b', 'c']) await at.putLatest('plant', { key, data: reading(1) });
    const first = await at.call('read_latest', { stream: 'plant', limit: 2 });
    expect(first.structured).toMatchObject({
      events: [{ key: 'a' }, { key: 'b' }],
      next: 'b',
      feed: { state: 'unread' },
    });
    expect(at.calls).toEqual(['list']);
    const second = await at.call('read_latest', { stream: 'plant', limit: 2, after: first.structured['next'] });
    expect(second.structured).toMatchObject({ events: [{ key: 'c' }], next: null });
  });

  test('of a stream without keys: one call', async () => {
    const at = plant();
    await at.putLatest('notes', { id: 'n', data: { text: 'all quiet' } });
    expect((await at.call('read_latest', { stream: 'notes' })).structured).toMatchObject({
      events: [{ id: 'n', ageMs: 0 }],
      feed: null,
    });
    expect(at.calls).toEqual(['getMany']);
  });

  test('where there is nothing it says what to try', async () => {
    const at = plant();
    for (const args of [
      { stream: 'plant', key: 'A' },
      { stream: 'plant' },
      { stream: 'notes' },
      { stream: 'plant', after: 'z' },
    ]) {
      const { structured, text } = await at.call('read_latest', args);
      expect(structured).toMatchObject({ events: [], hint: expect.any(String) as string });
      expect(text).toContain(structured['hint']);
      const calls = (structured['nextCalls'] ?? []) as { tool: string; arguments: object }[];
      expect(calls.length).toBe('after' in args ? 0 : 1);
      for (const { tool, arguments: given } of calls) {
        expect(text).toContain(`: ${tool} ${JSON.stringify(given)}`);
        await at.call(tool, given);
      }
    }
  });
});

describe('read_history', () => {
  test('the newest page and how the feed is: three calls', async () => {
    const at = plant();
    for (const id of ['1', '2', '3']) await at.append('plant', { id, key: 'a', data: reading(Number(id)) });
    const { structured, text } = await at.call('read_history', { stream: 'plant', limit: 2 });
    expect(structured).toMatchObject({
      events: [{ id: '3' }, { id: '2' }],
      order: 'newest',
      complete: false,
      truncated: false,
      feed: { state: 'never-run' },
    });
    expect(at.calls.toSorted()).toEqual(['get', 'getMany', 'read']);
    expect(text).toContain(
      `Next page: read_history ${JSON.stringify({ stream: 'plant', limit: 2, cursor: structured['cursor'] })}`,
    );
    const next = await at.call('read_history', { stream: 'plant', cursor: structured['cursor'] });
    expect(next.structured).toMatchObject({ events: [{ id: '1' }], complete: true, cursor: null });
    expect(at.calls.length).toBe(2);
  });

  test('a range: two calls for each page, and the feed left out', async () => {
    const at = plant();
    for (const id of ['1', '2', '3']) await at.append('plant', { id, key: 'a', data: reading(Number(id)) });
    const { structured } = await at.call('read_history', { stream: 'plant', from: '-1h', limit: 2 });
    expect(structured).toMatchObject({ events: [{ id: '1' }, { id: '2' }], feed: { state: 'unread' } });
    expect(at.calls).toEqual(['getMany', 'read']);
    const next = await at.call('read_history', {
      stream: 'plant',
      from: '-1h',
      cursor: structured['cursor'],
      limit: 2,
    });
    expect(next.structured).toMatchObject({ events: [{ id: '3' }], complete: true, feed: { state: 'unread' } });
    expect(at.calls).toEqual(['getMany', 'read']);
  });

  test('a page that ends short of its events asks for no more than its calls', async () => {
    const at = plant();
    const early = Array.from({ length: 400 }, (_, n) => ({ key: 'a', time: START - 1_000, data: reading(n) }));
    await at.append('plant', ...early, ...[1, 2, 3].map((n) => ({ id: `${n}`, key: 'a', data: reading(n) })));
    const found: unknown[] = [];
    let args: object = { from: START, limit: 2 };
    for (let pages = 0; pages < 4; pages += 1) {
      const { structured } = await at.call('read_history', { stream: 'plant', ...args });
      expect(at.calls.length).toBeLessThanOrEqual(6);
      found.push(...(structured['events'] as { id: string }[]).map(({ id }) => id));
      if (structured['complete'] === true) break;
      args = { ...args, cursor: structured['cursor'] };
    }
    expect(found).toEqual(['1', '2', '3']);
  });

  test('windows: two calls, one of the known keys, and the aggregates that were asked for', async () => {
    const at = plant();
    for (const temp of [10, 20, 60]) {
      at.clock.now += 20_000;
      await at.append('plant', { key: 'a', data: reading(temp) });
    }
    await at.append('plant', { key: 'a', meta: { gap: { reason: 'session lost' } } }, { key: 'a', data: {} });
    const range = { stream: 'plant', from: START, window: '1m', field: 'temp' };
    const { structured, text } = await at.call('read_history', range);
    expect(structured).toMatchObject({
      windows: [
        { start: START, key: 'a', count: 2, min: 10, max: 20, mean: 15 },
        { start: START + 60_000, key: 'a', count: 1, min: 60, max: 60, mean: 60 },
      ],
      windowMs: 60_000,
      skipped: { gaps: 1, missing: 1 },
      complete: true,
      feed: { state: 'unread' },
    });
    expect(at.calls).toEqual(['getMany', 'read', 'list']);
    expect(text).toContain('2026-11-20T12:00:00Z a count=2 min=10 max=20 mean=15');
    expect(text).toContain('Not counted: 1 event(s) without a number at temp.\nNot counted: 1 gap(s)');

    const some = await at.call('read_history', { ...range, window: 'all', aggregates: ['first', 'last', 'count'] });
    expect(some.structured['windows']).toEqual([
      {
        start: START,
        at: '2026-11-20T12:00:00Z',
        key: 'a',
        count: 3,
        first: 10,
        firstTime: '2026-11-20T12:00:20Z',
        last: 60,
        lastTime: '2026-11-20T12:01:00Z',
      },
    ]);
    const counts = await at.call('read_history', { stream: 'plant', from: START, window: '1h', by: [] });
    expect(counts.structured['windows']).toEqual([{ start: START, at: '2026-11-20T12:00:00Z', key: null, count: 4 }]);
  });
});

test('a feed that delivers nothing that fits its stream is not ok, and every tool that tells of feeds says why', async () => {
  const at = plant();
  const rejected = { count: 3, items: 3, field: 'data.temp', expected: 'a number', at: START - 2_000 };
  await at.putFeed('plant', { lastSuccessAt: START, newestTime: START - 60_000, rejected });
  const shown = { ...rejected, at: '2026-11-20T11:59:58Z' };
  const told = { state: 'rejecting', lagMs: 60_000, lastError: null, rejected: shown };
  for (const [name, args] of [
    ['read_latest', { key: 'a' }],
    ['read_history', {}],
    ['tail_stream', { seconds: 0 }],
  ] as const) {
    const { structured, text } = await at.call(name, { stream: 'plant', ...args });
    expect(structured['feed'], name).toMatchObject(told);
    expect(text).toContain(
      'Feed plant: rejecting, newest event 60 s old; 3 of the last 3 items were no events of their stream (2 s ago): data.temp: a number; more in feed://plant',
    );
  }
  const { structured } = await at.call('list_streams', { stream: 'plant' });
  expect(structured).toMatchObject({ streams: [{ feed: told }] });
  await at.putFeed('plant', { lastSuccessAt: START, rejected: { ...rejected, items: 4 } });
  const { text } = await at.call('read_latest', { stream: 'plant', key: 'a' });
  expect(text).toMatch(/Feed plant: ok; 3 of the last 4 items/);
});

test('a feed whose circuit breaker is open is not taken for one that is connected', async () => {
  const at = plant();
  const lastError = { code: 'upstream', message: 'it is down', at: START - 2_000 } as const;
  await at.putFeed('plant', { failures: 5, lastError, nextAt: START + 60_000 });
  const { text } = await at.call('read_latest', { stream: 'plant', key: 'a' });
  expect(text).toContain(
    'Feed plant: open (failed often, and is tried again after a pause); last error 2 s ago: it is down',
  );
});

describe('tail_stream', () => {
  test('tells each batch at once and everything at the end, with a cursor to go on', async () => {
    const at = plant();
    at.whileAsleep.push(
      () => at.append('plant', { id: '1', key: 'a', data: reading(1) }),
      () => at.append('plant', { id: '2', key: 'a', data: reading(2) }, { id: '3', key: 'b', data: reading(3) }),
    );
    const { structured, text } = await at.call('tail_stream', { stream: 'plant', maxEvents: 3 });
    expect(structured).toMatchObject({
      events: [{ id: '1' }, { id: '2' }, { id: '3' }],
      ended: 'count',
      truncated: false,
    });
    expect(at.progress.map(({ progress, total }) => [progress, total])).toEqual([
      [1, 3],
      [3, 3],
    ]);
    expect(at.progress[1]?.message).toContain('b temp=3');
    expect(text).toContain(String(structured['cursor']));
    const on = await at.call('tail_stream', { stream: 'plant', cursor: structured['cursor'], seconds: 0 });
    expect(on.structured).toMatchObject({ events: [], ended: 'time' });
    expect(on.text).toContain('No new events of plant.');
  });

  test('of those alone that pass a filter, as JSON text or as a list', async () => {
    const at = plant();
    const { structured } = await at.call('tail_stream', { stream: 'plant', seconds: 0 });
    await at.append('plant', ...[1, 9].map((temp) => ({ id: `${temp}`, key: 'a', data: reading(temp) })));
    for (const where of ['{"temp":{"above":5}}', [{ field: 'temp', above: 5 }]]) {
      const args = { stream: 'plant', cursor: structured['cursor'], seconds: 0, where };
      expect((await at.call('tail_stream', args)).structured['events']).toMatchObject([{ id: '9' }]);
    }
  });

  test('goes on from a page of history', async () => {
    const at = plant();
    const page = await at.call('read_history', { stream: 'notes' });
    await at.append('notes', { id: 'n' });
    const args = { stream: 'notes', cursor: page.structured['tailCursor'], seconds: 0 };
    expect((await at.call('tail_stream', args)).structured).toMatchObject({ events: [{ id: 'n' }], feed: null });
  });
});

describe('refused, in words that a model can act on', () => {
  test.each<[string, object, RegExp]>([
    ['list_streams', { stream: 'none' }, /no stream none[^]*one of the streams plant, notes/],
    ['read_latest', { stream: 'none' }, /one of the streams plant, notes/],
    ['read_history', { stream: 'none' }, /one of the streams plant, notes/],
    ['tail_stream', { stream: 'plant', where: [{ field: 'tmp', above: 1 }] }, /did you mean temp/],
    ['tail_stream', { stream: 'none' }, /one of the streams plant, notes/],
    ['read_latest', {}, /stream/],
    ['read_latest', { stream: 'notes', key: 'a' }, /have no keys[^]*Argument: key/],
    ['read_latest', { stream: 'notes', after: 'a' }, /have no keys[^]*Argument: after/],
    ['read_latest', { stream: 'plant', key: 'a', after: 'a' }, /Argument: after[^]*left out/],
    ['read_latest', { stream: 'plant', limit: 0 }, /limit/],
    ['read_history', { stream: 'plant', since: '-1h' }, /since/],
    ['read_history', { stream: 'plant', from: '-1h', to: '-2h' }, /Argument: from/],
    ['read_history', { stream: 'plant', from: 'noon' }, /Argument: from[^]*ISO 8601/],
    ['read_history', { stream: 'plant', limit: 1_001 }, /limit/],
    [
      'read_history',
      { stream: 'plant', window: '5m', field: 'temperature' },
      /Argument: field[^]*one of temp, pump\.rpm/,
    ],
    ['read_history', { stream: 'plant', window: '5m', field: 'pump.state' }, /no number at pump\.state/],
    ['read_history', { stream: 'plant', field: 'temp' }, /Argument: window/],
    ['read_history', { stream: 'plant', window: 'day' }, /Argument: window/],
    ['read_history', { stream: 'plant', cursor: 'x' }, /Argument: cursor/],
    ['read_history', { stream: 'notes', keys: ['a'] }, /Argument: keys/],
    ['tail_stream', { stream: 'notes', keys: ['a'] }, /have no keys[^]*Argument: keys/],
    ['tail_stream', { stream: 'plant', cursor: 'x' }, /Argument: cursor/],
    ['tail_stream', { stream: 'plant', seconds: 26 }, /seconds/],
    ['tail_stream', { stream: 'plant', maxEvents: 1_001 }, /maxEvents/],
  ])('%s %j', async (name, args, words) => {
    const at = plant();
    expect(await at.refused(name, args)).toMatch(words);
    // How the feed is may have been asked for beside; of the stream nothing was read.
    expect(at.calls.filter((call) => call !== 'get')).toEqual([]);
  });
});
