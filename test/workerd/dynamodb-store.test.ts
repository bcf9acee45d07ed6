import { describe, inject } from 'vitest';
import { randomId, systemRuntime } from '../../src/base/runtime.ts';
import { createDynamodbStore } from '../../src/store/dynamodb/store.ts';
import { storeContract } from '../../src/store/contract/suite.ts';

const dynamo = inject('dynamo');

describe.skipIf(dynamo === null)('in workerd (needs java)', () => {
  storeContract('dynamodb in workerd', {
    parts: ['commits', 'trimming', 'against the specification'],
    async open() {
      const { table = '', ...access } = { endpoint: null, region: null, credentials: null, ...dynamo };
      const options = { ...access, table, app: `workerd-${randomId()}`, clock: systemRuntime(() => {}) };
      const reopen = async () => createDynamodbStore(options);
      return { store: await reopen(), second: await reopen(), reopen, close: async () => {} };
    },
  });
});
