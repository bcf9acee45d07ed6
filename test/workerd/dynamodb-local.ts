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
  const { stop, ...dynamo } = await startDynamo();
  project.provide('dynamo', dynamo);
  return stop;
}
