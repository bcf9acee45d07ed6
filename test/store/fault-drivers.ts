/** Each driver behind faults of its own: what a process meets when its engine, or the way there, is failing. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TidegateError } from '../../src/base/errors.ts';
import { randomId, systemRuntime } from '../../src/base/runtime.ts';
import { createDynamodbStore } from '../../src/store/dynamodb/store.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { createRedisStore } from '../../src/store/redis/store.ts';
import { createSqliteStore } from '../../src/store/sqlite/store.ts';
import type { Store } from '../../src/store/store.ts';
import { weaken } from './weaknesses.ts';
import type { Service } from '../services/available.ts';
import { startDynamo } from '../services/dynamodb.ts';
import { startFaultProxy, type FaultAnswers, type FaultProxy } from '../services/fault-proxy.ts';
import { startRedis } from '../services/redis.ts';
import { startUpstash } from '../services/upstash.ts';

export interface FaultyDriver {
  store: Store;
  /** Between the store and its engine; null where the faults are the simulated ones of `weaknesses.ts`. */
  proxy: FaultProxy | null;
}

/** Opens a driver behind faults. It puts onto the stack what has to be closed. */
type Open = (random: () => number, stack: AsyncDisposableStack) => Promise<FaultyDriver>;

/** How often a request meets a fault. */
const PROBABILITY = 0.15;
/** As on Node: calls of one turn share a request, and its faults. */
const afterTurn = (call: () => void) => void setImmediate(call);
const SIMULATED = { unknown: PROBABILITY, staleDue: PROBABILITY, halfVisible: true };

export const FAULTY_DRIVERS: { name: string; needs: Service | null; open: Open }[] = [
  {
    name: 'memory',
    needs: null,
    open: async (random) => ({ store: weaken(createMemoryStore(), { random, ...SIMULATED }), proxy: null }),
  },
  {
    name: 'sqlite',
    needs: null,
    async open(random, stack) {
      const folder = await mkdtemp(join(tmpdir(), 'tidegate-faults-'));
      stack.defer(() => rm(folder, { recursive: true, force: true }));
      const store = createSqliteStore({ path: join(folder, 'store.db') });
      stack.defer(() => store.close());
      return { store: weaken(store, { random, ...SIMULATED }), proxy: null };
    },
  },
  {
    name: 'redis',
    needs: 'redis',
    async open(random, stack) {
      const redis = await startRedis();
      stack.defer(() => redis.stop());
      const front = await startUpstash(redis.url);
      stack.defer(() => front.stop());
      const proxy = await startFaultProxy(front.url);
      stack.defer(() => proxy.stop());
      const store = await createRedisStore({
        url: proxy.url,
        token: front.token,
        app: randomId(),
        log: () => {},
        afterTurn,
      });
      proxy.byChance(random, PROBABILITY);
      return { store, proxy };
    },
  },
  {
    name: 'dynamodb',
    needs: 'dynamodb',
    async open(random, stack) {
      const dynamo = await startDynamo();
      stack.defer(() => dynamo.stop());
      const proxy = await startFaultProxy(dynamo.endpoint, DYNAMODB_ANSWERS);
      stack.defer(() => proxy.stop());
      const clock = { ...systemRuntime(() => {}), afterTurn };
      const store = createDynamodbStore({ ...dynamo, endpoint: proxy.url, app: randomId(), clock });
      stack.defer(() => store.close());
      proxy.byChance(random, PROBABILITY);
      return { store, proxy };
    },
  },
];

export const DYNAMODB_ANSWERS: Required<FaultAnswers> = {
  failure: dynamodbError(500, 'com.amazonaws.dynamodb.v20120810#InternalServerError'),
  throttled: dynamodbError(400, 'com.amazonaws.dynamodb.v20120810#ThrottlingException'),
};

export function dynamodbError(status: number, type: string, message = 'try again') {
  return { status, type: 'application/x-amz-json-1.0', body: JSON.stringify({ __type: type, message }) };
}

/**
 * A view of the store that repeats calls while the store cannot be reached, as callers of a read do. After a conflict it
 * waits until no earlier try of the commit is under way: as `store.ts` says, a late try that only expects nulls could take
 * effect after others deleted what it conflicted with.
 */
export function patiently({ store, proxy }: FaultyDriver): Store {
  const patient = ASKED_AGAIN.map((name) => [name, again(store, name)] as const);
  return {
    ...store,
    ...(Object.fromEntries(patient) as Partial<Store>),
    async commit(operations, options) {
      const result = await store.commit(operations, options);
      if (result.status === 'conflict') await proxy?.release();
      return result;
    },
  };
}

const ASKED_AGAIN = ['get', 'getMany', 'list', 'due', 'read', 'last', 'seek', 'extent', 'trim', 'erase'] as const;
const MOST_TRIES = 100;

function again(store: Store, name: (typeof ASKED_AGAIN)[number]) {
  const ask = store[name] as (...args: unknown[]) => Promise<unknown>;
  return async (...args: unknown[]): Promise<unknown> => {
    for (let tries = 1; ; tries += 1) {
      try {
        return await ask.call(store, ...args);
      } catch (error) {
        if (!(error instanceof TidegateError && error.code === 'store_unavailable') || tries === MOST_TRIES)
          throw error;
      }
    }
  };
}
