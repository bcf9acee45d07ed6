/**
 * `npm run clients:cuts [client ...]`: clients that others wrote listen by three processes on one Redis, each of whose requests goes
 * to another process, while marks are set 10,000 times, connections are cut ten times, and a process is killed. Each has to learn of the
 * last change of every mark and task, in the way that it has: by notifications that it shows, or by asking `poll_changes`.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import * as z from 'zod';
import type { Listener, OpenListener, Target } from '../chaos/sessions/listeners.ts';
import { sessionRun, sessionVerdict } from '../chaos/sessions/run.ts';
import { type ClientProcess, startClient } from './client-process.ts';
import { readHanded } from './handed.ts';
import { install, type InstalledClient } from './install.ts';
import { startRecorder } from './recorder.ts';

/** How a client learns of changes. */
type Way =
  /** It shows notifications of resources to its program; of tasks it asks. */
  | 'told'
  /** It asks with `poll_changes`. */
  | 'asks'
  /** It calls tasks and waits for their ends by itself. */
  | 'waits';

const CLIENTS: Readonly<Record<string, Way>> = {
  'mcp-use': 'told',
  'python-v1': 'asks',
  'ext-tasks': 'waits',
  'ai-sdk': 'asks',
  mcporter: 'asks',
  'inspector-page': 'asks',
  'python-v2': 'asks',
  fastmcp: 'asks',
};

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { changes: { type: 'string', default: '10000' }, seed: { type: 'string', default: '1' } },
});
const unknown = positionals.filter((name) => !Object.hasOwn(CLIENTS, name));
if (unknown.length > 0) {
  console.error(`no ${unknown.join(', ')}; there is ${Object.keys(CLIENTS).join(', ')}`);
  process.exit(2);
}

const AGAIN_MS = 300;
const ASK_EVERY_MS = 1_000;
const TRIES = 60;

async function untilDone<Result>(work: () => Promise<Result>): Promise<Result> {
  for (let tries = 1; ; tries += 1) {
    try {
      return await work();
    } catch (thrown) {
      if (tries === TRIES) throw thrown;
      await pause(AGAIN_MS);
    }
  }
}

const Polled = z.object({
  cursor: z.string(),
  changes: z.array(z.object({ uri: z.string().optional(), task: z.string().optional() })),
});
const Heard = z.array(z.string());
const Waited = z.object({ taskId: z.string() });

interface Kept extends Listener {
  told: Map<string, number>;
  tell(name: string): void;
}

function keeping(tasks: readonly string[], close: () => Promise<void>): Kept {
  const told = new Map<string, number>();
  let count = 0;
  return {
    told,
    tasks,
    count: () => count,
    tell(name) {
      count += 1;
      told.set(name, Date.now());
    },
    close,
  };
}

/** Does something again and again until it is stopped. @returns what stops it */
function repeated(work: () => Promise<void>): () => Promise<void> {
  const over = new AbortController();
  const done = (async () => {
    while (!over.signal.aborted) {
      await work().catch((thrown: unknown) =>
        console.error(`a client does not learn: ${String(thrown).slice(0, 300)}`),
      );
      await pause(ASK_EVERY_MS, undefined, { signal: over.signal }).catch(() => {});
    }
  })();
  return async () => {
    over.abort();
    await done;
  };
}

interface Told {
  cursor: string;
  names: string[];
}

const NEXT = /poll_changes (\{.*\})/;

/** What a call of `poll_changes` told, by the half that the client hands over. @param asked the names that may be told */
function toldIn(model: unknown, asked: readonly string[]): Told {
  const { structured, text } = readHanded(model);
  const found = Polled.safeParse(structured);
  if (found.success) {
    return { cursor: found.data.cursor, names: found.data.changes.map(({ uri, task }) => uri ?? task ?? '') };
  }
  const [, next] = NEXT.exec(text ?? '') ?? [];
  if (text === null || next === undefined) throw new Error(`poll_changes said ${JSON.stringify(structured ?? text)}`);
  const words = new Set(text.slice(0, text.search(NEXT)).split(/[^\w:/-]+/));
  return {
    ...z.object({ cursor: z.string() }).parse(JSON.parse(next)),
    names: asked.filter((name) => words.has(name)),
  };
}

