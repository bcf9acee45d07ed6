/**
 * Kills processes that judge triggers at seeded moments, while events are appended, and then asks what the logs of occurrences
 * hold: each occurrence once, in its order.
 */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { PUBLIC } from '../../../src/base/principal.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import type { OccurrenceData } from '../../../src/declare/trigger.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import type { Store } from '../../../src/store/store.ts';
import { loggedEvent, streamLog } from '../../../src/streams/log/stream-log.ts';
import { createTriggerWork } from '../../../src/triggers/run.ts';
import { ROOMS, triggerApp } from './app.ts';

export interface TriggerRun {
  environment: Record<string, string>;
  seed: number;
  kills: number;
  workers: number;
}

export interface TriggerRunReport {
  kills: number;
  events: number;
  occurrences: number;
  /** What is wrong; empty: nothing. */
  wrong: string[];
}

/** A kill falls somewhere in this time. */
const KILL_WITHIN_MS = 120;
const EVENTS_A_KILL = 6;

async function startJudge(environment: Record<string, string>): Promise<ChildProcess> {
  const child = fork(join(import.meta.dirname, 'worker.ts'), [JSON.stringify(environment)]);
  await once(child, 'message');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}

export async function triggerRun({ environment, seed, kills, workers }: TriggerRun): Promise<TriggerRunReport> {
  const random = seededRandom(seed);
  const runtime = nodeRuntime(() => {});
  const app = triggerApp();
  const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
  const deps = { app, store, runtime };
  const streams = createAppStreams(deps, PUBLIC);
  const running: ChildProcess[] = [];
  /** What has to be told, by trigger. */
  const due = { hot: [] as string[], pair: [] as string[], each: [] as string[] };
  const isHot = new Map<string, boolean>();
  let n = 0;
  async function append(): Promise<void> {
    for (let events = 0; events < EVENTS_A_KILL; events += 1) {
      const room = `r${Math.floor(random() * ROOMS)}`;
      const hot = isHot.get(room) !== true;
      if (hot && !isHot.has(room)) due.each.push(`holding ${n}`);
      due.hot.push(`${hot ? 'holding' : 'ceased'} ${n}`);
      if (!hot) due.pair.push(`holding ${n}`);
      isHot.set(room, hot);
      await streams.append('temps', { n, room, celsius: hot ? 31 : 10 });
      n += 1;
    }
  }
  async function killOne(): Promise<void> {
    await sleep(random() * KILL_WITHIN_MS);
    const place = Math.floor(random() * running.length);
    const victim = running[place];
    if (victim) await kill(victim);
    running[place] = await startJudge(environment);
  }
  try {
    // The triggers begin before the first event.
    await createTriggerWork(deps).run(runtime.now() + 60_000, null);
    for (let index = 0; index < workers; index += 1) running.push(await startJudge(environment));
    for (let count = 0; count < kills; count += 1) {
      const killed = killOne();
      await append();
      await killed;
    }
    await Promise.all(running.splice(0).map(kill));
    const work = createTriggerWork(deps);
    for (let rounds = 0; rounds < 5; rounds += 1) await work.run(runtime.now() + 60_000, null);
    const wrong: string[] = [];
    let occurrences = 0;
    for (const [name, expected] of Object.entries(due)) {
      const told = await toldIn(store, name);
      occurrences += told.length;
      if (new Set(told.map(({ id }) => id)).size !== told.length) wrong.push(`${name}: an id comes twice`);
      const lines = told.map(({ line }) => line);
      const at = expected.findIndex((line, index) => line !== lines[index]);
      if (at !== -1 || lines.length !== expected.length) {
        wrong.push(`${name}: ${lines.length} of ${expected.length}, at ${at}: ${lines[at]} for ${expected[at]}`);
      }
    }
    return { kills, events: n, occurrences, wrong };
  } finally {
    await Promise.all(running.map(kill));
    await store.close();
  }
}

async function toldIn(store: Store, name: string): Promise<{ id: string; line: string }[]> {
  const told: { id: string; line: string }[] = [];
  for (let cursor = null; ;) {
    const page: Awaited<ReturnType<Store['read']>> = await store.read(
      streamLog('public', `trigger.${name}`),
      cursor,
      1_000,
    );
    for (const entry of page.entries) {
      const { id, data } = loggedEvent.read(entry);
      const { became, events } = data as unknown as OccurrenceData;
      const { n = null } = (events.at(-1)?.data ?? {}) as { n?: number };
      told.push({ id, line: `${became} ${n}` });
    }
    if (page.entries.length < 1_000) return told;
    cursor = page.cursor as never;
  }
}
