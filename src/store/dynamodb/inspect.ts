/**
 * How the table is set up, for `tidegate doctor`: keys, index, billing, time to live, backups. Whoever may not ask is told which right
 * that needs; serving does not need it. It changes nothing.
 */
import {
  DescribeContinuousBackupsCommand,
  DescribeTableCommand,
  DescribeTimeToLiveCommand,
  type TableDescription,
} from '@aws-sdk/client-dynamodb';
import { asTidegateError } from '../../base/errors.ts';
import type { EngineFact, Inspecting } from '../driver.ts';
import { createDynamoClient, type DynamoClient } from './client.ts';
import { accessOf } from './driver.ts';
import { DYNAMODB_TABLE } from './table.ts';

const ASKED_MS = 5_000;

export async function inspectTable(
  values: Parameters<typeof accessOf>[0] | Record<string, unknown>,
  { runtime, tellClock }: Inspecting,
): Promise<EngineFact[]> {
  const access = accessOf(values as Parameters<typeof accessOf>[0]);
  const client = createDynamoClient(access, runtime, ASKED_MS);
  try {
    const asked = { TableName: access.table };
    const facts = [
      ...(await asFacts('dynamodb:DescribeTable', async () => {
        const { Table } = await client.send((dynamo, options) => dynamo.send(new DescribeTableCommand(asked), options));
        return Table === undefined ? [] : tableFacts(Table);
      })),
      ...(await asFacts('dynamodb:DescribeTimeToLive', () => timeToLive(client, asked))),
      ...(await asFacts('dynamodb:DescribeContinuousBackups', () => backups(client, asked))),
    ];
    await lookAtClock();
    return facts;
  } finally {
    client.close();
  }

  /** Each answer of AWS is dated. */
  async function lookAtClock(): Promise<void> {
    const region = access.region ?? 'us-east-1';
    const askedAt = runtime.now();
    const url = access.endpoint ?? `https://dynamodb.${region}.amazonaws.com/ping`;
    const response = await runtime.fetch(url, { signal: AbortSignal.timeout(ASKED_MS) }).catch(() => null);
    await response?.body?.cancel();
    const dated = Date.parse(response?.headers.get('date') ?? '');
    if (Number.isFinite(dated)) tellClock('DynamoDB', dated + 500 - (askedAt + runtime.now()) / 2);
  }
}

async function asFacts(right: string, look: () => Promise<EngineFact[]>): Promise<EngineFact[]> {
  try {
    return await look();
  } catch (thrown) {
    const isDenied = thrown instanceof Error && /AccessDenied/.test(thrown.name);
    const what = isDenied
      ? `may not be asked without ${right}`
      : `${right} answered: ${asTidegateError(thrown).message}`;
    return [{ status: 'skip', what }];
  }
}

/** @param table as DescribeTable answers it */
export function tableFacts(table: TableDescription): EngineFact[] {
  const { partitionKey, sortKey, dueIndex } = DYNAMODB_TABLE;
  const facts: EngineFact[] = [];
  const keys = keysOf(table.KeySchema);
  const wanted = `${partitionKey.name} ${sortKey.name}`;
  if (keys === wanted) facts.push({ status: 'ok', what: `the table has the keys ${wanted}` });
  else
    facts.push({
      status: 'fail',
      what: `the table has the keys ${keys}`,
      fix: `one with ${wanted}, as tidegate deploy aws makes it`,
    });
  const index = table.GlobalSecondaryIndexes?.find(({ IndexName }) => IndexName === dueIndex.name);
  if (index === undefined) {
    facts.push({
      status: 'fail',
      what: `it has no index ${dueIndex.name}`,
      why: 'nothing becomes due without it',
      fix: 'add it',
    });
  } else if (index.IndexStatus !== 'ACTIVE') {
    facts.push({ status: 'warn', what: `its index ${dueIndex.name} is ${index.IndexStatus ?? 'not told'}` });
  } else if (keysOf(index.KeySchema) !== `${dueIndex.partitionKey.name} ${dueIndex.sortKey.name}`) {
    facts.push({ status: 'fail', what: `its index ${dueIndex.name} has other keys: ${keysOf(index.KeySchema)}` });
  }
  const billing = table.BillingModeSummary?.BillingMode ?? 'PROVISIONED';
  if (billing === DYNAMODB_TABLE.billingMode) facts.push({ status: 'ok', what: 'it is paid by the request' });
  else {
    const fix = 'billing mode PAY_PER_REQUEST, or as much capacity as bursts take';
    facts.push({ status: 'warn', what: 'its capacity is provisioned: bursts above it are throttled', fix });
  }
  if (table.DeletionProtectionEnabled === false) {
    facts.push({ status: 'warn', what: 'it may be deleted by one call', fix: 'turn deletion protection on' });
  }
  return facts;
}

const keysOf = (schema: TableDescription['KeySchema']) =>
  (schema ?? []).map(({ AttributeName }) => AttributeName).join(' ');

async function timeToLive(client: DynamoClient, asked: { TableName: string }): Promise<EngineFact[]> {
  const answer = await client.send((dynamo, options) => dynamo.send(new DescribeTimeToLiveCommand(asked), options));
  const { TimeToLiveStatus: status, AttributeName: name } = answer.TimeToLiveDescription ?? {};
  const { ttlAttribute } = DYNAMODB_TABLE;
  if (status?.startsWith('ENABL') && name === ttlAttribute) return [{ status: 'ok', what: 'what expired is removed' }];
  const found = name === undefined || name === ttlAttribute ? 'off' : `on for ${name}`;
  return [
    {
      status: 'warn',
      what: `time to live is ${found}: what expired is kept and paid for`,
      fix: `turn it on for ${ttlAttribute}`,
    },
  ];
}

async function backups(client: DynamoClient, asked: { TableName: string }): Promise<EngineFact[]> {
  const answer = await client.send((dynamo, options) =>
    dynamo.send(new DescribeContinuousBackupsCommand(asked), options),
  );
  const { PointInTimeRecoveryDescription: recovery } = answer.ContinuousBackupsDescription ?? {};
  if (recovery?.PointInTimeRecoveryStatus === 'ENABLED')
    return [{ status: 'ok', what: 'it can be put back to any second' }];
  return [{ status: 'warn', what: 'it cannot be put back to an earlier state', fix: 'turn point-in-time recovery on' }];
}
