/** What the driver asks, and what it makes of answers that DynamoDB gives and DynamoDB Local does not. */
import { expect, test } from 'vitest';
import { READS, N, S, segment, segmentsFor } from './reads.ts';
import { pausedClock, scriptedDynamo } from './script.ts';
import { append, NOW, options, put } from './stage.ts';

/** A time as the index holds it. */
const sortable = (time: number) => String(BigInt(time) + 2n ** 53n).padStart(17, '0');

/** As the index holds a record that is due since a moment ago, in the queue's first shard. */
const queued = (id: string, expiresAt: number | null) => ({
  pk: S('app#r#p'),
  sk: S(id),
  dq: S('app#q#0#q'),
  da: S(`${sortable(NOW - 10)}:${expiresAt === null ? '' : sortable(expiresAt)}`),
});

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

test('a commit that finds what it put itself took effect, also after DynamoDB forgot its token', async () => {
  const own = { Code: 'ConditionalCheckFailed', Item: { pk: S('app#r#p'), sk: S('a'), n: S('c1'), v: S('1') } };
  const { store, asked } = await scriptedDynamo(() => ({
    error: 'TransactionCanceledException',
    more: { CancellationReasons: [own, { Code: 'None' }] },
  }));
  const operations = [put('a'), { kind: 'delete', partition: 'p', id: 'b', expects: 'v' } as const];
  expect(await store.commit(operations, options('c1'))).toEqual({ status: 'committed', version: 'c1', cursors: {} });
  expect(asked).toHaveLength(1);
});

test.each([
  ['ProvisionedThroughputExceededException', 'store_unavailable', /holds requests to the table scripted back/],
  ['RequestLimitExceeded', 'store_unavailable', /holds requests to the table scripted back/],
  ['LimitExceededException', 'store_full', /the table scripted is at a limit/],
  ['ItemCollectionSizeLimitExceededException', 'store_full', /the table scripted is at a limit/],
  ['AccessDeniedException', 'invalid_config', /AWS does not allow what the table scripted needs: said so/],
  ['ResourceNotFoundException', 'invalid_config', /no table scripted/],
])('%s has a name: %s', async (error, code, message) => {
  const { store } = await scriptedDynamo(() => ({ error, more: { message: 'said so' } }), {
    clock: pausedClock(),
    timeoutMs: 2_000,
  });
  const named = { code, message: expect.stringMatching(message) };
  await expect(store.get({ partition: 'p', id: 'a' }, NOW)).rejects.toMatchObject(named);
  const commit = store.commit([put('a')], options('c1'));
  if (code === 'store_unavailable') expect(await commit).toMatchObject({ status: 'unknown', cause: named });
  else await expect(commit).rejects.toMatchObject(named);
});

const cancelled = (Code: string) => ({
  error: 'TransactionCanceledException',
  more: { message: `Transaction cancelled [${Code}]`, CancellationReasons: [{ Code }] },
});

test("a transaction that was throttled, or met a table's limit, says so", async () => {
  const throttled = await scriptedDynamo(() => cancelled('ThrottlingError'), { clock: pausedClock(), timeoutMs: 200 });
  expect(await throttled.store.commit([put('a')], options('c1'))).toMatchObject({
    status: 'unknown',
    cause: { message: expect.stringMatching(/holds requests .* back/), hint: expect.any(String) },
  });
  const full = await scriptedDynamo(() => cancelled('ItemCollectionSizeLimitExceeded'));
  await expect(full.store.commit([put('a')], options('c1'))).rejects.toMatchObject({ code: 'store_full' });
});

test('a search in a log that is trimmed meanwhile begins again', async () => {
  const tombstone = { pk: S('app#l#l'), sk: segment(0, []).sk, x: N(1) };
  const head = { pk: S('app#l#l'), sk: S('~'), f: N(1), o: N(1) };
  const late = { t: N(NOW + 10) };
  let trimmed = false;
  const { store } = await scriptedDynamo(
    (each) => {
      const asksEnds = !('ProjectionExpression' in each.input);
      const first = trimmed ? tombstone : segment(0, [1]);
      const answer = segmentsFor(each, [...(trimmed ? [head] : []), segment(2, [3], late), segment(1, [2]), first]);
      // Between the look at the log's ends and the search.
      if (asksEnds) trimmed = true;
      return answer;
    },
    { clock: pausedClock() },
  );
  expect(await store.seek('l', NOW)).toBe('1.epoch');
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
