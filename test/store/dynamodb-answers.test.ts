/** What the driver asks, and what it makes of answers that DynamoDB gives and DynamoDB Local does not. */
import { expect, test } from 'vitest';
import type { Store } from '../../src/store/store.ts';
import { type Asked, pausedClock, scriptedDynamo, type Scripted } from './dynamodb-script.ts';
import { append, NOW, options, put } from './dynamodb-stage.ts';

const KEY = { partition: 'p', id: 'a' };
const S = (text: string) => ({ S: text });
const N = (number: number) => ({ N: String(number) });
const segment = (first: number, values: readonly number[], more: object = {}) => ({
  pk: S('app#l#l'),
  sk: S(String(first).padStart(16, '0')),
  c: N(values.length),
  t: N(NOW),
  p: S('epoch'),
  n: S('c1'),
  j: S(JSON.stringify(values)),
  ...more,
});

/** A time as the index holds it. */
const sortable = (time: number) => String(BigInt(time) + 2n ** 53n).padStart(17, '0');

/** As the index holds a record that is due since a moment ago, in the queue's first shard. */
const queued = (id: string, expiresAt: number | null) => ({
  pk: S('app#r#p'),
  sk: S(id),
  dq: S('app#q#0#q'),
  da: S(`${sortable(NOW - 10)}:${expiresAt === null ? '' : sortable(expiresAt)}`),
});

/** A query of the log `l`, whose segments are given the last first. */
function segmentsFor({ operation, input }: Asked, segments: ReturnType<typeof segment>[]): Scripted {
  if (operation !== 'Query') return { body: {} };
  const values = input['ExpressionAttributeValues'] as Record<string, { S: string }>;
  if (values[':pk']?.S !== 'app#l#l') return { body: { Items: [] } };
  const place = values[':place']?.S ?? '~';
  return { body: { Items: segments.filter(({ sk }) => sk.S <= place) } };
}

const READS: Record<string, (store: Store) => Promise<unknown>> = {
  get: (store) => store.get(KEY, NOW),
  getMany: (store) => store.getMany([KEY], NOW),
  list: (store) => store.list('p', { now: NOW, limit: 10 }),
  read: (store) => store.read('l', null, 10),
  last: (store) => store.last('l', 10),
  seek: (store) => store.seek('l', NOW),
  extent: (store) => store.extent('l'),
  trim: (store) => store.trim('l', { now: NOW, keep: 1, limit: 10 }),
  'a check': (store) => store.commit([{ kind: 'check', ...KEY, expects: 'v' }], options('c1')),
  'an append': (store) => store.commit([append()], options('c1')),
};

test.for(Object.entries(READS))('%s reads what every commit before it left', async ([, read]) => {
  const { store, asked } = await scriptedDynamo((each) => segmentsFor(each, [segment(1, [2]), segment(0, [1])]));
  await read(store);
  const reads = asked.filter(({ operation }) => /^(GetItem|BatchGetItem|Query)$/.test(operation));
  expect(reads.length).toBeGreaterThan(0);
  for (const { operation, input } of reads) {
    const where = operation === 'BatchGetItem' ? Object.values(input['RequestItems'] as object)[0] : input;
    expect(where).toMatchObject({ ConsistentRead: true });
  }
});

/** Of the connections that an instance kept while it was frozen, each may be gone without its knowing. */
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

test('what is due is asked of the index, which is never consistent', async () => {
  const { store, asked } = await scriptedDynamo(() => ({ body: { Items: [] } }));
  await store.due('q', { now: NOW, limit: 10, from: 3 });
  expect(asked).toHaveLength(16);
  for (const { input } of asked) {
    expect(input).toMatchObject({ IndexName: 'due' });
    expect(input).not.toHaveProperty('ConsistentRead');
  }
});

test('what expired hides nothing that is due behind it, however much the engine has not collected yet', async () => {
  const expired = 5_000;
  const all = [...Array.from({ length: expired }, (_, i) => queued(`${i}`, NOW - 1)), queued('living', null)];
  const { store, asked } = await scriptedDynamo(({ input }) => {
    const { ':queue': queue } = input['ExpressionAttributeValues'] as Record<string, { S: string }>;
    if (queue?.S !== 'app#q#0#q') return { body: { Items: [] } };
    const start = input['ExclusiveStartKey'] as { sk: { S: string } } | undefined;
    const from = start === undefined ? 0 : all.findIndex(({ sk }) => sk.S === start.sk.S) + 1;
    const Items = all.slice(from, from + Number(input['Limit']));
    const last = from + Items.length < all.length ? { LastEvaluatedKey: Items.at(-1) } : {};
    return { body: { Items, ...last } };
  });
  const due = await store.due('q', { now: NOW, limit: 1, from: 0 });
  expect(due).toEqual([{ partition: 'p', id: 'living', dueAt: NOW - 10 }]);
  // In pages that grow.
  expect(asked.length).toBeLessThan(16);
});

test('keys that stay unread end in an error of the store, when the time is up', async () => {
  const { store, asked } = await scriptedDynamo(
    ({ input }) => ({ body: { Responses: {}, UnprocessedKeys: input['RequestItems'] } }),
    { clock: pausedClock() },
  );
  await expect(store.getMany([KEY], NOW)).rejects.toMatchObject({
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

test('a transaction that failed for its conditions and for another one beside it decides nothing', async () => {
  const reasons = [
    { Code: 'ConditionalCheckFailed', Item: { pk: S('app#r#p'), sk: S('a'), n: S('other'), v: S('1') } },
    { Code: 'TransactionConflict' },
  ];
  const { store, asked } = await scriptedDynamo(
    (_asked, count) =>
      count < 2 ? { error: 'TransactionCanceledException', more: { CancellationReasons: reasons } } : { body: {} },
    { clock: pausedClock() },
  );
  expect(await store.commit([put('a'), put('b')], options('c1'))).toMatchObject({ status: 'committed' });
  expect(asked).toHaveLength(3);
});

test.for(['read', 'last', 'seek', 'extent', 'trim'])(
  'an append that %s sees in part is looked at again',
  async (name) => {
    const half = segment(0, [1, 2], { m: N(1) });
    const { store, asked } = await scriptedDynamo(
      (each, count) => segmentsFor(each, count >= 3 ? [segment(2, [3]), half] : [half]),
      { clock: pausedClock() },
    );
    await READS[name]?.(store);
    expect(asked.length).toBeGreaterThan(3);
    const { entries } = await store.read('l', null, 10);
    expect(entries.map(({ value }) => value)).toEqual([1, 2, 3]);
  },
);

test('an append of several segments says in each how many of its entries stand behind it', async () => {
  const { store, asked } = await scriptedDynamo((each) => segmentsFor(each, []));
  await store.commit([append(Array.from({ length: 250 }, (_, i) => i))], options('c1'));
  const written = asked[1]?.input as { TransactItems: { Put: { Item: Record<string, object> } }[] } | undefined;
  const segments = written?.TransactItems.map(({ Put }) => Put.Item).filter((item) => item['c']);
  expect(segments?.map(({ c, m }) => [c, m])).toEqual([
    [N(100), N(150)],
    [N(100), N(50)],
    [N(50), undefined],
  ]);
});
