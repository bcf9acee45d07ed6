/**
 * An engine that speaks DynamoDB's protocol and answers as a test says: for what DynamoDB Local never answers, and to
 * see what is asked.
 */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createDynamodbStore, type DynamodbOptions } from '../../../src/store/dynamodb/store.ts';
import type { Store } from '../../../src/store/store.ts';

export interface Asked {
  /** `GetItem`, `Query`, … */
  operation: string;
  input: Record<string, unknown>;
  /** When it was signed, as the header says it. */
  signedAt: string;
}

/** `break`: the connection ends without an answer. `hang`: it never answers. */
export type Scripted = { body: object } | { error: string; more?: object; date?: Date } | 'break' | 'hang';

export interface ScriptedDynamo {
  store: Store;
  /** All requests so far. */
  asked: Asked[];
}

/** @param answer what each request is answered; `count` is how many came before it. */
export async function scriptedDynamo(
  answer: (asked: Asked, count: number) => Scripted,
  options: Partial<DynamodbOptions> = {},
): Promise<ScriptedDynamo> {
  const asked: Asked[] = [];

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const input = JSON.parse(Buffer.concat(await request.toArray()).toString()) as Record<string, unknown>;
    const operation = String(request.headers['x-amz-target']).replace(/^.*\./, '');
    const each = { operation, input, signedAt: String(request.headers['x-amz-date']) };
    const scripted = answer(each, asked.length);
    asked.push(each);
    if (scripted === 'hang') return;
    if (scripted === 'break') return void response.destroy();
    const failed = 'error' in scripted;
    const body = failed
      ? { __type: `com.amazonaws.dynamodb.v20120810#${scripted.error}`, ...scripted.more }
      : scripted.body;
    if (failed && scripted.date) response.setHeader('date', scripted.date.toUTCString());
    response.writeHead(failed ? 400 : 200, { 'content-type': 'application/x-amz-json-1.0' }).end(JSON.stringify(body));
  }

  const server = createServer((request, response) => void handle(request, response).catch(() => response.destroy()));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const store = createDynamodbStore({
    table: 'scripted',
    region: 'local',
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    credentials: { accessKeyId: 'local', secretAccessKey: 'local' },
    app: 'app',
    clock: systemRuntime(() => {}),
    ...options,
  });
  onTestFinished(() => store.close());
  return { store, asked };
}

/** A clock that moves only in pauses. Its random number is 1, so that every pause has its full length. */
export function pausedClock(): DynamodbOptions['clock'] {
  let now = 0;
  return { now: () => now, random: () => 1, sleep: async (ms) => void (now += ms) };
}
