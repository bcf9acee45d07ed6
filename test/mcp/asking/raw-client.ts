/** A client of 2025-11-25 that does what a test tells it, over several hosts: each POST may go to another one. */
import { EventSourceParserStream } from 'eventsource-parser/stream';
import type { Principal } from '../../../src/base/principal.ts';
import { EVERY_SCOPE } from '../../../src/base/scopes.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import type { App } from '../../../src/declare/app.ts';
import { type Served, serveApp, type ServeOptions } from '../served.ts';

export interface Message {
  id?: string | number;
  method?: string;
  params?: Record<string, unknown>;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: Record<string, unknown> };
}

export interface Hosts {
  all: Served[];
  store: Store;
  close(): Promise<void>;
}

export async function serveOn(app: App, count: number, options: ServeOptions = {}): Promise<Hosts> {
  const store = options.store ?? createMemoryStore();
  const all = await Promise.all(Array.from({ length: count }, () => serveApp(app, { results: {}, ...options, store })));
  return { all, store, close: async () => void (await Promise.all(all.map((each) => each.close()))) };
}

/** Messages as they come on the answer to one request. */
export interface Incoming {
  /** The next message that is none of progress. */
  next(): Promise<Message>;
  /** Progress that came so far. */
  progress: Message[];
  /** Closes the connection. */
  leave(): void;
  type: string | null;
  status: number;
}

export const EVERYTHING = { elicitation: { form: {}, url: {} }, sampling: { tools: {} }, roots: {} };

export async function initialize(
  { mcpUrl }: Served,
  capabilities: object = EVERYTHING,
  protocolVersion = '2025-11-25',
): Promise<string> {
  const params = { protocolVersion, capabilities, clientInfo: { name: 't', version: '0' } };
  const response = await post(mcpUrl, { jsonrpc: '2.0', id: 0, method: 'initialize', params }, null);
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
}

export function post(
  mcpUrl: string,
  body: object,
  session: string | null,
  headers: Record<string, string> = {},
  signal?: AbortSignal,
): Promise<Response> {
  return fetch(mcpUrl, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(session === null ? {} : { 'Mcp-Session-Id': session }),
      ...headers,
    },
    body: JSON.stringify(body),
    ...(signal ? { signal } : {}),
  });
}

/** Sends a request and reads what comes on its answer. */
export async function ask(
  { mcpUrl }: Served,
  session: string | null,
  method: string,
  params: object = {},
  { id = 1, headers = {} }: { id?: string | number; headers?: Record<string, string> } = {},
): Promise<Incoming> {
  const leaving = new AbortController();
  const response = await post(mcpUrl, { jsonrpc: '2.0', id, method, params }, session, headers, leaving.signal);
  const type = response.headers.get('content-type');
  const incoming = { progress: [] as Message[], leave: () => leaving.abort(), type, status: response.status };
  if (!type?.startsWith('text/event-stream')) {
    return { ...incoming, next: async () => (await response.json()) as Message };
  }
  const events = response.body
    ?.pipeThrough(new TextDecoderStream())
    .pipeThrough(new EventSourceParserStream())
    .getReader();
  return {
    ...incoming,
    async next() {
      for (;;) {
        const read = await events?.read();
        if (!read || read.done) throw new Error('the stream has ended');
        if (read.value.data === '') continue;
        const message = JSON.parse(read.value.data) as Message;
        if (message.method !== 'notifications/progress') return message;
        incoming.progress.push(message);
      }
    },
  };
}

export const call = (
  served: Served,
  session: string | null,
  name: string,
  args: object = {},
  id: string | number = 1,
) => ask(served, session, 'tools/call', { name, arguments: args }, { id });

/** Answers a request of the server. Resolves to the status. */
export async function answer(
  { mcpUrl }: Served,
  session: string | null,
  id: unknown,
  given: { result: object } | { error: object },
): Promise<number> {
  const response = await post(mcpUrl, { jsonrpc: '2.0', id, ...given }, session);
  await response.text();
  return response.status;
}

export async function notify(
  { mcpUrl }: Served,
  session: string,
  method: string,
  params: object = {},
): Promise<number> {
  return (await post(mcpUrl, { jsonrpc: '2.0', method, params }, session)).status;
}

export const accepted = (content: object) => ({ result: { action: 'accept', content } });

export function textIn(message: Message): string {
  const [block] = (message.result?.['content'] ?? []) as { text: string }[];
  return block?.text ?? '';
}

export function as(subject: string, tenant = 'public'): Principal {
  return { tenant, subject, client: null, scopes: [EVERY_SCOPE] };
}
