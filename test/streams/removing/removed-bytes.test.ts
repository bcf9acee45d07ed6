/** What is removed is not in what the engines keep: their files and items are searched as bytes, before and after. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateRawSync } from 'node:zlib';
import { DynamoDBClient, ScanCommand } from '@aws-sdk/client-dynamodb';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { defineApp } from '../../../src/declare/check/define-app.ts';
import { stream } from '../../../src/declare/stream.ts';
import { createTestApp } from '../../../src/hosts/testing/test-app.ts';
import { createDynamodbStore } from '../../../src/store/dynamodb/store.ts';
import { createRedisStore } from '../../../src/store/redis/store.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { requireService } from '../../services/available.ts';
import { startDynamo } from '../../services/dynamodb.ts';
import { startRedis } from '../../services/redis.ts';
import { startUpstash } from '../../services/upstash.ts';

const AT = Date.UTC(2026, 4, 1);
const app = defineApp({
  name: 'bytes',
  version: '1.0.0',
  description: 'One stream',
  streams: {
    visits: stream({
      description: 'visits',
      schema: z.object({ id: z.string(), door: z.string(), note: z.string() }),
      key: 'door',
      id: 'id',
    }),
  },
});

const SECRETS = ['jane.doe-visit', 'she-came-by-the-back-door', 'door-of-jane'];

/** @param bytes all that the engine keeps */
async function removesAll(store: Store, bytes: () => Promise<Buffer>): Promise<void> {
  const { streams, sweep, advance } = createTestApp(app, { store, at: AT });
  const found = async () => {
    const kept = await bytes();
    return SECRETS.filter((secret) => kept.includes(secret));
  };
  const fill = async (from: number, to: number) => {
    for (let n = from; n < to; n += 1) await streams.append('visits', { id: `v${n}`, door: 'front', note: `n${n}` });
  };
  await fill(0, 40);
  await streams.append('visits', { id: SECRETS[0] ?? '', door: 'front', note: `${SECRETS[1]}` });
  await streams.append('visits', { id: 'v40', door: SECRETS[2] ?? '', note: 'x'.repeat(3_000) });
  await fill(41, 60);
  expect(await found()).toEqual(SECRETS);
  await streams.remove('visits', { id: SECRETS[0] ?? '' });
  await streams.remove('visits', { key: SECRETS[2] ?? '' });
  await advance(61_000);
  await sweep();
  expect(await found()).toEqual([]);
  expect((await bytes()).includes('n59')).toBe(true);
  expect((await streams.last('visits', 100)).events.filter(({ meta }) => !meta?.gap)).toHaveLength(59);
}

test('sqlite: the file and its write-ahead log', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-bytes-'));
  const store = createSqliteStore({ path: join(folder, 'store.db') });
  try {
    await removesAll(store, async () => {
      const names = await readdir(folder);
      return Buffer.concat(await Promise.all(names.map((name) => readFile(join(folder, name)))));
    });
  } finally {
    await store.close();
    await rm(folder, { recursive: true });
  }
});

const servers = requireService('redis') && requireService('dynamodb');

describe.skipIf(!servers)('engines with a server (need redis-server and java)', () => {
  test('redis: its own dump of the memory', { timeout: 60_000 }, async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-bytes-'));
    const redis = await startRedis(['--dir', folder, '--rdbcompression', 'no']);
    const front = await startUpstash(redis.url);
    try {
      const store = await createRedisStore({ url: front.url, token: front.token, app: app.name, log: () => {} });
      await removesAll(store, async () => {
        await save(redis.port);
        return readFile(join(folder, 'dump.rdb'));
      });
    } finally {
      await front.stop();
      await redis.stop();
      await rm(folder, { recursive: true });
    }
  });

  test('dynamodb: all items, inflated', { timeout: 60_000 }, async () => {
    const dynamo = await startDynamo();
    const client = new DynamoDBClient(dynamo);
    try {
      const store = createDynamodbStore({ ...dynamo, app: app.name, clock: systemRuntime(() => {}) });
      await removesAll(store, async () => {
        const { Items = [] } = await client.send(new ScanCommand({ TableName: dynamo.table, ConsistentRead: true }));
        const inflated = Items.flatMap(({ d }) => (d?.B ? [inflateRawSync(d.B)] : []));
        return Buffer.concat([Buffer.from(JSON.stringify(Items)), ...inflated]);
      });
      await store.close();
    } finally {
      client.destroy();
      await dynamo.stop();
    }
  });
});

/** Has Redis write all that it keeps to `dump.rdb`. */
function save(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('SAVE\r\n'));
    socket.once('error', reject);
    socket.once('data', (answer) => {
      socket.destroy();
      if (answer.toString().startsWith('+OK')) resolve();
      else reject(new Error(answer.toString()));
    });
  });
}
