/** An engine of its own whose data can be kept and put back, as a restore from a backup does: files and dumps, not the store's interface. */
import {
  type AttributeValue,
  DeleteItemCommand,
  DynamoDBClient,
  PutItemCommand,
  ScanCommand,
} from '@aws-sdk/client-dynamodb';
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connectRedis } from '../../infra/local/redis-connection.ts';
import { onFreePorts, startProcess } from '../../infra/local/server-process.ts';
import { startUpstash } from '../../infra/local/upstash.ts';
import { type Engine, type RunningEngine, startEngine } from './engine.ts';

export interface RestorableEngine extends RunningEngine {
  /** Whether a store may stay open during a restore, as that of a server far from the engine does. */
  outlived: boolean;
  /** Keeps what is there now. The call after it takes the place of what is kept. */
  save(): Promise<void>;
  /** Puts back what is kept. Nobody may write meanwhile; where the engine is not outlived, every store of it is closed before. */
  restore(): Promise<void>;
}

const START: Record<Engine, () => Promise<RestorableEngine>> = { sqlite, redis, dynamodb };

export function startRestorable(engine: Engine): Promise<RestorableEngine> {
  return START[engine]();
}

/** The file and its `-wal` are copied while the store is open. */
async function sqlite(): Promise<RestorableEngine> {
  const { environment, stop } = await startEngine('sqlite');
  const path = environment['SQLITE_PATH'] ?? '';
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-kept-'));
  const kept = join(folder, 'store.db');
  return {
    environment,
    outlived: false,
    async save() {
      for (const suffix of ['', '-wal']) cpSync(`${path}${suffix}`, `${kept}${suffix}`);
    },
    async restore() {
      for (const suffix of ['', '-wal', '-shm']) rmSync(`${path}${suffix}`, { force: true });
      for (const suffix of ['', '-wal']) cpSync(`${kept}${suffix}`, `${path}${suffix}`);
    },
    async stop() {
      await stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** `SAVE`, and a restart with that dump. */
async function redis(): Promise<RestorableEngine> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-redis-'));
  const [dump, kept] = [join(folder, 'dump.rdb'), join(folder, 'kept.rdb')];
  const startAt = (port: number) => {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', folder, '--save', '', '--appendonly', 'no'];
    return startProcess('redis-server', args, /Ready to accept connections/);
  };
  const { port, first } = await onFreePorts(1, async ([free = 0]) => ({ port: free, first: await startAt(free) }));
  const url = `redis://127.0.0.1:${port}`;
  const front = await startUpstash(url);
  let server = first;
  return {
    environment: { STORE: 'redis', UPSTASH_REDIS_REST_URL: front.url, UPSTASH_REDIS_REST_TOKEN: front.token },
    outlived: true,
    async save() {
      const direct = connectRedis(url);
      await direct.run([['SAVE']]);
      direct.close();
      cpSync(dump, kept);
    },
    async restore() {
      await server.stop();
      cpSync(kept, dump);
      server = await startAt(port);
    },
    async stop() {
      await front.stop();
      await server.stop();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Every item of the table is read, and later put back in the place of what is there. */
async function dynamodb(): Promise<RestorableEngine> {
  const { environment, stop } = await startEngine('dynamodb');
  const TableName = environment['DYNAMODB_TABLE'];
  const client = new DynamoDBClient({
    endpoint: environment['AWS_ENDPOINT_URL_DYNAMODB'],
    region: environment['AWS_REGION'],
    credentials: {
      accessKeyId: environment['AWS_ACCESS_KEY_ID'] ?? '',
      secretAccessKey: environment['AWS_SECRET_ACCESS_KEY'] ?? '',
    },
  });
  type Item = Record<string, AttributeValue>;
  async function all(): Promise<Map<string, Item>> {
    const found = new Map<string, Item>();
    for (let from: Item | undefined; ;) {
      const page = await client.send(new ScanCommand({ TableName, ConsistentRead: true, ExclusiveStartKey: from }));
      for (const item of page.Items ?? []) found.set(JSON.stringify(keyOf(item)), item);
      from = page.LastEvaluatedKey;
      if (from === undefined) return found;
    }
  }
  let kept = new Map<string, Item>();
  return {
    environment,
    outlived: true,
    async save() {
      kept = await all();
    },
    async restore() {
      for (const [key, item] of await all()) {
        if (!kept.has(key)) await client.send(new DeleteItemCommand({ TableName, Key: keyOf(item) }));
      }
      for (const Item of kept.values()) await client.send(new PutItemCommand({ TableName, Item }));
    },
    async stop() {
      client.destroy();
      await stop();
    },
  };
}

function keyOf({ pk, sk }: Record<string, AttributeValue>): Record<string, AttributeValue> {
  if (!pk || !sk) throw new Error('an item without its key');
  return { pk, sk };
}
