/**
 * Clients that listen to the same resources in each way that there is: official clients of both eras, whose streams are opened
 * again as their users would, and one that asks for changes with a cursor. They listen to tasks as well: those of 2025-11-25 to
 * tasks that they begin in their session, the others to tasks that somebody has begun.
 */
/* oxlint-disable unicorn/prefer-add-event-listener -- a client of the SDK is no event target */
import { Client as ModernClient, StreamableHTTPClientTransport as ModernTransport } from '@modelcontextprotocol/client';
import { Client as FirstClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as FirstTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { ResourceUpdatedNotificationSchema, TaskStatusNotificationSchema } from '@modelcontextprotocol/sdk/types.js';
import * as z from 'zod';

export interface Target {
  mcpUrl: URL;
  /** The key of whoever listens. */
  key: string;
  uris: readonly string[];
  /** Ids of tasks to listen to, for clients that can listen to what others began. */
  tasks: readonly string[];
  /** What the client begins itself where it hears of its own tasks alone: the arguments of each. */
  begins: readonly Record<string, unknown>[];
}

/** When each URI was last told, and of each task that it has ended, epoch ms. */
export type Told = Map<string, number>;

export interface Listener {
  readonly told: Told;
  /** The tasks that it has to be told of. */
  readonly tasks: readonly string[];
  /** Whether it listens to tasks alone. Default: to marks as well. */
  readonly isOfTasksAlone?: boolean;
  /** How many notifications or answers told of a change. */
  count(): number;
  close: () => Promise<void>;
}

export type OpenListener = (target: Target) => Promise<Listener>;

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
  /** A state that is told on the way says nothing of the end. */
  const tellTask = (params: unknown) => {
    const { taskId, status } = TaskShape.parse(params);
    if (ENDED.has(status)) tell(taskId);
    else count += 1;
  };
  return { told, tell, tellTask, count: () => count };
}

const CreatedShape = z.object({ task: z.object({ taskId: z.string() }) });
const TaskShape = z.object({ taskId: z.string(), status: z.string() });
const ENDED = new Set(['completed', 'failed', 'cancelled']);
const TASKS_EXTENSION = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

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
async function firstClient({ mcpUrl, key, uris, begins }: Target): Promise<Listener> {
  const { told, tell, tellTask, count } = keeping();
  const client = new FirstClient(INFO);
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => tell(params.uri));
  client.setNotificationHandler(TaskStatusNotificationSchema, ({ params }) => tellTask(params));
  client.onerror = () => {};
  await untilDone(() => client.connect(new FirstTransport(mcpUrl, headersOf(key))));
  for (const uri of uris) await untilDone(() => client.subscribeResource({ uri }));
  const tasks = await begin(begins, (params) => client.request({ method: 'tools/call', params }, CreatedShape));
  return { told, tasks, count, close: () => client.close() };
}

/** The same by the client of today, which speaks both eras. */
async function secondClient({ mcpUrl, key, uris, begins }: Target): Promise<Listener> {
  const { told, tell, tellTask, count } = keeping();
  const client = new ModernClient(INFO, { versionNegotiation: { mode: 'legacy' } });
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => tell(params.uri));
  client.setNotificationHandler('notifications/tasks/status', { params: TaskShape }, (params) => tellTask(params));
  client.onerror = () => {};
  await untilDone(() => client.connect(new ModernTransport(mcpUrl, headersOf(key))));
  for (const uri of uris) await untilDone(() => client.subscribeResource({ uri }));
  const tasks = await begin(begins, (params) => client.request({ method: 'tools/call', params }, CreatedShape));
  return { told, tasks, count, close: () => client.close() };
}

type Called = { name: string; arguments: Record<string, unknown>; task: object };

/** Begins tasks in a session. A call whose answer was lost may have begun one that nobody waits for. */
async function begin(
  begins: Target['begins'],
  call: (params: Called) => Promise<z.infer<typeof CreatedShape>>,
): Promise<string[]> {
  const tasks: string[] = [];
  for (const args of begins) {
    const { task } = await untilDone(() => call({ name: 'hold', arguments: args, task: {} }));
    tasks.push(task.taskId);
  }
  return tasks;
}

/** `subscriptions/listen`, opened again whenever its stream was cut. */
async function listening({ mcpUrl, key, uris, tasks }: Target): Promise<Listener> {
  const { told, tell, tellTask, count } = keeping();
  const client = new ModernClient(INFO, {
    capabilities: TASKS_EXTENSION,
    versionNegotiation: { mode: { pin: '2026-07-28' } },
  });
  client.setNotificationHandler('notifications/tasks', { params: TaskShape }, (params) => tellTask(params));
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => tell(params.uri));
  client.onerror = () => {};
  await untilDone(() => client.connect(new ModernTransport(mcpUrl, headersOf(key))));
  let isOver = false;
  const filter = { resourceSubscriptions: [...uris], taskIds: [...tasks] };
  const open = () => client.listen(filter);
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
    tasks,
    count,
    async close() {
      isOver = true;
      await subscription.close();
      await looking;
      await client.close();
    },
  };
}

const ChangesShape = z.object({
  cursor: z.string(),
  changes: z.array(z.object({ uri: z.string().optional(), task: z.string().optional() })),
});

/** `poll_changes`, once a second. */
async function polling({ mcpUrl, key, uris, tasks }: Target): Promise<Listener> {
  const { told, tell, count } = keeping();
  const client = new ModernClient(INFO, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  client.onerror = () => {};
  await untilDone(() => client.connect(new ModernTransport(mcpUrl, headersOf(key))));
  const ask = async (cursor?: string) => {
    const asked = { uris: [...uris], tasks: [...tasks], ...(cursor === undefined ? {} : { cursor }) };
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
      for (const { uri, task } of answer.changes) tell(uri ?? task ?? '');
    }
  })();
  return {
    told,
    tasks,
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
} satisfies Record<string, OpenListener>;
