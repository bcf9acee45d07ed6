import { build } from 'esbuild';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { openFrom } from '../../../src/store/driver.ts';
import { memory } from '../../../src/store/drivers/memory-driver.ts';
import { redis } from '../../../src/store/redis/driver.ts';
import { requireService } from '../../services/available.ts';
import { startDynamo } from '../../services/dynamodb.ts';
import { startRedis } from '../../services/redis.ts';
import { startUpstash } from '../../services/upstash.ts';

const runtime = systemRuntime(() => {});

test.for(['memory', 'sqlite'] as const)('%s opens and answers', async (STORE) => {
  const folder = await mkdtemp(join(tmpdir(), 'open-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  const store = await openStore(readConfig({ STORE, SQLITE_PATH: join(folder, 'a.db') }, 'memory'), runtime, 'app');
  await store.ping();
  expect(store.name).toBe(STORE);
  await store.close();
});

describe.skipIf(!requireService('redis'))('redis (needs redis-server)', () => {
  test('opens and answers; two apps on one database do not meet', async () => {
    await using stack = new AsyncDisposableStack();
    const redis = await startRedis();
    stack.defer(() => redis.stop());
    const front = await startUpstash(redis.url);
    stack.defer(() => front.stop());
    const variables = { UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token };
    const config = readConfig(variables, 'redis');
    const [one, two] = [await openStore(config, runtime, 'one'), await openStore(config, runtime, 'two')];
    await one.add('n', 5, { now: 0, expiresAt: 10 });
    expect(await two.add('n', 1, { now: 0, expiresAt: 10 })).toBe(1);
    expect(await one.add('n', 1, { now: 0, expiresAt: 10 })).toBe(6);
  });
});

describe.skipIf(!requireService('dynamodb'))('dynamodb (needs java)', () => {
  test(
    'opens and answers; two apps on one table do not meet; a wrong variable is named',
    { timeout: 30_000 },
    async () => {
      await using stack = new AsyncDisposableStack();
      const dynamo = await startDynamo();
      stack.defer(() => dynamo.stop());
      const variables = {
        DYNAMODB_TABLE: dynamo.table,
        AWS_ENDPOINT_URL_DYNAMODB: dynamo.endpoint,
        AWS_REGION: dynamo.region,
        AWS_ACCESS_KEY_ID: dynamo.credentials.accessKeyId,
        AWS_SECRET_ACCESS_KEY: dynamo.credentials.secretAccessKey,
      };
      const open = (app: string, more: Record<string, string> = {}) =>
        openStore(readConfig({ ...variables, ...more }, 'dynamodb'), runtime, app);
      const [one, two] = [await open('one'), await open('two')];
      await one.ping();
      await one.add('n', 5, { now: 0, expiresAt: 10 });
      expect(await two.add('n', 1, { now: 0, expiresAt: 10 })).toBe(1);
      expect(await one.add('n', 1, { now: 0, expiresAt: 10 })).toBe(6);
      const wrong = await open('one', { DYNAMODB_TABLE: 'another' });
      await expect(wrong.ping()).rejects.toMatchObject({ code: 'invalid_config', field: 'DYNAMODB_TABLE' });
      const commit = wrong.commit([{ kind: 'append', log: 'l', entries: [1] }], { id: 'c', now: 0, deadline: 9_000 });
      await expect(commit).rejects.toMatchObject({ code: 'invalid_config', field: 'DYNAMODB_TABLE' });
    },
  );
});

test('a driver that the host is built without is told by the name of its variable', async () => {
  const config = readConfig({ STORE: 'sqlite' }, 'memory');
  await expect(openFrom([memory, redis], config, runtime, 'app')).rejects.toMatchObject({
    code: 'invalid_config',
    field: 'STORE',
    expected: expect.stringContaining('memory, redis'),
  });
});

test.each([':memory:', 'file:x.db', 'FILE:/data/x.db?mode=memory'])('SQLITE_PATH=%s is no file', (SQLITE_PATH) => {
  expect(() => readConfig({ STORE: 'sqlite', SQLITE_PATH }, 'memory')).toThrow(
    expect.objectContaining({ code: 'invalid_config', field: 'SQLITE_PATH' }),
  );
});

test('a SQLITE_PATH that cannot be used is named', async () => {
  const config = readConfig({ STORE: 'sqlite', SQLITE_PATH: '/nowhere/at/all.db' }, 'memory');
  await expect(openStore(config, runtime, 'app')).rejects.toMatchObject({
    code: 'invalid_config',
    field: 'SQLITE_PATH',
    message: expect.stringContaining('/nowhere/at/all.db'),
  });
});

test('a bundle for a platform without Node carries no node: import', async () => {
  const { metafile } = await build({
    entryPoints: ['src/store/drivers/open.ts'],
    bundle: true,
    write: false,
    metafile: true,
    format: 'esm',
    // As wrangler does.
    platform: 'browser',
    conditions: ['workerd', 'worker', 'browser'],
    logLevel: 'silent',
  });
  const [output] = Object.values(metafile.outputs);
  expect(output?.imports.filter((each) => each.path.startsWith('node:'))).toEqual([]);
  const inputs = Object.keys(metafile.inputs);
  expect(inputs).toContain('src/store/redis/store.ts');
  expect(inputs).toContain('src/store/dynamodb/store.ts');
  expect(inputs).not.toContain('src/store/sqlite/store.ts');
});
