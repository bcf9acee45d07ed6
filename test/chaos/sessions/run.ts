/**
 * Three processes on one store, behind a proxy that sends each request to another of them. Clients listen to marks and tasks in
 * every way that there is, while marks are set thousands of times, tasks change and end, connections are cut, and a process is
 * killed and replaced.
 */
import { join } from 'node:path';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createKey } from '../../../src/auth/keys/manage.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { startAppProcess } from '../../services/app-process.ts';
import { type Engine, startEngine } from '../../services/engine.ts';
import { byChance, startSpreadProxy } from '../../services/spread-proxy.ts';
import { holds, taskCalls } from './held-tasks.ts';
import { type Listener, LISTENERS, type OpenListener } from './listeners.ts';

export interface SessionRunOptions {
  engine: Engine;
  seed: number;
  /** How often a mark is set. */
  changes: number;
  cuts: number;
  /** How long the tasks take, ms. */
  tasksMs: number;
  /** Who listens, by name. Default: `LISTENERS`. */
  listeners?: Readonly<Record<string, OpenListener>>;
}

/** What a listener was told, and of what it has to be. */
type ToldOf = Pick<Listener, 'tasks' | 'isOfTasksAlone'> & { told: ReadonlyMap<string, number> };

export interface SessionReport {
  /** When each mark was last set, epoch ms: before the call that set it. */
  setAt: Map<string, number>;
  changes: number;
  /** Connections that were cut. */
  cut: number;
  killed: number;
  /** When each task ended that somebody listened to, epoch ms; null: it did not. */
  endedAt: Map<string, number | null>;
  heard: (ToldOf & { name: string; count: number })[];
  /** What was told to listeners of a tenant that has set nothing. */
  foreign: { name: string; count: number }[];
  /** From the last change of a mark until each listener knew of all of them, and of the tasks that had ended, ms. */
  lastMs: number[];
}

const PROCESSES = 3;
const MARKS = 50;
const MARKS_A_CALL = 20;
/** So many tasks of each kind of listener. */
const TASKS = 8;
/** How long a task may take beyond its time: a lease of the killed process, and the next look at what is due. */
const TASK_LATE_MS = 60_000;
/** Longest time until a change is told, ms: looks while nothing happens, the way, and a machine that does other things. */
const TOLD_WITHIN_MS = 25_000;
const APP = join(import.meta.dirname, 'app.ts');
const TIDEGATE_SECRET = 'a secret of the tests, of 32 characters';

const uriOf = (mark: string) => `stream://marks/${mark}`;
const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

async function makeKeys(environment: Record<string, string>): Promise<{ setter: string; stranger: string }> {
  const runtime = nodeRuntime(() => {});
  const store = await openStore(readConfig(environment, 'sqlite'), runtime, 'listened');
  const keyOf = async (tenant: string) => {
    const made = await createKey({ store, runtime }, { name: 'ada', tenant, scopes: ['*'], expiresAt: null });
    return made.text;
  };
  try {
    return { setter: await keyOf('acme'), stranger: await keyOf('other') };
  } finally {
    await store.close();
  }
}

