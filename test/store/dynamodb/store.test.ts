import { afterAll, beforeAll, describe } from 'vitest';
import { randomId, systemRuntime } from '../../../src/base/runtime.ts';
import { createDynamodbStore } from '../../../src/store/dynamodb/store.ts';
import { requireService } from '../../services/available.ts';
import { startDynamo, type RunningDynamo } from '../../services/dynamodb.ts';
import { storeContract } from '../../../src/store/contract/suite.ts';

describe.skipIf(!requireService('dynamodb'))('dynamodb (needs java)', () => {
  let dynamo: RunningDynamo;

  beforeAll(async () => {
    dynamo = await startDynamo();
  }, 30_000);
  afterAll(() => dynamo.stop());

  storeContract('dynamodb', {
    async open() {
      const options = { ...dynamo, app: `test-${randomId()}`, clock: systemRuntime(() => {}) };
      const [store, second] = [createDynamodbStore(options), createDynamodbStore(options)];
      return {
        store,
        second,
        reopen: async () => createDynamodbStore(options),
        async close() {
          await store.close();
          await second.close();
        },
      };
    },
  });

  storeContract('dynamodb, where reads of one turn share a request', {
    // The other parts read no records beside each other.
    parts: ['records', 'due queues', 'races', 'against the specification'],
    async open() {
      const clock = systemRuntime(() => {});
      const options = { ...dynamo, app: `test-${randomId()}`, clock };
      const ofAll = { ...options, clock: { ...clock, afterTurn: (call: () => void) => void setImmediate(call) } };
      const [store, other] = [createDynamodbStore(ofAll), createDynamodbStore(options)];
      return {
        store,
        second: other.observed?.(() => {}) ?? other,
        reopen: async () => createDynamodbStore(ofAll),
        async close() {
          await store.close();
          await other.close();
        },
      };
    },
  });
});
