/**
 * Clients that listen to the same resources in each way that there is: official clients of both eras, whose streams are opened
 * again as their users would, and one that asks for changes with a cursor.
 */
/* oxlint-disable unicorn/prefer-add-event-listener -- a client of the SDK is no event target */
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import * as z from 'zod';

export interface Target {
  mcpUrl: URL;
  /** The key of whoever listens. */
  key: string;
  uris: readonly string[];
}

/** When each URI was last told, epoch ms. */
export type Told = Map<string, number>;

export interface Listener {
  readonly told: Told;
  /** How many notifications or answers told of a change. */
  count(): number;
  close: () => Promise<void>;
}

const INFO = { name: 'listener', version: '1' };
/** As users of the clients do who want to keep listening. */
const RECONNECT = {
  initialReconnectionDelay: 200,
  maxReconnectionDelay: 1_000,
  reconnectionDelayGrowFactor: 1.5,
  maxRetries: 1_000,
};
const AGAIN_MS = 200;

function headersOf(key: string) {
  return { requestInit: { headers: { Authorization: `Bearer ${key}` } }, reconnectionOptions: RECONNECT };
}

function keeping() {
  const told: Told = new Map();
  let count = 0;
  const tell = (uri: string) => {
    count += 1;
    told.set(uri, Date.now());
  };
  return { told, tell, count: () => count };
}

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function untilDone<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (tries === 100) throw thrown;
      await pause(AGAIN_MS);
    }
  }
}

/** `resources/subscribe` and the GET stream of a session, by the first official client. */
async function firstClient({ mcpUrl, key, uris }: Target): Promise<Listener> {
  const { told, tell, count } = keeping();
  const client = new FirstClient(INFO);
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => tell(params.uri));
  client.onerror = () => {};
  await untilDone(() => client.connect(new FirstTransport(mcpUrl, headersOf(key))));
  for (const uri of uris) await untilDone(() => client.subscribeResource({ uri }));
  return { told, count, close: () => client.close() };
}

/** The same by the client of today, which speaks both eras. */
async function secondClient({ mcpUrl, key, uris }: Target): Promise<Listener> {
  const { told, tell, count } = keeping();
  const client = new ModernClient(INFO, { versionNegotiation: { mode: 'legacy' } });
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => tell(params.uri));
  client.onerror = () => {};
  await untilDone(() => client.connect(new ModernTransport(mcpUrl, headersOf(key))));
  for (const uri of uris) await untilDone(() => client.subscribeResource({ uri }));
  return { told, count, close: () => client.close() };
}

/** `subscriptions/listen`, opened again whenever its stream was cut. */
async function listening({ mcpUrl, key, uris }: Target): Promise<Listener> {
  const { told, tell, count } = keeping();
  const client = new ModernClient(INFO, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => tell(params.uri));
  client.onerror = () => {};
  await untilDone(() => client.connect(new ModernTransport(mcpUrl, headersOf(key))));
  let isOver = false;
  const open = () => client.listen({ resourceSubscriptions: [...uris] });
  let subscription = await untilDone(open);
  const looking = (async () => {
    for (;;) {
      const how = await subscription.closed;
      if (isOver || how === 'local') return;
      await pause(AGAIN_MS);
      if (isOver) return;
      subscription = await untilDone(open);
      // It was closed while it was opened again.
      if (isOver) await subscription.close();
    }
  })();
  return {
    told,
    count,
    async close() {
      isOver = true;
      await subscription.close();
      await looking;
      await client.close();
    },
  };
}

const ChangesShape = z.object({ cursor: z.string(), changes: z.array(z.object({ uri: z.string().optional() })) });

/** `poll_changes`, once a second. */
async function polling({ mcpUrl, key, uris }: Target): Promise<Listener> {
  const { told, tell, count } = keeping();
  const client = new ModernClient(INFO, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  client.onerror = () => {};
  await untilDone(() => client.connect(new ModernTransport(mcpUrl, headersOf(key))));
  const ask = async (cursor?: string) => {
    const asked = { uris: [...uris], ...(cursor === undefined ? {} : { cursor }) };
    const { structuredContent } = await untilDone(() => client.callTool({ name: 'poll_changes', arguments: asked }));
    return ChangesShape.parse(structuredContent);
  };
  let { cursor } = await ask();
  const ending = new AbortController();
  const looking = (async () => {
    while (!ending.signal.aborted) {
      await pause(1_000);
      const answer = await ask(cursor);
      ({ cursor } = answer);
      for (const { uri } of answer.changes) if (uri !== undefined) tell(uri);
    }
  })();
  return {
    told,
    count,
    async close() {
      ending.abort();
      await looking;
      await client.close();
    },
  };
}

export const LISTENERS = {
  'the first client, subscribed': firstClient,
  'the client of today, subscribed as in 2025-11-25': secondClient,
  'the client of today, listening': listening,
  poll_changes: polling,
} satisfies Record<string, (target: Target) => Promise<Listener>>;

export type ListenerName = keyof typeof LISTENERS;
