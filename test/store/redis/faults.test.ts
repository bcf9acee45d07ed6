import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { randomId } from '../../../src/base/runtime.ts';
import { createRedisStore, type RedisOptions } from '../../../src/store/redis/store.ts';
import type { Operation, Store } from '../../../src/store/store.ts';
import { requireService } from '../../services/available.ts';
import { type FaultyRedis, startFaultyRedis } from './faulty-redis.ts';
import type { Fault } from '../../services/fault-proxy.ts';
import { startRedis } from '../../services/redis.ts';
import { startUpstash } from '../../services/upstash.ts';

const NOW = 1_000_000;
const DAY = 86_400_000;
const options = (id: string, more: { deadline?: number; now?: number } = {}) => ({
  id,
  now: NOW,
  deadline: NOW + 5_000,
  ...more,
});
const append: Operation = { kind: 'append', log: 'l', entries: [1] };
const put = (id: string, more: Partial<Extract<Operation, { kind: 'put' }>> = {}): Operation => ({
  kind: 'put',
  partition: 'p',
  id,
  value: 1,
  expects: null,
  ...more,
});

describe.skipIf(!requireService('redis'))('redis when things break (needs redis-server)', () => {
  let redis: FaultyRedis['redis'];
  let front: FaultyRedis['front'];
  let proxy: FaultyRedis['proxy'];
  let direct: FaultyRedis['direct'];
  let stop: FaultyRedis['stop'];
  let app: string;
  let store: Store;

  beforeAll(async () => {
    ({ redis, front, proxy, direct, stop } = await startFaultyRedis());
  });
  afterAll(() => stop());
  beforeEach(async () => {
    app = `test-${randomId()}`;
    store = await open();
  });

  function open(more: Partial<RedisOptions> = {}): Promise<Store> {
    return createRedisStore({ url: proxy.url, token: front.token, app, log: () => {}, ...more });
  }

  async function run(...words: string[]): Promise<unknown> {
    return (await direct.run([words]))[0];
  }

  /** By the engine's own counter. */
  async function scriptCalls(): Promise<number> {
    const stats = String(await run('INFO', 'commandstats'));
    return Number(/cmdstat_evalsha:calls=(\d+)/.exec(stats)?.[1] ?? 0);
  }

  const FAULTS: { fault: Fault; written: number }[] = [
    { fault: 'lose-request', written: 0 },
    { fault: 'fail-before', written: 0 },
    { fault: 'lose-answer', written: 1 },
    { fault: 'fail-after', written: 1 },
  ];

  test.for(FAULTS)('$fault: a commit is unknown after one request; repeated, it is committed once', async (each) => {
    const before = proxy.arrived();
    proxy.next(each.fault);
    expect(await store.commit([append], options('c1'))).toMatchObject({ status: 'unknown' });
    expect(proxy.arrived() - before).toBe(1);
    expect((await store.extent('l')).count).toBe(each.written);
    expect(await store.commit([append], options('c1'))).toMatchObject({ status: 'committed' });
    expect((await store.extent('l')).count).toBe(1);
  });

  test.for(FAULTS)('$fault: reads say that the store is unavailable, after one request', async ({ fault }) => {
    const reads: (() => Promise<unknown>)[] = [
      () => store.get({ partition: 'p', id: 'a' }, NOW),
      () => store.list('p', { now: NOW, limit: 1 }),
      () => store.due('q', { now: NOW, limit: 1, from: 0 }),
      () => store.read('l', null, 1),
      () => store.seek('l', 0),
      () => store.add('n', 1, { now: NOW, expiresAt: NOW + 1 }),
      () => store.ping(),
    ];
    for (const read of reads) {
      const before = proxy.arrived();
      proxy.next(fault);
      await expect(read()).rejects.toMatchObject({ code: 'store_unavailable', retryAfterMs: expect.any(Number) });
      expect(proxy.arrived() - before).toBe(1);
    }
  });

  test('no answer by the deadline: unknown; arriving late, after others wrote, it changes nothing', async () => {
    const commit = [put('a'), append];
    // The first try takes effect and its answer is lost; the second is stuck on its way.
    proxy.next('lose-answer', 'hang');
    expect(await store.commit(commit, options('c1'))).toMatchObject({ status: 'unknown' });
    expect(await store.commit(commit, options('c1', { deadline: NOW + 50 }))).toMatchObject({ status: 'unknown' });
    expect(await store.commit(commit, options('c1'))).toMatchObject({ status: 'committed', version: 'c1' });
    const removed: Operation = { kind: 'delete', partition: 'p', id: 'a', expects: 'c1' };
    expect(await store.commit([removed], options('c2'))).toMatchObject({ status: 'committed' });
    await proxy.release();
    expect(await store.get({ partition: 'p', id: 'a' }, NOW)).toMatchObject({ value: null, version: null });
    expect((await store.extent('l')).count).toBe(1);
  });

  test('a read that hangs ends at the limit', async () => {
    const impatient = await open({ timeoutMs: 50 });
    proxy.next('hang');
    await expect(impatient.extent('l')).rejects.toMatchObject({ code: 'store_unavailable' });
  });

  test('a deadline that has passed is unknown, and nothing is sent', async () => {
    const before = proxy.arrived();
    expect(await store.commit([append], options('c1', { deadline: NOW }))).toMatchObject({ status: 'unknown' });
    expect(proxy.arrived()).toBe(before);
  });

  test('scripts that the server has forgotten are sent again', async () => {
    await run('SCRIPT', 'FLUSH');
    const before = proxy.arrived();
    expect(await store.commit([append], options('c1'))).toMatchObject({ status: 'committed' });
    expect(proxy.arrived() - before).toBe(2);
    expect((await store.extent('l')).count).toBe(1);
  });

  test('data that looks like that error is not taken for it', async () => {
    const before = proxy.arrived();
    proxy.next('fail-after');
    const result = await store.commit([{ ...append, entries: ['NOSCRIPT'] }], options('c1'));
    expect(result).toMatchObject({ status: 'unknown' });
    expect(proxy.arrived() - before).toBe(1);
  });

  test('an engine error carries none of what was sent', async () => {
    await run('SET', `{${app}}:r:1:pa`, 'not a hash');
    const failed = await store.get({ partition: 'p', id: 'a' }, NOW).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: 'store_damaged', cause: { message: expect.stringMatching(/WRONGTYPE/) } });
    const secret = await store.commit([put('a', { value: 'secret' })], options('c1'));
    expect(secret).toMatchObject({ status: 'unknown' });
    expect(JSON.stringify(secret) + String(secret.status === 'unknown' && secret.cause)).not.toContain('secret');
  });

  test('a request that would be too large is refused before it is sent', async () => {
    const before = proxy.arrived();
    // In the request's JSON quotes become four times as long, and control characters in names six times.
    const longest = Array.from({ length: 90 }, (_, i) =>
      put(`${i}`.padEnd(512, '\u0001'), { value: '"'.repeat(1_700) }),
    );
    const partition = '\u0001'.repeat(256);
    const operations = longest.map((operation) => ({ ...operation, partition }) as Operation);
    await expect(store.commit(operations, options('c1'))).rejects.toMatchObject({ code: 'too_large' });
    expect(proxy.arrived()).toBe(before);
  });

  test('a refused token is named, at opening and later', async () => {
    const wrong = { code: 'invalid_config', field: 'UPSTASH_REDIS_REST_TOKEN' };
    await expect(open({ token: 'wrong' })).rejects.toMatchObject(wrong);
    const other = await startUpstash(redis.url, { token: 'first' });
    const opened = await open({ url: other.url, token: 'first' });
    await other.stop();
    const changed = await startUpstash(redis.url, { token: 'second', port: Number(new URL(other.url).port) });
    onTestFinished(() => changed.stop());
    await expect(opened.ping()).rejects.toMatchObject(wrong);
    await expect(opened.commit([append], options('c1'))).rejects.toMatchObject(wrong);
  });

  test('a database that evicts is refused; one that does not tell is warned of, as one that is not there', async () => {
    const evicting = await startRedis(['--maxmemory-policy', 'allkeys-lru']);
    onTestFinished(() => evicting.stop());
    const before = await startUpstash(evicting.url);
    onTestFinished(() => before.stop());
    await expect(open({ url: before.url, token: before.token })).rejects.toMatchObject({
      code: 'invalid_config',
      message: expect.stringContaining('allkeys-lru'),
    });

    const silent = await startUpstash(redis.url, { refuse: ['INFO'] });
    const warnings: string[] = [];
    const log: RedisOptions['log'] = (level, message) => warnings.push(`${level} ${message}`);
    const opened = await open({ url: silent.url, token: silent.token, log });
    expect(warnings).toEqual([expect.stringMatching(/^warn .*evicts/)]);
    await opened.ping();
    await silent.stop();
    await open({ url: silent.url, token: silent.token, log });
    expect(warnings).toHaveLength(2);
  });

  test('all keys are under one hash tag; the engine removes only garbage, a day after', async () => {
    const lease = put('lease', { expiresAt: NOW + 30_000, due: { queue: 'q', at: NOW } });
    await store.commit([lease, put('kept'), append], options('c1'));
    await store.add('n', 1, { now: NOW, expiresAt: NOW + 1_000 });
    const keys = (await run('KEYS', `*${app}*`)) as Buffer[];
    expect(keys.length).toBeGreaterThanOrEqual(8);
    for (const key of keys) expect(key.toString()).toMatch(new RegExp(`^\\{${app}\\}:`));
    const ttl = async (key: string) => Number(await run('PTTL', `{${app}}:${key}`));
    expect(await ttl('r:1:please')).toBeGreaterThan(DAY + 29_000);
    expect(await ttl('r:1:please')).toBeLessThanOrEqual(DAY + 30_000);
    expect(await ttl('r:1:pkept')).toBe(-1);
    expect(await ttl('l:l')).toBe(-1);
    expect(await ttl('e:l')).toBe(-1);
    expect(await ttl('c:c1')).toBeGreaterThan(9 * 60_000);
    // Put again without an expiry, it stays for good.
    await store.commit([put('lease', { expects: 'c1' })], options('c2'));
    expect(await ttl('r:1:please')).toBe(-1);
  });

  test('indexes of what the engine removed, and of what is collected, are left empty', async () => {
    const more = { expiresAt: NOW + 100, due: { queue: 'q', at: NOW } };
    await store.commit([put('a', more), put('b', more), put('c', more)], options('c1'));
    await run('DEL', `{${app}}:r:1:pa`);
    expect((await store.list('p', { now: NOW, limit: 10 })).records.map((record) => record.id)).toEqual(['b', 'c']);
    expect((await store.due('q', { now: NOW, limit: 10, from: 0 })).map((record) => record.id).toSorted()).toEqual([
      'b',
      'c',
    ]);
    await store.due('q', { now: NOW + 120_000, limit: 10, from: 0 });
    const left = async () => {
      const keys = (await run('KEYS', `{${app}}:*`)) as Buffer[];
      return keys.map((key) => key.toString().split(':')[1] ?? '').toSorted();
    };
    expect(await left()).toEqual(['c', 'p', 'r', 'r', 'x']);
    // A delete and a put without an expiry leave nothing for later.
    await store.commit([put('d', { ...more, partition: 'other' })], options('c2'));
    await store.commit([{ kind: 'delete', partition: 'other', id: 'd', expects: 'c2' }], options('c3'));
    expect(await left()).toEqual(['c', 'c', 'c', 'p', 'r', 'r', 'x']);
    expect(await store.collect(NOW + DAY, 10)).toEqual({ removed: 0 });
    expect((await store.collect(NOW + 100 + DAY, 2)).removed).toBe(2);
    await store.collect(NOW + 100 + DAY, 10);
    expect(await left()).toEqual(['c', 'c', 'c']);
  });

  test('a page of large records is cut short, with a next', async () => {
    const value = 'x'.repeat(340_000);
    for (let i = 0; i < 6; i += 1) await store.commit([put(`r${i}`, { value })], options(`c${i}`));
    const first = await store.list('p', { now: NOW, limit: 100 });
    expect(first.records.length).toBeLessThan(6);
    expect(first.next).toBe(first.records.at(-1)?.id);
    const rest = await store.list('p', { now: NOW, limit: 100, after: first.next ?? '' });
    expect(first.records.length + rest.records.length).toBe(6);
    expect(rest.next).toBeNull();
  });

  test('one command of the engine for a commit, and one for a page, whatever is in them', async () => {
    const before = await scriptCalls();
    await store.commit([put('a'), put('b'), { ...append, entries: Array<number>(500).fill(1) }], options('c1'));
    await store.read('l', null, 500);
    expect((await scriptCalls()) - before).toBe(2);
  });
});
