/**
 * An app that leaves behind whatever an app can leave, and the raw names that then stand in its engine: read past the
 * drivers, from the file, the server and the table themselves.
 */
import { DynamoDBClient, ScanCommand, type ScanCommandOutput } from '@aws-sdk/client-dynamodb';
import { DatabaseSync } from 'node:sqlite';
import * as z from 'zod';
import { connectRedis } from '../../infra/local/redis-connection.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { createSealer } from '../../src/base/seal.ts';
import { createRounds } from '../../src/mcp/asking/rounds.ts';
import { createKeptMessages } from '../../src/mcp/sessions/kept-messages.ts';
import { createSessionHints } from '../../src/mcp/sessions/session-hints.ts';
import { createSessions } from '../../src/mcp/sessions/sessions.ts';
import { SECRETS } from '../calls/states.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { defineApp, pull, stream } from '../../src/index.ts';
import { ingest, sweep } from '../../src/schedule.ts';
import { commitSurely } from '../../src/store/commit.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { publishMany } from '../../src/streams/log/publish-many.ts';
import { scopeOfLogs } from '../../src/streams/scope.ts';
import type { Deps } from '../../src/streams/deps.ts';
import { type RunningEngine } from '../services/engine.ts';
import { driveDeliveries } from './stored-deliveries.ts';
import { driveDoctor } from './stored-doctor.ts';
import { driveTriggers, triggers } from './stored-events.ts';
import { driveHttpTools } from './stored-http.ts';
import { driveRestore } from './stored-restore.ts';
import { driveTasks, tasks } from './stored-tasks.ts';

export const APP = 'stored';

const Reading = z.object({ id: z.string(), sensor: z.string(), celsius: z.number() });

const app = defineApp({
  name: APP,
  version: '1',
  description: 'Readings, some of them wrong',
  tasks,
  triggers,
  streams: {
    rooms: stream({
      description: 'Of each tenant',
      schema: z.object({ room: z.string() }),
      key: 'room',
      tenants: 'each',
    }),
    readings: stream({
      description: 'Temperatures',
      schema: Reading,
      id: 'id',
      key: 'sensor',
      retention: { events: 50 },
      dedupe: 10,
      feed: pull({
        pull: () =>
          Promise.resolve({
            items: Array.from({ length: 301 }, (_, n) => ({ id: `r${n}`, sensor: 's', celsius: n === 0 ? 'hot' : n })),
            position: 301,
          }),
      }),
    }),
  },
});

/** Bursts, publishes and sweeps, so that every kind of name that an app has is there. */
export async function drive({ environment }: RunningEngine): Promise<void> {
  const runtime = nodeRuntime(() => {});
  const store = await openStore(readConfig(environment, 'sqlite'), runtime, APP);
  const deps: Deps = { app, store, runtime };
  try {
    const { feeds } = await ingest(deps, runtime.now() + 20_000);
    if (feeds[0]?.events !== 300 || feeds[0].deadLetters !== 1) throw new Error(JSON.stringify(feeds));
    await createAppStreams(deps, PUBLIC).append('readings', { id: 'published', sensor: 't', celsius: 1 });
    await createAppStreams(deps, PUBLIC).append('rooms', { room: 'a' });
    await driveTasks(deps, 'readings');
    await driveTriggers(deps);
    await driveDeliveries(deps);
    await driveHttpTools(deps);
    await driveSession(deps);
    const swept = await sweep(deps, runtime.now() + 20_000);
    if (swept.error !== null || swept.events['readings'] !== 313) throw new Error(JSON.stringify(swept));
    await createAppStreams(deps, PUBLIC).remove('readings', { id: 'published' });
    await removeLongKeys(deps);
    await driveRestore(deps);
    await driveDoctor(deps);
  } finally {
    await store.close();
  }
}

