/** Calls that share a request to Redis: each has the answer, the order, the error and the time limit that it has alone. */
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { randomId } from '../../../src/base/runtime.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createRedisStore, type RedisOptions } from '../../../src/store/redis/store.ts';
import type { Operation, Store } from '../../../src/store/store.ts';
import { fc } from '../../properties.ts';
import { requireService } from '../../services/available.ts';
import { type FaultyRedis, startFaultyRedis } from './faulty-redis.ts';
import type { Fault } from '../../services/fault-proxy.ts';

const NOW = 1_000_000;
const LATE = NOW + 5_000;
/** As on Node. */
const afterTurn = (call: () => void) => void setImmediate(call);
const KEYS = ['a', 'b', 'c', 'd'].map((id) => ({ partition: id < 'c' ? 'p' : 'q', id }));
const LOGS = ['l', 'm'];

const put = (id: string, value: number | string = 1): Operation => ({
  kind: 'put',
  partition: 'p',
  id,
  value,
  expects: null,
});

type Call = (store: Store) => Promise<unknown>;

const key = fc.constantFrom(...KEYS);
const log = fc.constantFrom(...LOGS);

/** Commits have ids of their own place, so that both runs have the same versions and epochs. */
const calls = fc
  .array(
    fc.oneof(
      key.map((one) => (): Call => (store) => store.get(one, NOW)),
      fc.subarray(KEYS).map((some) => (): Call => (store) => store.getMany(some, NOW)),
      fc.constant((): Call => (store) => store.list('p', { now: NOW, limit: 3 })),
      fc.constant((): Call => (store) => store.due('due', { now: NOW, limit: 3, from: 0 })),
      fc.tuple(log, fc.integer({ min: 1, max: 100 })).map(
        ([name, limit]) =>
          (): Call =>
          (store) =>
            store.read(name, null, limit),
      ),
      log.map((name) => (): Call => (store) => store.last(name, 2)),
      log.map((name) => (): Call => (store) => store.extent(name)),
      log.map((name) => (): Call => (store) => store.seek(name, NOW)),
      fc.constant((): Call => (store) => store.add('n', 2, { now: NOW, expiresAt: LATE })),
      fc.tuple(key, log, fc.boolean()).map(([one, name, isDue]) => (id: string): Call => {
        const due = isDue ? { queue: 'due', at: NOW } : null;
        const operations: Operation[] = [
          { kind: 'put', ...one, value: id, expects: null, due },
          { kind: 'append', log: name, entries: [id] },
        ];
        return (store) => store.commit(operations, { id, now: NOW, deadline: LATE });
      }),
    ),
    // Those of a second request would run beside the first.
    { minLength: 2, maxLength: 64 },
  )
  .map((drawn) => drawn.map((make, place) => make(`c${place}`)));

async function apart(store: Store, drawn: readonly Call[]): Promise<unknown[]> {
  const answers = [];
  for (const call of drawn) answers.push(await call(store));
  return answers;
}

