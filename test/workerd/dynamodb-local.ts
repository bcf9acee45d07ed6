/** Vitest's global setup of the workerd project: it runs in Node, and lends a DynamoDB Local to the tests inside workerd. */
import type { TestProject } from 'vitest/node';
import { requireService } from '../services/available.ts';
import { startDynamo, type RunningDynamo } from '../services/dynamodb.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Null where this machine has no java. */
    dynamo: Pick<RunningDynamo, 'table' | 'endpoint' | 'region' | 'credentials'> | null;
  }
}

export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  if (!requireService('dynamodb')) {
    project.provide('dynamo', null);
    return async () => {};
  }
  const dynamo = await startDynamo();
  const { table, endpoint, region, credentials } = dynamo;
  project.provide('dynamo', { table, endpoint, region, credentials });
  return () => dynamo.stop();
}
