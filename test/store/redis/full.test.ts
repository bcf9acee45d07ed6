/** Redis that is full, that begins to evict, and that lost keys. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { connectRedis, type RedisConnection } from '../../../infra/local/redis-connection.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { randomId, systemRuntime } from '../../../src/base/runtime.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import { createRedisStore } from '../../../src/store/redis/store.ts';
import { examine } from '../../../src/store/examine.ts';
import type { Operation, Store } from '../../../src/store/store.ts';
import { requireService } from '../../services/available.ts';
import { startRedis, type RunningRedis } from '../../services/redis.ts';
import { startUpstash, type UpstashFront } from '../../services/upstash.ts';

const NOW = 1_000_000;
const runtime = systemRuntime(() => {});
const append = (value: string): Operation => ({ kind: 'append', log: 'l', entries: [value] });

describe.skipIf(!requireService('redis'))('a redis that is full, evicts or lost keys (needs redis-server)', () => {
  let redis: RunningRedis;
  let front: UpstashFront;
  let direct: RedisConnection;
  let app: string;
  let store: Store;
  let logged: { level: string; message: string; fields: JsonObject | undefined }[];

  beforeAll(async () => {
    redis = await startRedis(['--enable-protected-configs', 'yes']);
    front = await startUpstash(redis.url);
    direct = connectRedis(redis.url);
  });
  afterAll(async () => {
    direct.close();
    await front.stop();
    await redis.stop();
  });
  beforeEach(async () => {
    await run('CONFIG', 'SET', 'maxmemory', '0');
    await run('CONFIG', 'SET', 'maxmemory-policy', 'noeviction');
    app = `test-${randomId()}`;
    logged = [];
    const log = (level: string, message: string, fields?: JsonObject) => void logged.push({ level, message, fields });
    store = await createRedisStore({ url: front.url, token: front.token, app, log });
  });

  async function run(...words: string[]): Promise<unknown> {
    return (await direct.run([words]))[0];
  }

  const commit = (operation: Operation) => commitSurely(runtime, store, [operation], runtime.now() + 10_000);
  const erased = { kind: 'put', partition: 'p', id: 'a', value: 1, expects: null } as const;

  test('over maxmemory a commit is refused at once and has written nothing; what frees room is taken', async () => {
    for (let n = 0; n < 50; n += 1) await commit(append('x'.repeat(20_000)));
    await commit({ ...erased, expiresAt: 1, due: { queue: 'q', at: 5 } });
    await store.commit([append('once')], { id: 'known', now: NOW, deadline: NOW + 1_000 });
    await run('CONFIG', 'SET', 'maxmemory', '1');

    const startedAt = performance.now();
    const full = { code: 'store_full', message: expect.stringMatching(/Redis is full.*OOM/), hint: expect.any(String) };
    await expect(commit(append('more'))).rejects.toMatchObject({ ...full, retryAfterMs: expect.any(Number) });
    await expect(store.add('n', 1, { now: NOW, expiresAt: NOW + 1 })).rejects.toMatchObject(full);
    expect(await examine(store, NOW)).toMatchObject([{ stops: true, error: full }]);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    const { count, end } = await store.extent('l');
    expect(count).toBe(51);
    // A commit that took effect before is still known as the same.
    expect(await store.commit([append('once')], { id: 'known', now: NOW, deadline: NOW + 1_000 })).toMatchObject({
      status: 'committed',
      cursors: { l: end },
    });

    expect(await store.trim('l', { now: NOW, keep: 10, limit: 30 })).toEqual({ removed: 30, more: true });
    expect(await store.trim('l', { now: NOW, keep: 10, limit: 30 })).toEqual({ removed: 11, more: false });
    expect(await store.trim('l', { now: NOW, keep: 10, limit: 30 })).toEqual({ removed: 0, more: false });
    const page = await store.read('l', null, 100);
    expect([page.entries.length, page.entries.at(-1)?.value, (await store.extent('l')).count]).toEqual([
      10,
      'once',
      10,
    ]);
    await store.erase('l', [{ cursor: page.cursor ?? '', value: 'gone' }]);
    expect((await store.last('l', 1)).entries[0]?.value).toBe('gone');
    expect(await store.collect(NOW + 10 * 86_400_000, 10)).toEqual({ removed: 1 });

    await run('CONFIG', 'SET', 'maxmemory', '0');
    expect(await examine(store, NOW)).toEqual([]);
    expect(await commit(append('more'))).toMatchObject({ status: 'committed' });
  });

  test.each([
    ['ERR DB capacity quota exceeded', 'store_full'],
    ['ERR max requests limit exceeded. Limit: 500000, Usage: 500000.', 'store_full'],
    ["NOPERM this user has no permissions to run the 'evalsha' command", 'invalid_config'],
    ['READONLY You can not write against a read only replica.', null],
  ])('Upstash says "%s": %s', async (said, code) => {
    const server = createServer((_, response) => response.writeHead(400).end(JSON.stringify({ error: said })));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    onTestFinished(() => void server.close());
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const opening = createRedisStore({ url, token: 't', app, log: () => {} });
    const committing = opening.then((opened) =>
      opened.commit([append('1')], { id: 'c', now: NOW, deadline: NOW + 5_000 }),
    );
    const cause = { message: expect.stringContaining(said) as string };
    if (code !== null) await expect(committing).rejects.toMatchObject({ code, ...cause });
    else expect(await committing).toMatchObject({ status: 'unknown', cause });
  });

  test('a disk that Redis cannot write to is a refusal with a name', async () => {
    await run('CONFIG', 'SET', 'save', '3600 1');
    await run('CONFIG', 'SET', 'dir', '/proc');
    await run('BGSAVE');
    await expect
      .poll(async () => String(await run('INFO', 'persistence')), { timeout: 5_000 })
      .toMatch(/rdb_last_bgsave_status:err/);
    await expect(commit(append('more'))).rejects.toMatchObject({
      code: 'store_full',
      message: expect.stringMatching(/cannot write to its disk.*MISCONF/),
    });
    await run('CONFIG', 'SET', 'save', '');
  });

  test('an eviction policy that changes while it runs is a finding that stops the store', async () => {
    expect(await examine(store, NOW)).toEqual([]);
    await run('CONFIG', 'SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await examine(store, NOW)).toMatchObject([
      {
        stops: true,
        error: {
          code: 'invalid_config',
          message: expect.stringContaining('allkeys-lru'),
          expected: expect.any(String),
        },
      },
    ]);
  });

  test('a stream key that vanished beside its hash: readers are told, the operator is told once, and all goes on', async () => {
    for (const n of ['1', '2', '3']) await commit(append(n));
    const before = (await store.read('l', null, 1)).cursor;
    await run('DEL', `{${app}}:e:l`);
    expect(await store.read('l', before, 10)).toMatchObject({ entries: [], truncated: true });
    expect(await store.last('l', 10)).toMatchObject({ entries: [], truncated: true });
    await commit(append('4'));
    const page = await store.read('l', before, 10);
    expect([page.entries.map(({ value }) => value), page.truncated]).toEqual([['4'], true]);
    // A page that lies in the hole as a whole goes on behind it, since a short page says that there is no more.
    expect(await store.read('l', null, 2)).toMatchObject({ entries: [{ value: '4' }], truncated: true });
    expect(await store.read('l', page.cursor, 10)).toMatchObject({ entries: [], truncated: false });
    expect((await store.last('l', 10)).entries.map(({ value }) => value)).toEqual(['4']);

    expect(await store.trim('l', { now: NOW, keep: 100, limit: 10 })).toEqual({ removed: 0, more: false });
    const gone = `entries of the log l are gone from the key {${app}}:e:l`;
    expect(await examine(store, NOW)).toMatchObject([
      { stops: false, error: { code: 'store_damaged', message: gone } },
    ]);
    expect(logged).toEqual([
      { level: 'error', message: gone, fields: expect.objectContaining({ code: 'store_damaged' }) },
    ]);

    await store.trim('l', { now: NOW, keep: 1, limit: 10 });
    expect(await examine(store, NOW)).toEqual([]);
    expect(await store.read('l', null, 10)).toMatchObject({ entries: [{ value: '4' }], truncated: false });
  });
});
