import { describe, expect, test } from 'vitest';
import { utf8Bytes } from '../../src/base/json.ts';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { toDeadLetter } from '../../src/feeds/records/dead-letters.ts';
import { streamResources } from '../../src/tools/stream-resources.ts';
import { deadLetterLog } from '../../src/feeds/records/dead-letters.ts';
import { START, TENANT } from '../streams/history/fixture.ts';
import { completed } from '../mcp/registry/completed.ts';
import { type Plant, plant } from './plant.ts';
import { byStructure, walk } from './walk.ts';

async function read(at: Plant, uri: string): Promise<Record<string, unknown>> {
  at.calls.length = 0;
  const { contents, ttlMs, cacheScope } = completed(await at.registry.resources.read(uri, at.caller));
  expect({ ttlMs, cacheScope }).toEqual({ ttlMs: 1_000, cacheScope: 'private' });
  expect(contents).toMatchObject([{ uri, mimeType: 'application/json' }]);
  return JSON.parse(contents[0]?.text ?? '') as Record<string, unknown>;
}

const temps = (rows: unknown) => (rows as { data: { temp: number } }[]).map((event) => event.data.temp);

const complete = async (at: Plant, uri: string, name: string, value: string, chosen = {}) =>
  (await at.registry.complete({ type: 'ref/resource', uri }, { name, value, chosen }, at.caller)).values;

test('each stream and each feed is listed, and four templates', async () => {
  const at = plant();
  const { items } = await at.registry.resources.list(undefined, at.caller);
  expect(items.map(({ uri }) => uri)).toEqual(['stream://plant', 'stream://notes', 'feed://plant']);
  expect(at.calls).toEqual([]);
  const templates = at.registry.resources.templates(undefined).items.map(({ uriTemplate }) => uriTemplate);
  expect(templates).toEqual(['stream://{name}', 'stream://{name}/{key}', 'feed://{name}', 'feed://{name}/{before}']);
});

test('an app without streams and feeds has none', () => {
  expect(
    streamResources({ ...plant().deps, app: defineApp({ name: 'none', version: '1', description: 'None' }) }),
  ).toEqual({});
});

describe('a stream', () => {
  test('its newest events, what they mean, and a cursor that tail_stream takes', async () => {
    const at = plant();
    await at.append('plant', { id: '1', key: 'a', data: { temp: 1 } }, { id: '2', key: 'b', data: { temp: 2 } });
    const found = await read(at, 'stream://plant');
    expect(found).toMatchObject({
      name: 'plant',
      events: [{ id: '2' }, { id: '1' }],
      keyed: true,
      feed: { state: 'never-run' },
    });
    expect(found['fields']).toContainEqual({ name: 'temp', type: 'number', unit: '°C', description: 'Of the water' });
    expect(at.calls.toSorted()).toEqual(['get', 'getMany', 'read']);
    await at.append('plant', { id: '3' });
    const tail = await at.call('tail_stream', { stream: 'plant', cursor: found['tailCursor'], seconds: 0 });
    expect(tail.structured).toMatchObject({ events: [{ id: '3' }] });
  });

  test('as many events as fit 25 KB, and the call that reads on from there', async () => {
    const at = plant();
    const data = { temp: 1, pump: { state: 'x'.repeat(1_000), rpm: null } };
    await at.append(
      'plant',
      ...Array.from({ length: 60 }, (_, index) => ({ key: 'a', data: { ...data, temp: index } })),
    );
    const found = await read(at, 'stream://plant');
    expect(JSON.stringify(found).length).toBeLessThan(25_000);
    const [next, tail] = found['nextCalls'] as { for: string; tool: string; arguments: object }[];
    expect([next?.for, tail?.for]).toEqual(['Next page', 'What comes after']);
    const rest = await walk(at, next ?? { tool: '', arguments: {} }, 'Next page', byStructure('events'));
    const read2 = rest.rows.map((row) => JSON.parse(row) as unknown);
    expect([...temps(found['events']), ...temps(read2)]).toEqual(Array.from({ length: 60 }, (_, index) => 59 - index));
  });

  test('its events and those of a key say their times in words', async () => {
    const at = plant();
    await at.append('plant', { id: '1', key: 'a', data: { temp: 1 } });
    await at.putLatest('plant', { id: '1', key: 'a', data: { temp: 1 } });
    const times = { time: START, at: '2026-11-20T12:00:00Z' };
    expect(await read(at, 'stream://plant')).toMatchObject({ events: [times] });
    expect(await read(at, 'stream://plant/a')).toMatchObject(times);
  });

  test('all that it could not deliver is read in pages of 25 KB, the newest first, each once', async () => {
    const at = plant();
    const letters = Array.from({ length: 70 }, (_, index) =>
      toDeadLetter(
        { stream: 'plant', data: { index, text: '"'.repeat(index % 7 === 0 ? 7_900 : 100) }, bytes: 1 },
        { reason: 'schema' },
        START,
      ),
    );
    await at.deps.store.commit([{ kind: 'append', log: deadLetterLog(TENANT, 'plant'), entries: letters as never }], {
      id: 'letters',
      now: START,
      deadline: START + 1_000,
    });
    const pages: number[][] = [];
    for (let uri: string | null = 'feed://plant'; uri !== null;) {
      const found: Record<string, unknown> = await read(at, uri);
      expect(utf8Bytes(JSON.stringify(found))).toBeLessThan(25_000);
      const page = (found['deadLetters'] ?? found['recentDeadLetters']) as { item: { index: number } }[];
      pages.unshift(page.map(({ item }) => item.index));
      uri = found['earlier'] as string | null;
    }
    expect(pages.flat()).toEqual(letters.map((_, index) => index));
    expect(pages.length).toBeGreaterThan(7);
    // After a restore, what stands before it may be another letter.
    const { earlier } = await read(at, 'feed://plant');
    expect(await read(at, String(earlier))).not.toHaveProperty('truncated');
    const other = String(earlier).replace(/(!|%21)(.{4})(.{4})/, '$1$2zzzz');
    expect(await read(at, other)).toMatchObject({ truncated: true });
    await expect(read(at, 'feed://plant/wrong')).rejects.toMatchObject({ code: 'bad_cursor' });
  });

  test('its name is completed, and one that is not declared is not found', async () => {
    const at = plant();
    expect(await complete(at, 'stream://{name}', 'name', '')).toEqual(['plant', 'notes']);
    expect(await complete(at, 'stream://{name}', 'name', 'n')).toEqual(['notes']);
    await expect(read(at, 'stream://none')).rejects.toMatchObject({ code: 'not_found' });
  });
});

