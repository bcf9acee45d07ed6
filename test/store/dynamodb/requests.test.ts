/** The requests that each call costs on DynamoDB, and what its table then holds. */
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, test } from 'vitest';
import { countCalls } from '../../../src/store/counting.ts';
import { READ_LIMIT } from '../../../src/store/limits.ts';
import type { Store } from '../../../src/store/store.ts';
import { requireService } from '../../services/available.ts';
import { append, DAY, NOW, options, put, useDynamo } from './stage.ts';

/** How many entries the long log of these tests has. */
const ENTRIES = 150;

describe.skipIf(!requireService('dynamodb'))('dynamodb, counted (needs java)', { timeout: 60_000 }, () => {
  const { current, requests, items } = useDynamo();
  let store: Store;
  beforeEach(() => void ({ store } = current()));

  test('requests: a commit is one, two with an append; at the end of a log a page is one, elsewhere two', async () => {
    expect(await requests(() => store.commit([put('a'), put('b')], options('c1')))).toBe(1);
    expect(await requests(() => store.commit([put('c'), append()], options('c2')))).toBe(2);
    for (let i = 0; i < 30; i += 1) {
      await store.commit([append(Array.from({ length: 100 }, (_, n) => i * 100 + n))], options(`e${i}`, NOW + i));
    }
    const { cursor } = await store.last('l', 1);
    expect(await requests(() => store.read('l', cursor, READ_LIMIT))).toBe(1);
    expect(await requests(() => store.last('l', 100))).toBe(1);
    expect(await requests(() => store.last('l', READ_LIMIT))).toBe(2);
    expect(await requests(() => store.read('l', null, READ_LIMIT))).toBe(2);
    expect(await requests(() => store.extent('l'))).toBe(1);
    expect(await requests(() => store.seek('l', NOW + 17))).toBeLessThanOrEqual(7);
    expect(await requests(() => store.add('n', 1, { now: NOW, expiresAt: NOW + 1 }))).toBe(2);
    expect(await requests(() => store.add('n', 1, { now: NOW, expiresAt: NOW + 1 }))).toBe(1);
  });

  test('an account tells as many as are sent', async () => {
    const counted = countCalls(store);
    const sent = await requests(async () => {
      await counted.store.commit([put('a'), append()], options('c1'));
      await counted.store.seek('l', NOW);
      await counted.store.add('n', 1, { now: NOW, expiresAt: NOW + 1 });
    });
    expect(counted.calls()).toEqual({ commit: 1, seek: 1, add: 1 });
    expect(sent).toBeGreaterThan(4);
    expect(counted.engineRequests()).toBe(sent);
  });

  test('requests do not grow with a log of single entries, but for seek, with its logarithm', async () => {
    // The log of a slow stream: each commit has one segment with one entry.
    for (let i = 0; i < ENTRIES; i += 1) await store.commit([append([i])], options(`e${i}`, NOW + i * i));
    expect(await requests(() => store.last('l', 120))).toBe(2);
    expect(await requests(() => store.read('l', null, 120))).toBe(2);
    for (const time of [0, 100, 10_000, 22_201, 22_202]) {
      const sent = await requests(async () => {
        const cursor = await store.seek('l', NOW + time);
        const expected = Math.ceil(Math.sqrt(time));
        expect((await store.read('l', cursor, 1)).entries[0]?.value ?? ENTRIES).toBe(expected);
      });
      expect(sent).toBeLessThanOrEqual(2 * Math.ceil(Math.log2(ENTRIES)) + 4);
    }
  });

  test('100 events are one segment, deflated; the largest ones stand alone', async () => {
    const events = Array.from({ length: 100 }, (_, i) => JSON.stringify({ sensor: `s${i}`, celsius: 20 + i / 10 }));
    await store.commit([append(events)], options('c1'));
    const [segment] = await items('l#l');
    expect(segment?.['c']).toEqual({ N: '100' });
    expect(segment?.['d']?.B?.length).toBeLessThan(1_500);
    await store.commit([append(['x'.repeat(300_000), 'y', 'z'.repeat(70_000)], 'm')], options('c2'));
    expect((await items('l#m')).map((item) => item['c']?.N)).toEqual(['1', '1', '1']);
  });

  test('the engine removes only garbage, a day after', async () => {
    await store.commit(
      [put('lease', { expiresAt: NOW + 30_000, due: { queue: 'q', at: NOW } }), put('kept')],
      options('c1'),
    );
    await store.add('n', 1, { now: NOW, expiresAt: NOW + 1_000 });
    await store.commit([append()], options('c2'));
    const [kept, lease] = await items('r#p');
    expect(kept?.['x']).toBeUndefined();
    expect(ttl(lease)).toBe(NOW + 30_000 + DAY);
    expect(ttl((await items('n#n'))[0])).toBe(NOW + 1_000 + DAY);
    expect(ttl((await items('c#c2'))[0])).toBe(NOW + DAY);
    expect((await items('l#l'))[0]?.['x']).toBeUndefined();
    // Puts alone are known again by their token.
    expect(await items('c#c1')).toEqual([]);
  });
});

function ttl(item: Record<string, AttributeValue> | undefined): number {
  return Number(item?.['x']?.N) * 1_000;
}