/** Sets the level of log messages of a session, asks its client, and keeps a message of a stream of it. */
async function driveSession({ runtime, store }: Deps): Promise<void> {
  const sessions = createSessions(runtime, createSealer(SECRETS, 'stored'));
  const call = { principal: PUBLIC, account: { store }, deadline: runtime.now() + 20_000 };
  const facts = await sessions.open(await sessions.begin({}, '2025-11-25', PUBLIC), PUBLIC);
  const session = facts && (await sessions.read(facts, call));
  if (session === null || !(await sessions.change(session, (kept) => ({ ...kept, level: 'error' }), call)))
    throw new Error('no session');
  const required = {
    resultType: 'input_required' as const,
    inputRequests: { who: { method: 'elicitation/create' as const, params: { message: 'Who?' } } },
    requestState: 'sealed',
  };
  const round = { request: { id: 1, method: 'tools/call', version: '2025-11-25' }, params: {}, required, until: 0 };
  const place = { session: session.id, stream: runtime.newId() };
  const { operations } = await createRounds(runtime).prepare(place, round, null, call);
  await commitSurely(runtime, store, operations, call.deadline);
  const kept = createKeptMessages(runtime, createSessionHints(runtime));
  await kept.keep(session.id, runtime.newId(), [{ jsonrpc: '2.0', id: 1, result: {} }], call);
}

/** Removes the latest events of more keys than the record of removals has room for: their names are long. */
async function removeLongKeys(deps: Deps): Promise<void> {
  const stream = app.streams.get('readings');
  if (stream === undefined) throw new Error('no stream');
  const from = deps.runtime.now();
  const data = Array.from({ length: 200 }, (_, n) => ({
    id: `long ${n}`,
    sensor: `${n}`.padStart(250, '-'),
    celsius: 1,
  }));
  await publishMany(
    scopeOfLogs(deps, PUBLIC),
    stream,
    data.map((reading) => ({ data: reading, place: 'body' })),
    { once: null, deadline: from + 20_000 },
  );
  await createAppStreams(deps, PUBLIC).remove('readings', { from });
}

/** Tables with rows in them, and the names of records and logs. */
export function sqliteNames({ environment }: RunningEngine): { tables: string[]; records: string[]; logs: string[] } {
  const database = new DatabaseSync(environment['SQLITE_PATH'] ?? '', { readOnly: true });
  const column = (sql: string) =>
    database
      .prepare(sql)
      .all()
      .map((row) => String(row['name']));
  try {
    const all = column("SELECT name FROM sqlite_master WHERE type = 'table'");
    const tables = all.filter((name) => column(`SELECT 1 AS name FROM ${name} LIMIT 1`).length > 0);
    const records = column("SELECT partition || ' ' || id AS name FROM records");
    return { tables, records, logs: column('SELECT name FROM logs') };
  } finally {
    database.close();
  }
}

/** All keys of the server. @param url of the server itself, behind the REST front */
export async function redisNames(url: string): Promise<string[]> {
  const connection = connectRedis(url);
  try {
    const [reply] = await connection.run([['KEYS', '*']]);
    return Array.isArray(reply) ? reply.map(String) : [];
  } finally {
    connection.close();
  }
}

/** Both keys of each item. */
export async function dynamoNames({ environment }: RunningEngine): Promise<string[]> {
  const client = new DynamoDBClient({
    endpoint: environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '',
    region: environment['AWS_REGION'] ?? '',
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
  });
  const names: string[] = [];
  let last: ScanCommandOutput['LastEvaluatedKey'];
  do {
    const page: ScanCommandOutput = await client.send(
      new ScanCommand({
        TableName: environment['DYNAMODB_TABLE'] ?? '',
        ...(last === undefined ? {} : { ExclusiveStartKey: last }),
      }),
    );
    names.push(...(page.Items ?? []).map(({ pk, sk }) => `${pk?.S} + ${sk?.S}`));
    last = page.LastEvaluatedKey;
  } while (last !== undefined);
  client.destroy();
  return names;
}