export async function sessionRun(options: SessionRunOptions): Promise<SessionReport> {
  const { engine, seed, changes, cuts, tasksMs, listeners = LISTENERS } = options;
  await using stack = new AsyncDisposableStack();
  const random = seededRandom(seed);
  const { environment, stop } = await startEngine(engine);
  stack.defer(stop);
  const keys = await makeKeys(environment);
  const start = async () => {
    const served = await startAppProcess(APP, { ...environment, TIDEGATE_SECRET, AUTH: 'keys', LOG_LEVEL: 'error' });
    stack.defer(() => served.stop());
    return served;
  };
  const processes = [];
  for (let begun = 0; begun < PROCESSES; begun += 1) processes.push(await start());
  const proxy = await startSpreadProxy(
    processes.map(({ url }) => url),
    byChance(random),
  );
  stack.defer(() => proxy.close());
  const mcpUrl = new URL('/mcp', proxy.url);

  const uris = Array.from({ length: MARKS }, (_, at) => uriOf(`m${at}`));
  const tasks = taskCalls(mcpUrl, keys.setter);
  const heard: { name: string; listener: Listener }[] = [];
  const foreign: { name: string; listener: Listener }[] = [];
  for (const [name, open] of Object.entries(listeners)) {
    const begins = holds(TASKS, tasksMs, random);
    // Who polls is told of nothing that ended before.
    const begun = await Promise.all(holds(TASKS, tasksMs, random).map((args) => tasks.begin(args)));
    heard.push({ name, listener: await open({ mcpUrl, key: keys.setter, uris, tasks: begun, begins }) });
    foreign.push({ name, listener: await open({ mcpUrl, key: keys.stranger, uris, tasks: [], begins: [] }) });
  }
  for (const { listener } of [...heard, ...foreign]) stack.defer(() => listener.close());
  // It may listen to what is not its own, and hears nothing of it.
  if (listeners['the client of today, listening'] !== undefined) {
    const others = heard.flatMap(({ listener }) => [...listener.tasks]);
    const target = { mcpUrl, key: keys.stranger, uris, tasks: others, begins: [] };
    const listener = await LISTENERS['the client of today, listening'](target);
    foreign.push({ name: 'who listens to tasks of others', listener });
    stack.defer(() => listener.close());
  }

  const calls = Math.ceil(changes / MARKS_A_CALL);
  const cutAt = new Set(Array.from({ length: cuts }, (_, at) => Math.floor(((at + 1) * calls) / (cuts + 1))));
  const killAt = Math.floor(calls / 2);
  const report: SessionReport = {
    setAt: new Map(),
    changes: 0,
    cut: 0,
    killed: 0,
    endedAt: new Map(),
    heard: [],
    foreign: [],
    lastMs: [],
  };
  const setter = new Client({ name: 'setter', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await setter.connect(
    new StreamableHTTPClientTransport(mcpUrl, { requestInit: { headers: { Authorization: `Bearer ${keys.setter}` } } }),
  );
  stack.defer(() => setter.close());

  async function set(count: number): Promise<void> {
    const marks = Array.from({ length: MARKS_A_CALL }, () => `m${Math.floor(random() * MARKS)}`);
    const names = [...new Set(marks)];
    // A call whose answer was lost is made again, so a mark may be set once more than is counted.
    for (let tries = 0; tries < 50; tries += 1) {
      const at = Date.now();
      try {
        const { isError } = await setter.callTool({ name: 'set', arguments: { marks: names, count } });
        if (isError !== true) {
          for (const name of names) report.setAt.set(uriOf(name), at);
          report.changes += names.length;
          return;
        }
      } catch {
        // The connection was cut, or its process is gone.
      }
      await pause(50);
    }
    throw new Error('marks could not be set');
  }

  for (let call = 0; report.changes < changes; call += 1) {
    if (cutAt.has(call)) report.cut += proxy.cut();
    if (call === killAt) {
      const [victim] = processes;
      if (victim !== undefined) {
        await victim.kill();
        report.killed += 1;
        proxy.leaveOut(victim.url);
        proxy.takeIn((await start()).url);
      }
    }
    await set(call);
  }

  const setBy = Date.now();
  const listened = new Set(heard.flatMap(({ listener }) => [...listener.tasks]));
  await Promise.all(
    [...listened].map(async (task) => {
      report.endedAt.set(task, await tasks.ended(task, setBy + tasksMs + TASK_LATE_MS));
    }),
  );
  const doneBy = Date.now();
  const waiting = new Set(heard);
  while (waiting.size > 0 && Date.now() - doneBy < TOLD_WITHIN_MS) {
    for (const each of waiting) {
      if (untold(report, each.listener).length > 0) continue;
      waiting.delete(each);
      const latest = Math.max(
        ...report.setAt.values(),
        ...each.listener.tasks.map((id) => report.endedAt.get(id) ?? 0),
      );
      report.lastMs.push(Math.max(...each.listener.told.values()) - latest);
    }
    await pause(50);
  }
  report.heard = heard.map(({ name, listener }) => ({
    name,
    told: listener.told,
    tasks: listener.tasks,
    ...(listener.isOfTasksAlone === undefined ? {} : { isOfTasksAlone: listener.isOfTasksAlone }),
    count: listener.count(),
  }));
  report.foreign = foreign.map(({ name, listener }) => ({ name, count: listener.count() }));
  return report;
}

/** What a listener was not told of after its last change. */
function untold(
  { setAt, endedAt }: Pick<SessionReport, 'setAt' | 'endedAt'>,
  { told, tasks, isOfTasksAlone }: ToldOf,
): string[] {
  const marks = isOfTasksAlone === true ? [] : setAt;
  const changed = [...marks, ...tasks.map((id) => [id, endedAt.get(id) ?? Number.POSITIVE_INFINITY] as const)];
  return changed.filter(([name, at]) => (told.get(name) ?? 0) < at).map(([name]) => name);
}

/** What was promised and did not hold. */
export function sessionVerdict({ setAt, endedAt, killed, heard, foreign }: SessionReport): string[] {
  const wrong: string[] = [];
  if (killed === 0) wrong.push('no process was killed');
  const endless = [...endedAt].filter(([, at]) => at === null).map(([id]) => id);
  if (endless.length > 0) wrong.push(`${endless.length} tasks did not end: ${endless.slice(0, 3).join(', ')}`);
  for (const each of heard) {
    const { name } = each;
    const missing = untold({ setAt, endedAt }, each);
    if (missing.length > 0) wrong.push(`${name} was not told of ${missing.length}: ${missing.slice(0, 3).join(', ')}`);
  }
  for (const { name, count } of foreign) {
    if (count > 0) wrong.push(`${name}, of another tenant, was told ${count} times`);
  }
  return wrong;
}
