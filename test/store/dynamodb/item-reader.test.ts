/** Reads that share a request to DynamoDB: each has the answer, the error and the time that it has alone. */
import { beforeEach, describe, expect, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { countCalls } from '../../../src/store/counting.ts';
import type { RecordKey, Store } from '../../../src/store/store.ts';
import { fc } from '../../properties.ts';
import { requireService } from '../../services/available.ts';
import { pausedClock, scriptedDynamo } from './script.ts';
import { NOW, options, put, useDynamo, WITH_REPETITIONS } from './stage.ts';

/** As on Node. */
const afterTurn = (call: () => void) => void setImmediate(call);
const key = (id: string): RecordKey => ({ partition: 'p', id });
const many = (from: number) => Array.from({ length: 60 }, (_, at) => key(`${from + at}`));
const both = (store: Store) => Promise.allSettled([store.get(key('1'), NOW), store.getMany([key('2'), key('3')], NOW)]);

async function read(store: Store, one: number | RecordKey[]): Promise<unknown> {
  return typeof one === 'number' ? store.get(key(`${one}`), NOW) : store.getMany(one, NOW);
}

describe.skipIf(!requireService('dynamodb'))('reads that share a request (needs java)', { timeout: 60_000 }, () => {
  const { current, open, requests } = useDynamo();
  let store: Store;
  beforeEach(async () => {
    store = open({ clock: { ...systemRuntime(() => {}), afterTurn } });
    const puts = Array.from({ length: 60 }, (_, id) => put(`${id}`, { value: id }));
    await store.commit(puts, options('c1'));
  });

  test('each answers what it answers alone', async () => {
    const ids = fc.uniqueArray(
      fc.nat(120).map((id) => key(`${id}`)),
      { maxLength: 100, selector: ({ id }) => id },
    );
    await fc.assert(
      fc.asyncProperty(fc.array(fc.oneof(fc.nat(120), ids), { minLength: 1, maxLength: 20 }), async (asked) => {
        const together = await Promise.all(asked.map((one) => read(store, one)));
        const alone = [];
        for (const one of asked) alone.push(await read(current().store, one));
        expect(together).toEqual(alone);
      }),
      { numRuns: 15 },
    );
  });

  test('callers share a request where the runtime lets them; else each has its own', async () => {
    const callers = async (of: Store) => {
      const counted = [countCalls(of), countCalls(of)];
      const sent = await requests(() =>
        Promise.all(
          counted.flatMap((each) => [each.store.get(key('1'), NOW), each.store.getMany([key('1'), key('2')], NOW)]),
        ),
      );
      for (const each of counted) expect([each.total(), each.engineRequests()]).toEqual([2, 2]);
      return sent;
    };
    expect(await callers(store)).toBe(1);
    expect(await callers(current().store)).toBe(2);
    const own = current().store;
    expect(await requests(() => Promise.all([own.get(key('1'), NOW), own.get(key('2'), NOW)]))).toBe(2);
  });

  test('more keys than one request takes travel in several', async () => {
    const sent = await requests(() =>
      Promise.all([store.getMany(many(0), NOW), store.getMany(many(60), NOW), store.get(key('1'), NOW)]),
    );
    expect(sent).toBe(2);
  });

  test('a shared request whose connection breaks is repeated for all, and fails all in the end', async () => {
    const { proxy } = current();
    proxy.next('lose-answer');
    expect(await requests(() => both(store))).toBe(2);
    proxy.next(...Array<'lose-answer'>(WITH_REPETITIONS).fill('lose-answer'));
    const failed = await both(store);
    expect(failed).toMatchObject([1, 2].map(() => ({ status: 'rejected', reason: { code: 'store_unavailable' } })));
  });
});

test('keys that stay unread delay only those who asked for them, and fail them when the time is up', async () => {
  const ended: string[] = [];
  const slow = '2';
  const { store, asked } = await scriptedDynamo(
    ({ operation, input }) => {
      if (operation === 'GetItem') return { error: 'ProvisionedThroughputExceededException' };
      const table = (input['RequestItems'] as Record<string, { Keys: { pk: object; sk: { S: string } }[] }>)[
        'scripted'
      ];
      const [unread, read] = [
        table?.Keys.filter(({ sk }) => sk.S === slow),
        table?.Keys.filter(({ sk }) => sk.S !== slow),
      ];
      const items = read?.map((one) => ({ ...one, v: { S: '1' }, n: { S: 'c1' } }));
      return { body: { Responses: { scripted: items }, UnprocessedKeys: { scripted: { Keys: unread } } } };
    },
    { clock: { ...pausedClock(), afterTurn } },
  );
  const named = async (name: string, read: Promise<unknown>) => {
    const answer = await read.catch((thrown: unknown) => thrown);
    ended.push(name);
    return answer;
  };
  const [first, both, last] = await Promise.all([
    named('first', store.get(key('1'), NOW)),
    named('both', store.getMany([key('1'), key(slow)], NOW)),
    named('last', store.get(key('3'), NOW)),
  ]);
  expect([first, last]).toMatchObject([{ value: 1 }, { value: 1 }]);
  expect(both).toMatchObject({ code: 'store_unavailable' });
  expect(ended).toEqual(['first', 'last', 'both']);
  // The key alone is asked for again, with pauses that are bounded by the time of the call.
  expect(asked[0]?.operation).toBe('BatchGetItem');
  expect(asked.slice(1).every(({ operation }) => operation === 'GetItem')).toBe(true);
  expect(asked.length).toBeLessThan(40);
});
