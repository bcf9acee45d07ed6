/** A DynamoDB Local behind a proxy, a store of its own for each test, and short forms of operations. */
import { DynamoDBClient, QueryCommand, type AttributeValue } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, beforeEach } from 'vitest';
import { randomId, systemRuntime } from '../../../src/base/runtime.ts';
import { createDynamodbStore, type DynamodbOptions } from '../../../src/store/dynamodb/store.ts';
import type { Operation, Store } from '../../../src/store/store.ts';
import { startDynamo, type RunningDynamo } from '../../services/dynamodb.ts';
import { startFaultProxy, type FaultProxy } from '../../services/fault-proxy.ts';
import { DYNAMODB_ANSWERS } from '../fault-drivers.ts';

export const NOW = 1_000_000;
export const DAY = 86_400_000;
/** How often a repeatable request is sent in all when its connection breaks each time. */
export const WITH_REPETITIONS = 4;
export const options = (id: string, now = NOW, leftMs = 5_000) => ({ id, now, deadline: now + leftMs });
export const append = (entries: readonly (string | number)[] = [1], log = 'l'): Operation => ({
  kind: 'append',
  log,
  entries,
});
export const put = (id: string, more: Partial<Extract<Operation, { kind: 'put' }>> = {}): Operation => ({
  kind: 'put',
  partition: 'p',
  id,
  value: 1,
  expects: null,
  ...more,
});

/** To be called inside `describe`: what it starts lives as long as its tests. */
export function useDynamo() {
  let dynamo: RunningDynamo;
  let proxy: FaultProxy;
  let client: DynamoDBClient;
  let app: string;
  let store: Store;

  beforeAll(async () => {
    dynamo = await startDynamo();
    proxy = await startFaultProxy(dynamo.endpoint, { throttled: DYNAMODB_ANSWERS.throttled });
    client = new DynamoDBClient(dynamo);
  }, 30_000);
  afterAll(async () => {
    client.destroy();
    await proxy.stop();
    await dynamo.stop();
  });
  beforeEach(() => {
    app = `test-${randomId()}`;
    store = open();
  });

  /** A store of the same app. */
  function open(more: Partial<DynamodbOptions> = {}): Store {
    const clock = systemRuntime(() => {});
    return createDynamodbStore({ ...dynamo, endpoint: proxy.url, app, clock, ...more });
  }

  /** How many requests reach the engine through the proxy. */
  async function requests(work: () => Promise<unknown>): Promise<number> {
    const before = proxy.arrived();
    await work();
    return proxy.arrived() - before;
  }

  /** What the table holds under `<app>#<kind>`. */
  async function items(kind: string): Promise<Record<string, AttributeValue>[]> {
    const found = await client.send(
      new QueryCommand({
        TableName: dynamo.table,
        KeyConditionExpression: 'pk = :pk',
        ExpressionAttributeValues: { ':pk': { S: `${app}#${kind}` } },
      }),
    );
    return found.Items ?? [];
  }

  /** The engine, the proxy and the store of the current test. */
  const current = () => ({ dynamo, proxy, store });
  /** A client that does not go through the proxy. */
  const direct = () => client;
  return { current, direct, open, requests, items };
}
