/**
 * The soak: good clients at half of what the server can do, while everything around it goes wrong in turn. Nothing that
 * was acknowledged is lost or doubled, no error is blamed on a client, and memory and descriptors stay where they were.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { comesToHold } from '../chaos/until.ts';
import { type Clients, createClients, type Outcomes } from './clients.ts';
import { type Fault, FAULTS, type Stage } from './faults.ts';
import { createServer, type Sample } from './server.ts';
import { startSource } from './source.ts';

export interface SoakOptions {
  /** Of the time under load, beside the start and what is checked at the end. */
  seconds: number;
  /** What goes wrong, or is done, in turn. Default: all faults. */
  faults?: readonly Fault[];
  /** Called with a line for each thing that happens. */
  tell?: (line: string) => void;
}

export interface SoakReport {
  /** Calls per second without faults, as fast as the clients can. */
  capacity: number;
  outcomes: Outcomes;
  samples: Sample[];
  /** Of the source's items and the pushed events. */
  streams: Record<'log' | 'pushed', { expected: number; lost: number; doubled: number }>;
  tasks: { begun: number; notDone: number; wrong: number };
  faults: number;
  /** What a fault found beside the clients. */
  found: string[];
}

const CLIENTS = 12;
const ITEMS_A_SECOND = 20;
const CAPACITY_SECONDS = { most: 20, part: 0.1 };
/** Each fault lasts a third of its turn. */
const TURN_MS = { most: 60_000, least: 2_000 };
const SAMPLE_MS = 1_000;
const SETTLE_MS = 120_000;

export async function soakRun({ seconds, faults: given = FAULTS, tell = () => {} }: SoakOptions): Promise<SoakReport> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-soak-'));
  const source = await startSource(ITEMS_A_SECOND);
  const sqlitePath = join(folder, 'store.sqlite');
  const server = await createServer(sqlitePath, source.origin);
  const clients = createClients(server.url);
  const samples: Sample[] = [];
  const watch = setInterval(() => {
    const sample = server.sample();
    if (sample) samples.push(sample);
  }, SAMPLE_MS);
  try {
    await server.start();
    const measured = Math.min(CAPACITY_SECONDS.most, seconds * CAPACITY_SECONDS.part) * 1_000;
    await clients.run(CLIENTS, performance.now() + measured, 0);
    const capacity = clients.outcomes.ok / (measured / 1_000);
    tell(`capacity: ${capacity.toFixed(0)} calls/s of ${CLIENTS} clients`);
    const until = performance.now() + seconds * 1_000 - measured;
    const load = clients.run(CLIENTS, until, (CLIENTS / (capacity / 2)) * 1_000);
    const { faults, found } = await misbehave({ server, source, sqlitePath }, given, until, clients, tell);
    await load;
    source.mood = 'well';
    source.rest();
    tell(`settling: ${source.size()} items, ${clients.pushed.size} pushes`);
    return { capacity, outcomes: clients.outcomes, samples, faults, found, ...(await settle(clients, source.size())) };
  } finally {
    clearInterval(watch);
    await server.end('SIGKILL');
    await source.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Three quarters of the time without restarts, so that memory can be watched; then all faults. */
async function misbehave(
  stage: Stage,
  given: readonly Fault[],
  until: number,
  { outcomes }: Clients,
  tell: (line: string) => void,
): Promise<{ faults: number; found: string[] }> {
  const begun = performance.now();
  const total = until - begun;
  const turnMs = Math.max(TURN_MS.least, Math.min(TURN_MS.most, total / (given.length + 3)));
  const steady = given.filter(({ restarts }) => !restarts);
  const ending = given.filter(({ restarts }) => restarts);
  const found: string[] = [];
  let faults = 0;
  while (performance.now() + turnMs < until) {
    const late =
      ending.length > 0 &&
      (performance.now() + turnMs * (ending.length + 1) > until || performance.now() - begun > total * 0.75);
    const fault = late ? ending[faults % ending.length] : steady[faults % steady.length];
    if (fault === undefined) break;
    await sleep(turnMs / 3);
    const before = { ...outcomes, wrong: [...outcomes.wrong.values()].length };
    found.push(...(await fault.happen(stage, turnMs / 3)).map((what) => `${fault.name}: ${what}`));
    await sleep(turnMs / 3);
    faults += 1;
    const [ok, busy, away] = [outcomes.ok - before.ok, outcomes.busy - before.busy, outcomes.away - before.away];
    tell(
      `${fault.name}: ${ok} answered, ${busy} told to come again, ${away} cut, ${outcomes.wrong.size - before.wrong} kinds of errors new`,
    );
  }
  await sleep(Math.max(0, until - performance.now()));
  return { faults, found };
}

/** What stands there when all is quiet, as a client reads it. */
export async function settle(clients: Clients, items: number): Promise<Pick<SoakReport, 'streams' | 'tasks'>> {
  const numbers = { log: Array.from({ length: items }, (_, n) => n), pushed: [...clients.pushed] };
  await comesToHold(async () => (await countOf(clients, 'log')) >= items, SETTLE_MS);
  const streams = {} as SoakReport['streams'];
  for (const name of ['log', 'pushed'] as const) {
    const found = await readAll(clients, name);
    const lost = numbers[name].filter((n) => !found.has(n)).length;
    const doubled = [...found.values()].filter((count) => count > 1).length;
    streams[name] = { expected: numbers[name].length, lost, doubled };
  }
  const tasks = { begun: clients.tasks.size, notDone: 0, wrong: 0 };
  for (const [n, taskId] of clients.tasks) {
    let result: { status?: string; result?: { content?: { text?: string }[] } } | undefined;
    const isDone = await comesToHold(async () => {
      result = (await clients.request('tasks/get', { taskId }))?.body.result;
      return result?.status === 'completed' || result?.status === 'failed' || result?.status === 'cancelled';
    }, SETTLE_MS / 4);
    if (!isDone) tasks.notDone += 1;
    else if (result?.status !== 'completed' || result.result?.content?.[0]?.text !== String(2 * n)) tasks.wrong += 1;
  }
  return { streams, tasks };
}

async function countOf(clients: Clients, stream: string): Promise<number> {
  const answer = await clients.call('read_latest', { stream });
  const latest = answer?.body.result?.structuredContent?.['events'] as { data: { n: number } }[] | undefined;
  return (latest?.[0]?.data.n ?? -1) + 1;
}

/** How often each number stands in a stream. */
async function readAll(clients: Clients, stream: string): Promise<Map<number, number>> {
  const found = new Map<number, number>();
  for (let cursor: unknown = null; ;) {
    const input = { stream, from: 0, limit: 1_000, ...(cursor === null ? {} : { cursor }) };
    const page = (await clients.call('read_history', input))?.body.result?.structuredContent;
    if (page === undefined) throw new Error(`${stream} cannot be read`);
    for (const { data, meta } of page['events'] as { data: { n: number }; meta?: { gap?: unknown } }[]) {
      if (meta?.gap === undefined) found.set(data.n, (found.get(data.n) ?? 0) + 1);
    }
    cursor = page['cursor'] ?? null;
    if (cursor === null) return found;
  }
}