async function asking(client: Connected, uris: readonly string[], tasks: readonly string[], kept: Kept) {
  const ask = async (cursor?: string) => {
    const args = { ...(uris.length > 0 ? { uris } : {}), ...(tasks.length > 0 ? { tasks } : {}) };
    const handed = await untilDone(() =>
      client.ask('call', 'poll_changes', { ...args, ...(cursor ? { cursor } : {}) }),
    );
    return toldIn(handed, [...uris, ...tasks]);
  };
  let { cursor } = await ask();
  return repeated(async () => {
    const told = await ask(cursor);
    ({ cursor } = told);
    for (const name of told.names) kept.tell(name);
  });
}

interface Connected {
  /** Asks the client; one that has broken down is ended, and another one connected in its place. */
  ask(method: string, ...params: unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

/** So many failures one after the other mean that a client does not recover by itself: whoever uses it connects it anew. */
const BROKEN_AFTER = 5;

/** @param greeted what is done with a client that has been connected */
async function connected(
  installed: InstalledClient,
  url: string,
  greeted: (client: ClientProcess) => Promise<unknown>,
): Promise<Connected> {
  async function start(): Promise<ClientProcess> {
    const client = startClient(installed);
    try {
      await client.ask('connect', { url });
      await client.ask('list');
      await greeted(client);
      return client;
    } catch (thrown) {
      await client.close();
      throw thrown;
    }
  }
  let client = await untilDone(start);
  let failures = 0;
  return {
    async ask(method, ...params) {
      try {
        const answer = await client.ask(method, ...params);
        failures = 0;
        return answer;
      } catch (thrown) {
        failures += 1;
        if (failures < BROKEN_AFTER) throw thrown;
        failures = 0;
        anew += 1;
        await client.close();
        client = await untilDone(start);
        throw thrown;
      }
    },
    close: () => client.close(),
  };
}

/** How often a client was connected anew. */
let anew = 0;

function opened(way: Way, installed: InstalledClient): OpenListener {
  return async ({ mcpUrl, key, uris, tasks, begins }: Target) => {
    const relay = await startRecorder(mcpUrl.origin, { authorization: `Bearer ${key}` });
    const client = await connected(installed, `${relay.url}/mcp`, async (fresh) => {
      if (way === 'told') await fresh.ask('subscribe', uris);
    });
    const stops: (() => Promise<void>)[] = [];
    const own: string[] = [];
    const kept = keeping(way === 'waits' ? own : tasks, async () => {
      await Promise.all(stops.map((stop) => stop()));
      await client.close();
      await relay.close();
    });
    if (way === 'waits') {
      const waiting = begins.map(async (args) => {
        const { taskId } = Waited.parse(await client.ask('wait', 'hold', args));
        own.push(taskId);
        kept.tell(taskId);
      });
      const all = Promise.all(waiting);
      all.catch((thrown: unknown) => console.error(`a task was not waited for: ${String(thrown)}`));
      stops.push(async () => void (await all));
      return { ...kept, isOfTasksAlone: true };
    }
    if (way === 'told') {
      stops.push(
        repeated(async () => {
          for (const uri of Heard.parse(await client.ask('heard'))) kept.tell(uri);
        }),
      );
      if (tasks.length > 0) stops.push(await asking(client, [], tasks, kept));
    } else {
      stops.push(await asking(client, uris, tasks, kept));
    }
    return kept;
  };
}

const named = positionals.length > 0 ? positionals : Object.keys(CLIENTS);
const listeners: Record<string, OpenListener> = {};
for (const name of named) listeners[name] = opened(CLIENTS[name] ?? 'asks', await install(name));
const report = await sessionRun({
  engine: 'redis',
  seed: Number(values.seed),
  changes: Number(values.changes),
  cuts: 10,
  tasksMs: 40_000,
  listeners,
});
const wrong = sessionVerdict(report);
const counts = report.heard.map(({ name, count, tasks }) => `${name} ${count} (${tasks.length} tasks)`).join(', ');
console.log(
  `${report.changes} changes, ${report.cut} connections cut, ${report.killed} process killed, ${anew} clients connected anew; told: ${counts}`,
);
for (const line of wrong) console.log(`FAIL  ${line}`);
console.log(
  `${named.length} clients, ${wrong.length === 0 ? 'each was told of the last change of all' : 'not all was told'}`,
);
process.exitCode = wrong.length === 0 ? 0 : 1;
