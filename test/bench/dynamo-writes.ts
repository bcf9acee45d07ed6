/** What an ingest into DynamoDB writes, counted on the wire: write requests, and the items in them by kind, for 100 events each. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { freePorts, startProcess } from '../../infra/local/server-process.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { ingest } from '../../src/feeds/run/run.ts';
import { onEngine } from './engines.ts';
import { ingestApp } from './ingest-app.ts';
import { print } from './print.ts';

const EVENTS = 20_000;
const WRITES = /^DynamoDB_\d+\.(TransactWriteItems|BatchWriteItem|PutItem|UpdateItem|DeleteItem)$/;

type Counts = Map<string, number>;

/** Passes requests on and counts them: `request:<kind>`, and `item:<kind>` for what each writes. */
async function startCountingProxy(target: string, counts: Counts) {
  const add = (name: string) => void counts.set(name, (counts.get(name) ?? 0) + 1);

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = Buffer.concat(await request.toArray());
    const operation = String(request.headers['x-amz-target']);
    add(WRITES.test(operation) ? 'request:write' : 'request:read');
    for (const kind of written(operation, body.toString())) add(`item:${kind}`);
    const { host: _, ...headers } = request.headers;
    const answer = await fetch(target, { method: 'POST', headers: headers as Record<string, string>, body });
    response.writeHead(answer.status, { 'content-type': 'application/x-amz-json-1.0' });
    response.end(Buffer.from(await answer.arrayBuffer()));
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    stop() {
      server.closeAllConnections();
      server.close();
    },
  };
}

/**
 * What each item is that a request writes: a part of the log, a commit's own, one of the projection (a latest event, or how
 * far they go), a feed's record, a publishers' fence.
 */
function written(operation: string, body: string): string[] {
  if (!operation.endsWith('.TransactWriteItems')) return WRITES.test(operation) ? ['other'] : [];
  const { TransactItems } = JSON.parse(body) as { TransactItems: Record<string, { Item?: { pk: { S: string } } }>[] };
  return TransactItems.flatMap(Object.values).map(({ Item }) => {
    const [, kind = '', name = ''] = Item?.pk.S.split('#') ?? [];
    if (kind === 'l') return 'segment';
    if (kind === 'c') return 'commit';
    if (name.startsWith('public/latest/') || name === 'public/position/latest') return 'projection';
    return name === 'public/feed' ? 'feed' : 'fence';
  });
}

export async function benchDynamoWrites(): Promise<void> {
  const [port = 0] = await freePorts(1);
  const file = join(import.meta.dirname, 'servers', 'ndjson.ts');
  const source = await startProcess(process.execPath, [file, String(port)], /listening/);
  try {
    await onEngine('dynamodb', async (environment) => {
      const counts: Counts = new Map();
      const proxy = await startCountingProxy(environment['AWS_ENDPOINT_URL_DYNAMODB'] ?? '', counts);
      const runtime = nodeRuntime(() => {});
      const app = ingestApp({ ndjson: `http://127.0.0.1:${port}/${EVENTS}` });
      const config = readConfig({ ...environment, AWS_ENDPOINT_URL_DYNAMODB: proxy.url }, 'sqlite');
      const store = await openStore(config, runtime, app.name);
      try {
        const { feeds } = await ingest({ app, store, runtime }, runtime.now() + 120_000);
        if (feeds[0]?.events !== EVENTS) throw new Error(`${feeds[0]?.events} events of ${EVENTS}`);
        /** Of all counts whose names begin so. */
        const per = (prefix: string) => {
          const named = [...counts].filter(([name]) => name.startsWith(prefix));
          return (named.reduce((sum, [, count]) => sum + count, 0) / EVENTS) * 100;
        };
        print(`DynamoDB, for 100 events of an ingest of ${EVENTS} over 100 keys`, [
          ['items of the log', per('item:segment').toFixed(2)],
          ['the record of the feed: lease, position, counts', per('item:feed').toFixed(3)],
          ['the fence between the feed and who publishes', per('item:fence').toFixed(3)],
          ['what remembers commits', per('item:commit').toFixed(3)],
          ['all items but the projection', (per('item:') - per('item:projection')).toFixed(2), '≤ 1.00'],
          ['items of the projection: latest by key, its position', per('item:projection').toFixed(2)],
          ['write requests', per('request:write').toFixed(2), '≤ 1.00'],
          ['read requests', per('request:read').toFixed(2)],
        ]);
      } finally {
        await store.close();
        proxy.stop();
      }
    });
  } finally {
    await source.stop();
  }
}