describe('the latest of a key', () => {
  test('in one call, whatever the key is made of', async () => {
    const at = plant();
    for (const key of ['a', 'boiler 1/é?#', 'hall/../attic']) {
      await at.putLatest('plant', { id: key, key, data: { temp: 1 } });
      expect(await read(at, `stream://plant/${encodeURIComponent(key)}`)).toMatchObject({
        id: key,
        key,
        stream: 'plant',
      });
      expect(at.calls).toEqual(['getMany']);
    }
  });

  test('not found: another key, a stream without keys, a stream that is not declared', async () => {
    const at = plant();
    await at.putLatest('notes', { id: 'n' });
    for (const uri of ['stream://plant/x', 'stream://notes/x', 'stream://none/x']) {
      await expect(read(at, uri)).rejects.toMatchObject({ code: 'not_found' });
    }
  });

  test('keys are completed by their beginning, of streams that have keys', async () => {
    const at = plant();
    for (const key of ['boiler-1', 'boiler-2', 'pump']) await at.putLatest('plant', { key });
    await at.putLatest('notes', { id: 'n' });
    expect(await complete(at, 'stream://{name}/{key}', 'key', 'boil')).toEqual(['boiler-1', 'boiler-2']);
    expect(await complete(at, 'stream://{name}/{key}', 'key', '')).toEqual(['boiler-1', 'boiler-2', 'pump']);
    expect(await complete(at, 'stream://{name}/{key}', 'name', '')).toEqual(['plant']);
    at.calls.length = 0;
    expect(await complete(at, 'stream://{name}/{key}', 'key', 'p', { name: 'plant' })).toEqual(['pump']);
    expect(at.calls).toEqual(['list']);
  });
});

describe('a feed', () => {
  test('how it is, and what it could not deliver, in two calls', async () => {
    const at = plant();
    await at.putFeed('plant', {
      failures: 7,
      nextAt: START + 60_000,
      lastError: { code: 'upstream', message: 'refused', at: START },
    });
    const item = { stream: 'plant', data: { temp: 'hot' }, bytes: 14 };
    const letter = toDeadLetter(item, { reason: 'schema', field: 'data.temp', expected: 'a number' }, START);
    await at.deps.store.commit([{ kind: 'append', log: deadLetterLog(TENANT, 'plant'), entries: [letter as never] }], {
      id: 'letters',
      now: START,
      deadline: START + 1_000,
    });
    expect(await read(at, 'feed://plant')).toMatchObject({
      feed: 'plant',
      state: 'open',
      lastError: { message: 'refused', at: '2026-11-20T12:00:00Z' },
      nextAt: '2026-11-20T12:01:00Z',
      lastSuccessAt: null,
      recentDeadLetters: [{ at: '2026-11-20T12:00:00Z', reason: 'schema', field: 'data.temp', item: { temp: 'hot' } }],
    });
    expect(at.calls.toSorted()).toEqual(['getMany', 'last']);
  });

  test('its name is completed, and one that is not declared is not found', async () => {
    const at = plant();
    expect(await complete(at, 'feed://{name}', 'name', 'p')).toEqual(['plant']);
    await expect(read(at, 'feed://notes')).rejects.toMatchObject({ code: 'not_found' });
  });
});
