/**
 * DynamoDB Local for tests. Within a run of the tests it is the one that all files share, with a table of the caller's own;
 * a program that runs by itself has one of its own, as in development.
 */
import { DeleteTableCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { randomUUID } from 'node:crypto';
import { createTable, type RunningDynamo, startDynamo as startOwnDynamo } from '../../infra/local/dynamodb.ts';
import { LENDER, type LentDynamo } from './shared-dynamo.ts';

export { createTable, startOwnDynamo, type RunningDynamo };

/** To stop it removes the table, and ends the server only where the caller has it alone. */
export async function startDynamo(): Promise<RunningDynamo> {
  const lender = process.env[LENDER];
  if (lender === undefined) return startOwnDynamo();
  const response = await fetch(lender);
  if (!response.ok) throw new Error(`DynamoDB Local did not start: ${await response.text()}`);
  const access = (await response.json()) as LentDynamo;
  const table = `tidegate-${randomUUID()}`;
  await createTable(access, table);
  return {
    ...access,
    table,
    async stop() {
      const client = new DynamoDBClient(access);
      await client.send(new DeleteTableCommand({ TableName: table }));
      client.destroy();
    },
  };
}