describe.skipIf(!requireService('redis'))('calls that share a request (needs redis-server)', () => {
  let front: FaultyRedis['front'];
  let proxy: FaultyRedis['proxy'];
  let direct: FaultyRedis['direct'];
  let stop: FaultyRedis['stop'];
  let app: string;

  beforeAll(async () => {
    ({ front, proxy, direct, stop } = await startFaultyRedis());
  });
  afterAll(() => stop());
  beforeEach(() => void (app = `test-${randomId()}`));

  function open(more: Partial<RedisOptions> = {}): Promise<Store> {
    return createRedisStore({ url: proxy.url, token: front.token, app, log: () => {}, afterTurn, ...more });
  }

  async function requests(work: () => Promise<unknown>): Promise<number> {
    const before = proxy.arrived();
    await work();
    return proxy.arrived() - before;
  }

  test('each answers what it answers alone, in the order of the calls', async () => {
    await fc.assert(
      fc.asyncProperty(calls, async (drawn) => {
        const [together, alone] = await Promise.all([
          open({ app: randomId() }),
          open({ app: randomId(), afterTurn: undefined }),
        ]);
        expect(await Promise.all(drawn.map((call) => call(together)))).toEqual(await apart(alone, drawn));
      }),
      { numRuns: 30 },
    );
  });

  test('a shared request that fails fails each call as it would alone, and a repeated commit counts once', async () => {
    const faults = fc.constantFrom<Fault>('lose-request', 'lose-answer', 'fail-before', 'fail-after', 'throttle');
    const ids = fc.uniqueArray(fc.nat(50), { minLength: 2, maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(faults, ids, async (fault, each) => {
        const store = await open({ app: randomId() });
        const commit = (id: number) =>
          store.commit([put(`${id}`, id), { kind: 'append', log: 'l', entries: [id] }], {
            id: `c${id}`,
            now: NOW,
            deadline: LATE,
          });
        proxy.next(fault);
        const reading = each.map((id) => store.get({ partition: 'p', id: `${id}` }, NOW).catch((thrown) => thrown));
        const failed = await Promise.all(each.map(commit));
        expect(failed.map(({ status }) => status)).toEqual(each.map(() => 'unknown'));
        expect(await Promise.all(reading)).toMatchObject(each.map(() => ({ code: 'store_unavailable' })));
        const repeated = await Promise.all(each.map(commit));
        expect(repeated.map(({ status }) => status)).toEqual(each.map(() => 'committed'));
        const { entries } = await store.read('l', null, 100);
        expect(entries).toHaveLength(each.length);
        expect(new Set(entries.map(({ value }) => value))).toEqual(new Set(each));
      }),
      { numRuns: 25 },
    );
  });

  test('one command that fails fails its caller alone', async () => {
    const store = await open();
    await store.commit([put('a')], { id: 'c1', now: NOW, deadline: LATE });
    await direct.run([['SET', `{${app}}:r:1:pbad`, 'not a hash']]);
    const sent = await requests(async () => {
      const [bad, commit, good, fine] = await Promise.allSettled([
        store.get({ partition: 'p', id: 'bad' }, NOW),
        store.commit([put('bad', 'secret')], { id: 'c2', now: NOW, deadline: LATE }),
        store.get({ partition: 'p', id: 'a' }, NOW),
        store.commit([put('b')], { id: 'c3', now: NOW, deadline: LATE }),
      ]);
      expect(bad).toMatchObject({ status: 'rejected', reason: { code: 'store_damaged' } });
      expect(commit).toMatchObject({ value: { status: 'unknown' } });
      expect(JSON.stringify(commit)).not.toContain('secret');
      expect(good).toMatchObject({ value: { value: 1, version: 'c1' } });
      expect(fine).toMatchObject({ value: { status: 'committed' } });
    });
    expect(sent).toBe(1);
  });

  test('scripts that the server has forgotten are sent again, together, and nothing else is', async () => {
    const store = await open();
    await direct.run([['SCRIPT', 'FLUSH']]);
    await store.extent('l');
    const sent = await requests(async () => {
      const commits = ['a', 'b'].map((id) => store.commit([put(id)], { id: `c${id}`, now: NOW, deadline: LATE }));
      await Promise.all([...commits, store.extent('l')]);
      for (const commit of commits) expect(await commit).toMatchObject({ status: 'committed' });
    });
    expect(sent).toBe(2);
  });

  test('callers share a request where the runtime lets them; else each has its own, and the store itself one for each call', async () => {
    const key1 = { partition: 'p', id: 'a' };
    const callers = async (store: Store) => {
      const counted = [countCalls(store), countCalls(store)];
      const sent = await requests(() =>
        Promise.all(counted.flatMap((each) => [each.store.get(key1, NOW), each.store.extent('l')])),
      );
      // What is counted does not depend on what is shared.
      for (const each of counted) expect([each.total(), each.engineRequests()]).toEqual([2, 2]);
      return sent;
    };
    const [shared, own] = [await open(), await open({ afterTurn: undefined })];
    await apart(own, [(store) => store.get(key1, NOW), (store) => store.extent('l')]);
    expect(await callers(shared)).toBe(1);
    expect(await callers(own)).toBe(2);
    expect(await requests(() => Promise.all([own.get(key1, NOW), own.extent('l')]))).toBe(2);
  });

  test('what does not fit one request travels in several, and long pages and pings by themselves', async () => {
    const store = await open();
    const value = '"'.repeat(150_000);
    const commit = (id: string) => store.commit([put(id, value)], { id: `c${id}`, now: NOW, deadline: LATE });
    await commit('first');
    expect(await requests(() => Promise.all(['a', 'b', 'c', 'd'].map(commit)))).toBe(4);
    const counters = Array.from({ length: 65 }, () => store.add('n', 1, { now: NOW, expiresAt: LATE }));
    expect(await requests(() => Promise.all(counters))).toBeGreaterThanOrEqual(2);
    expect(await store.add('n', 1, { now: NOW, expiresAt: LATE })).toBe(66);
    await store.read('l', null, 101);
    const apartEach = () => [store.read('l', null, 101), store.read('l', null, 101), store.ping(), store.extent('m')];
    await Promise.all(apartEach());
    expect(await requests(() => Promise.all(apartEach()))).toBe(4);
  });
});

test('a call that gives up early takes nothing from those that wait on, over connections that are kept', async () => {
  const answering = Promise.withResolvers<void>();
  let connections = 0;
  const bodies: string[] = [];
  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    bodies.push(Buffer.concat((await request.toArray()) as Buffer[]).toString());
    const isPipeline = request.url === '/pipeline';
    if (isPipeline) await answering.promise;
    const results = isPipeline ? [{ result: ['committed', '{}'] }, { result: '7' }] : { result: '' };
    response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(results));
  }
  const server = createServer((request, response) => void answer(request, response));
  server.on('connection', () => void (connections += 1));
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => void server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const store = await createRedisStore({ url, token: 't', app: 'a', log: () => {}, afterTurn });
  const commit = store.commit([put('a')], { id: 'c', now: NOW, deadline: NOW + 20 });
  const adding = store.add('n', 1, { now: NOW, expiresAt: LATE });
  expect(await commit).toMatchObject({ status: 'unknown' });
  answering.resolve();
  expect(await adding).toBe(7);
  for (let count = 0; count < 20; count += 1) await store.ping();
  expect(bodies).toHaveLength(22);
  // One for what is under way beside another.
  expect(connections).toBeLessThanOrEqual(2);
});
