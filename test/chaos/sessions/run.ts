/**
 * Three processes on one store, behind a proxy that sends each request to another of them. Clients listen to marks in every way
 * that there is, while marks are set thousands of times, connections are cut, and a process is killed and replaced.
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
import { type Listener, type ListenerName, LISTENERS } from './listeners.ts';

export interface SessionRunOptions {
  engine: Engine;
  seed: number;
  /** How often a mark is set. */
  changes: number;
  cuts: number;
  /** Which listeners there are. Default: all. */
  listeners?: readonly ListenerName[];
}

export interface SessionReport {
  /** When each mark was last set, epoch ms: before the call that set it. */
  setAt: Map<string, number>;
  changes: number;
  /** Connections that were cut. */
  cut: number;
  killed: number;
  heard: { name: ListenerName; told: ReadonlyMap<string, number>; count: number }[];
  /** What was told to listeners of a tenant that has set nothing. */
  foreign: { name: ListenerName; count: number }[];
  /** From the last change until each listener knew of it, ms. */
  lastMs: number[];
}

const PROCESSES = 3;
const MARKS = 50;
const MARKS_A_CALL = 20;
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
  const { engine, seed, changes, cuts, listeners = Object.keys(LISTENERS) as ListenerName[] } = options;
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
  const open = (name: ListenerName, key: string) => LISTENERS[name]({ mcpUrl, key, uris });
  const heard: { name: ListenerName; listener: Listener }[] = [];
  const foreign: { name: ListenerName; listener: Listener }[] = [];
  for (const name of listeners) {
    heard.push({ name, listener: await open(name, keys.setter) });
    foreign.push({ name, listener: await open(name, keys.stranger) });
  }
  for (const { listener } of [...heard, ...foreign]) stack.defer(() => listener.close());

  const calls = Math.ceil(changes / MARKS_A_CALL);
  const cutAt = new Set(Array.from({ length: cuts }, (_, at) => Math.floor(((at + 1) * calls) / (cuts + 1))));
  const killAt = Math.floor(calls / 2);
  const report: SessionReport = { setAt: new Map(), changes: 0, cut: 0, killed: 0, heard: [], foreign: [], lastMs: [] };
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

  const endedAt = Date.now();
  const isTold = ({ told }: Listener) => [...report.setAt].every(([uri, setAt]) => (told.get(uri) ?? 0) >= setAt);
  const waiting = new Set(heard);
  while (waiting.size > 0 && Date.now() - endedAt < TOLD_WITHIN_MS) {
    for (const each of waiting) {
      if (!isTold(each.listener)) continue;
      waiting.delete(each);
      report.lastMs.push(Date.now() - endedAt);
    }
    await pause(50);
  }
  report.heard = heard.map(({ name, listener }) => ({ name, told: listener.told, count: listener.count() }));
  report.foreign = foreign.map(({ name, listener }) => ({ name, count: listener.count() }));
  return report;
}

/** What was promised and did not hold. */
export function sessionVerdict({ setAt, killed, heard, foreign }: SessionReport): string[] {
  const wrong: string[] = [];
  if (killed === 0) wrong.push('no process was killed');
  for (const { name, told } of heard) {
    const untold = [...setAt].filter(([uri, at]) => (told.get(uri) ?? 0) < at).map(([uri]) => uri);
    if (untold.length > 0) wrong.push(`${name} was not told of ${untold.length}: ${untold.slice(0, 3).join(', ')}`);
  }
  for (const { name, count } of foreign) {
    if (count > 0) wrong.push(`${name}, of another tenant, was told ${count} times`);
  }
  return wrong;
}
