/** Stores whose engines tell what they would bill: Redis by its own count of commands, DynamoDB by the units of its answers. */
import type { IncomingHttpHeaders } from 'node:http';
import { connectRedis } from '../../infra/local/redis-connection.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { startDynamo } from '../services/dynamodb.ts';
import { startRedis } from '../services/redis.ts';
import { startUpstash } from '../services/upstash.ts';
import { startMeterProxy } from './meter-proxy.ts';
import { NOTHING, type Spent } from './spent.ts';

export interface MeteredStore {
  store: Store;
  /** What the engine was asked since it was opened. */
  spent(): Promise<Spent>;
  stop(): Promise<void>;
}

export const ENGINES = { memory: meteredMemory, redis: meteredRedis, dynamodb: meteredDynamo } as const;
export type EngineName = keyof typeof ENGINES;

async function meteredMemory(): Promise<MeteredStore> {
  const store = createMemoryStore();
  return { store, spent: async () => NOTHING, stop: () => store.close() };
}

/** What the meter itself asks of Redis. */
const OF_METER = new Set(['info', 'config|get', 'config|resetstat']);

async function meteredRedis(): Promise<MeteredStore> {
  const redis = await startRedis();
  const front = await startUpstash(redis.url);
  const proxy = await startMeterProxy(front.url);
  const engine = connectRedis(redis.url);
  const store = await open('redis', { UPSTASH_REDIS_REST_URL: proxy.url, UPSTASH_REDIS_REST_TOKEN: front.token });
  return {
    store,
    async spent() {
      const [reply] = await engine.run([['INFO', 'commandstats']]);
      const text = Buffer.isBuffer(reply) ? reply.toString() : '';
      const counts = [...text.matchAll(/^cmdstat_([^:]+):calls=(\d+)/gm)];
      const commands = counts.filter(([, name = '']) => !OF_METER.has(name));
      const redisCommands = commands.reduce((sum, [, , calls]) => sum + Number(calls), 0);
      return { ...NOTHING, redisCommands, redisBytes: proxy.bytes() };
    },
    async stop() {
      await store.close();
      await proxy.stop();
      engine.close();
      await front.stop();
      await redis.stop();
    },
  };
}

/** Whether a request of this kind is billed in write units, also one that is refused. */
function isWriting(request: IncomingHttpHeaders): boolean {
  return /\.(TransactWriteItems|BatchWriteItem|PutItem|UpdateItem|DeleteItem)$/.test(String(request['x-amz-target']));
}

interface Capacity {
  CapacityUnits?: number;
}

async function meteredDynamo(): Promise<MeteredStore> {
  const dynamo = await startDynamo();
  let readUnits = 0;
  let writeUnits = 0;
  const proxy = await startMeterProxy(dynamo.endpoint, {
    request(body) {
      const asked = JSON.parse(body) as object;
      return JSON.stringify({ ...asked, ReturnConsumedCapacity: 'TOTAL' });
    },
    answer(body, request) {
      const { ConsumedCapacity } = JSON.parse(body) as { ConsumedCapacity?: Capacity | Capacity[] };
      const units = [ConsumedCapacity ?? []].flat().reduce((sum, { CapacityUnits = 0 }) => sum + CapacityUnits, 0);
      if (isWriting(request)) writeUnits += units;
      else readUnits += units;
    },
  });
  const store = await open('dynamodb', {
    DYNAMODB_TABLE: dynamo.table,
    AWS_ENDPOINT_URL_DYNAMODB: proxy.url,
    AWS_REGION: dynamo.region,
    AWS_ACCESS_KEY_ID: dynamo.credentials.accessKeyId,
    AWS_SECRET_ACCESS_KEY: dynamo.credentials.secretAccessKey,
  });
  return {
    store,
    spent: async () => ({ ...NOTHING, readUnits, writeUnits, dynamoRequests: proxy.requests() }),
    async stop() {
      await store.close();
      await proxy.stop();
      await dynamo.stop();
    },
  };
}

function open(name: string, environment: Record<string, string>): Promise<Store> {
  return openStore(
    readConfig({ STORE: name, ...environment }, name),
    systemRuntime(() => {}),
    'cost',
  );
}
