/** What DynamoDB, and the way to it, can do wrong. */
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import type { Store } from '../../../src/store/store.ts';
import { requireService } from '../../services/available.ts';
import type { RunningDynamo } from '../../services/dynamodb.ts';
import { startFaultProxy, type Fault, type FaultProxy } from '../../services/fault-proxy.ts';
import { append, NOW, options, put, useDynamo, WITH_REPETITIONS } from './stage.ts';
import { DYNAMODB_ANSWERS, dynamodbError } from '../fault-drivers.ts';

describe.skipIf(!requireService('dynamodb'))('dynamodb when things break (needs java)', { timeout: 60_000 }, () => {
  const { current, direct, open, requests, items } = useDynamo();
  let dynamo: RunningDynamo;
  let proxy: FaultProxy;
  let store: Store;
  beforeEach(() => void ({ dynamo, proxy, store } = current()));

  const FAULTS: { fault: Fault; written: boolean }[] = [
    { fault: 'lose-request', written: false },
    { fault: 'fail-before', written: false },
    { fault: 'lose-answer', written: true },
    { fault: 'fail-after', written: true },
  ];

  test.for(FAULTS)('$fault: a put is unknown after one request; repeated, it is committed once', async (each) => {
    proxy.next(each.fault);
    const tried = await requests(async () => {
      expect(await store.commit([put('a')], options('c1'))).toMatchObject({ status: 'unknown' });
    });
    expect(tried).toBe(1);
    expect(await store.get({ partition: 'p', id: 'a' }, NOW)).toMatchObject({ value: each.written ? 1 : null });
    expect(await store.commit([put('a')], options('c1'))).toMatchObject({ status: 'committed', version: 'c1' });
  });

  test.for(FAULTS)('$fault: an append that is repeated stands there once', async ({ fault, written }) => {
    await store.commit([append(['before'])], options('c0'));
    // The log's end is read first.
    proxy.next('none', fault);
    expect(await store.commit([append()], options('c1'))).toMatchObject({ status: 'unknown' });
    expect((await store.extent('l')).count).toBe(written ? 2 : 1);
    await store.commit([append(['others'])], options('c2'));
    const repeated = await store.commit([append()], options('c1', NOW + 60_000));
    expect(repeated).toMatchObject({ status: 'committed' });
    const { entries } = await store.read('l', null, 10);
    expect(entries.map((entry) => entry.value).filter((value) => value === 1)).toEqual([1]);
    const own = entries.find((entry) => entry.value === 1);
    expect(repeated).toMatchObject({ cursors: { l: own?.cursor } });
  });

  test.for(FAULTS)(
    '$fault: reads say that the store is unavailable; only a broken one is repeated',
    async ({ fault }) => {
      const tries = fault.startsWith('lose') ? WITH_REPETITIONS : 1;
      const reads: [() => Promise<unknown>, number][] = [
        [() => store.get({ partition: 'p', id: 'a' }, NOW), tries],
        [() => store.getMany([{ partition: 'p', id: 'a' }], NOW), tries],
        [() => store.list('p', { now: NOW, limit: 1 }), tries],
        [() => store.read('l', null, 1), tries],
        [() => store.seek('l', 0), tries],
        [() => store.ping(), tries],
        [() => store.add('n', 1, { now: NOW, expiresAt: NOW + 1 }), 1],
      ];
      for (const [read, most] of reads) {
        proxy.next(...Array<Fault>(most).fill(fault));
        const sent = await requests(() =>
          expect(read()).rejects.toMatchObject({ code: 'store_unavailable', retryAfterMs: expect.any(Number) }),
        );
        expect(sent).toBe(most);
      }
    },
  );

  test('one operation of each kind: late, after others overwrote and deleted, it changes nothing', async () => {
    const gone = { partition: 'p', id: 'a' };
    proxy.next('late');
    expect(await store.commit([put('a')], options('c1'))).toMatchObject({ status: 'unknown' });
    expect(await store.commit([put('a')], options('c1'))).toMatchObject({ status: 'committed' });
    expect(await store.commit([{ kind: 'delete', ...gone, expects: 'c1' }], options('c2'))).toMatchObject({
      status: 'committed',
    });
    await proxy.release();
    expect(await store.get(gone, NOW)).toMatchObject({ value: null, version: null });
    // A repetition still answers what was answered.
    expect(await store.commit([put('a')], options('c1'))).toMatchObject({ status: 'committed', version: 'c1' });
    expect(await store.commit([{ kind: 'delete', ...gone, expects: 'c1' }], options('c2'))).toMatchObject({
      status: 'committed',
    });
    expect(await store.get(gone, NOW)).toMatchObject({ value: null, version: null });
  });

  test('throttled requests are sent again inside the deadline, and given up at it', async () => {
    proxy.next('throttle', 'throttle');
    expect(
      await requests(async () => {
        expect(await store.commit([put('a')], options('c1'))).toMatchObject({ status: 'committed' });
      }),
    ).toBe(3);
    proxy.next('throttle');
    expect((await store.get({ partition: 'p', id: 'a' }, NOW)).value).toBe(1);
    // On this clock the first pause would end after the deadline.
    let now = 0;
    const clock = { now: () => now, random: () => 1, sleep: async (ms: number) => void (now += ms) };
    await using stack = new AsyncDisposableStack();
    const overloaded = await startFaultProxy(dynamo.endpoint, DYNAMODB_ANSWERS);
    stack.defer(() => overloaded.stop());
    overloaded.next(...Array<Fault>(50).fill('throttle'));
    const patient = open({ clock, endpoint: overloaded.url });
    const result = await patient.commit([put('b')], options('c2', NOW, 3_000));
    expect(result).toMatchObject({ status: 'unknown', cause: { code: 'store_unavailable' } });
    expect(now).toBeGreaterThan(1_000);
    expect(now).toBeLessThan(3_000);
    await expect(open({ clock, timeoutMs: 0 }).ping()).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  test('keys that DynamoDB left unread are asked for again', async () => {
    const value = 'x'.repeat(300_000);
    const ids = Array.from({ length: 80 }, (_, i) => `r${i}`);
    for (let i = 0; i < ids.length; i += 10) {
      await store.commit(
        ids.slice(i, i + 10).map((id) => put(id, { value })),
        options(`c${i}`),
      );
    }
    let read: unknown[] = [];
    const sent = await requests(async () => {
      read = await store.getMany(
        ids.map((id) => ({ partition: 'p', id })),
        NOW,
      );
    });
    expect(read).toMatchObject(ids.map((id) => ({ id, value })));
    expect(sent).toBe(2);
  });

  test.for([
    ['ResourceNotFoundException', 'DYNAMODB_TABLE'],
    ['UnrecognizedClientException', 'AWS_ACCESS_KEY_ID'],
    ['ExpiredTokenException', 'AWS_ACCESS_KEY_ID'],
    ['AccessDeniedException', 'DYNAMODB_TABLE'],
  ])('%s names %s, in reads and commits', async ([type = '', field]) => {
    const failure = dynamodbError(400, `com.amazonaws.dynamodb.v20120810#${type}`);
    await using stack = new AsyncDisposableStack();
    const front = await startFaultProxy(dynamo.endpoint, { failure });
    stack.defer(() => front.stop());
    front.next('fail-before', 'fail-before');
    const wrong = open({ endpoint: front.url });
    await expect(wrong.ping()).rejects.toMatchObject({ code: 'invalid_config', field });
    await expect(wrong.commit([put('a')], options('c1'))).rejects.toMatchObject({ code: 'invalid_config', field });
  });

  test.for([null, 'not a region'])('the region %j names AWS_REGION', async (region) => {
    vi.stubEnv('AWS_REGION', '');
    onTestFinished(() => void vi.unstubAllEnvs());
    await expect(open({ region }).ping()).rejects.toMatchObject({ code: 'invalid_config', field: 'AWS_REGION' });
  });

  test('an id that was used for other puts is refused as a defect', async () => {
    await store.commit([put('a')], options('c1'));
    await expect(store.commit([put('b')], options('c1'))).rejects.toMatchObject({ code: 'internal' });
  });

  test('a reader that meets a hole looks again, and returns nothing behind it', async () => {
    for (let i = 0; i < 6; i += 1) await store.commit([append([i])], options(`e${i}`));
    const hole = (await items('l#l'))[2];
    if (!hole?.['pk'] || !hole['sk']) throw new Error('there is no third segment');
    const Key = { pk: hole['pk'], sk: hole['sk'] };
    await direct().send(new DeleteItemCommand({ TableName: dynamo.table, Key }));
    const before = proxy.arrived();
    const reading = store.read('l', null, 10);
    // The read has met the hole and looks a second time.
    await expect.poll(() => proxy.arrived() - before).toBeGreaterThanOrEqual(3);
    await direct().send(new PutItemCommand({ TableName: dynamo.table, Item: hole }));
    expect((await reading).entries.map((entry) => entry.value)).toEqual([0, 1, 2, 3, 4, 5]);
    await direct().send(new DeleteItemCommand({ TableName: dynamo.table, Key }));
    await expect(store.read('l', null, 10)).rejects.toMatchObject({ code: 'store_unavailable' });
    expect((await store.last('l', 2)).entries.map((entry) => entry.value)).toEqual([4, 5]);
  });

  test('an error carries none of what was sent or stands there', async () => {
    await store.commit([put('a', { value: 'secret' })], options('c1'));
    const wrong = open({ table: 'another' });
    const failed = await wrong.commit([put('a', { value: 'secret' })], options('c2')).catch((error: unknown) => error);
    expect(failed).toMatchObject({ field: 'DYNAMODB_TABLE' });
    proxy.next('fail-after');
    const unknown = await store.commit([put('a', { value: 'secret', expects: 'c1' })], options('c3'));
    expect(unknown).toMatchObject({ status: 'unknown' });
    const told = [failed, unknown.status === 'unknown' ? unknown.cause : null].map((error) =>
      JSON.stringify([error, (error as Error).cause, String(error), String((error as Error).cause)]),
    );
    expect(told.join()).not.toContain('secret');
  });
});
