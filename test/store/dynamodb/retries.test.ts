/** What the driver sends again, when, and for how long. */
import { expect, test } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { KEY, N, READS, segment, segmentsFor } from './reads.ts';
import { type Asked, pausedClock, scriptedDynamo, type Scripted } from './script.ts';
import { append, NOW, options, put } from './stage.ts';

/** Any connection that an instance kept while it was frozen may be gone without its knowledge. */
test.for(Object.entries(READS).filter(([name]) => !name.startsWith('a')))(
  '%s is asked again where its connection broke, a few times',
  async ([, read]) => {
    for (const broken of [1, 3]) {
      const { store, asked } = await scriptedDynamo((each, count) =>
        count < broken ? 'break' : segmentsFor(each, [segment(1, [2]), segment(0, [1])]),
      );
      await read(store);
      expect(asked.length).toBeGreaterThan(broken);
    }
    const { store, asked } = await scriptedDynamo(() => 'break');
    await expect(read(store)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect(asked).toHaveLength(4);
  },
);

test('what may have counted, or have taken effect, is not sent again below its caller', async () => {
  const { store, asked } = await scriptedDynamo(() => 'break');
  await expect(store.add('n', 1, { now: NOW, expiresAt: NOW + 1 })).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  expect(asked).toHaveLength(1);
  expect(await store.commit([put('a')], options('c1'))).toMatchObject({ status: 'unknown' });
  expect(asked).toHaveLength(2);
});

test('keys that stay unread end in an error of the store, when the time is up', async () => {
  const { store, asked } = await scriptedDynamo(
    ({ input }) => ({ body: { Responses: {}, UnprocessedKeys: input['RequestItems'] } }),
    { clock: pausedClock() },
  );
  await expect(store.getMany([KEY, { ...KEY, id: 'b' }], NOW)).rejects.toMatchObject({
    code: 'store_unavailable',
    retryAfterMs: expect.any(Number),
  });
  expect(asked.length).toBeGreaterThan(10);
});

test('tombstones that DynamoDB left unwritten are written again, and given up when the time is up', async () => {
  let left = 1;
  const trimmed = (asked: Asked): Scripted => {
    if (asked.operation !== 'BatchWriteItem') return segmentsFor(asked, [segment(1, [2]), segment(0, [1])]);
    left -= 1;
    return { body: left < 0 ? {} : { UnprocessedItems: asked.input['RequestItems'] } };
  };
  const once = await scriptedDynamo(trimmed, { clock: pausedClock() });
  expect(await once.store.trim('l', { now: NOW, keep: 1, limit: 10 })).toEqual({ removed: 1, more: false });
  const written = once.asked.filter(({ operation }) => operation === 'BatchWriteItem');
  expect(written).toHaveLength(2);
  expect(written[1]).toEqual(written[0]);

  left = Number.POSITIVE_INFINITY;
  const never = await scriptedDynamo(trimmed, { clock: pausedClock() });
  await expect(never.store.trim('l', { now: NOW, keep: 1, limit: 10 })).rejects.toMatchObject({
    code: 'store_unavailable',
    retryAfterMs: expect.any(Number),
  });
});

test('an append whose log does not answer is unknown at the deadline, and not later', async () => {
  const { store, asked } = await scriptedDynamo(() => 'hang');
  const started = performance.now();
  expect(await store.commit([append()], options('c1', NOW, 200))).toMatchObject({ status: 'unknown' });
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(asked).toHaveLength(1);
});

test('a page takes no longer than a call may, however many requests it needs', async () => {
  const { store, asked } = await scriptedDynamo(
    (each, count) => (count === 1 ? 'hang' : segmentsFor(each, [segment(1, [2]), segment(0, [1])])),
    { timeoutMs: 200 },
  );
  const started = performance.now();
  await expect(store.read('l', null, 10)).rejects.toMatchObject({ code: 'store_unavailable' });
  expect(performance.now() - started).toBeLessThan(2_000);
  expect(asked).toHaveLength(2);
});

test('what DynamoDB refuses or breaks at is sent again after pauses that grow, each by chance', async () => {
  for (const error of ['ThrottlingException', 'InternalServerError']) {
    for (const [name, call] of [
      ['get', (store: Store) => store.get(KEY, NOW)],
      ['commit', (store: Store) => store.commit([put('a')], options('c1'))],
    ] as const) {
      const pauses: number[] = [];
      const sleep = async (ms: number) => void pauses.push(ms);
      const { store } = await scriptedDynamo((_asked, count) => (count < 8 ? { error } : { body: {} }), {
        clock: { now: () => 0, random: () => 0.5, sleep },
      });
      await call(store);
      expect(pauses, `${name}, ${error}`).toEqual([10, 20, 40, 80, 160, 320, 500, 500]);
    }
  }
});

test('a counter is added to again where that was refused, and not where it broke', async () => {
  const options = { now: NOW, expiresAt: NOW + 1 };
  const refused = await scriptedDynamo((_asked, count) =>
    count === 0 ? { error: 'ThrottlingException' } : { body: { Attributes: { t: N(1) } } },
  );
  expect(await refused.store.add('n', 1, options)).toBe(1);
  const broken = await scriptedDynamo(() => ({ error: 'InternalServerError' }));
  await expect(broken.store.add('n', 1, options)).rejects.toMatchObject({
    code: 'store_unavailable',
  });
  expect(broken.asked).toHaveLength(1);
});

test('a machine whose clock is wrong learns the time from DynamoDB, and is not taken for one without credentials', async () => {
  const inAnHour = new Date(Date.now() + 3_600_000);
  for (const call of [
    (store: Store) => store.get(KEY, NOW),
    (store: Store) => store.commit([put('a')], options('c1')),
    (store: Store) => store.add('n', 1, { now: NOW, expiresAt: NOW + 1 }),
  ]) {
    const { store, asked } = await scriptedDynamo((_asked, count) =>
      count === 0 ? { error: 'InvalidSignatureException', date: inAnHour } : { body: { Attributes: { t: N(1) } } },
    );
    await call(store);
    expect(asked).toHaveLength(2);
    const signedAt = Date.parse(asked[1]?.signedAt.replace(/^(....)(..)(..T..)(..)/, '$1-$2-$3:$4:') ?? '');
    expect(Math.abs(signedAt - inAnHour.getTime())).toBeLessThan(60_000);
  }
  const { store, asked } = await scriptedDynamo(() => ({ error: 'InvalidSignatureException', date: new Date() }));
  await expect(store.get(KEY, NOW)).rejects.toMatchObject({ code: 'invalid_config' });
  expect(asked).toHaveLength(1);
});
