/**
 * Kills processes that judge triggers at seeded moments, while events are appended, and then asks what the logs of occurrences
 * hold: each occurrence once, in its order; how the alarms stand; and which tasks were begun, each once.
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
import { listAlarms } from '../../../src/triggers/alarms/list.ts';
import { reactingAs } from '../../../src/triggers/names.ts';
import { ALARM_STATES } from '../../../src/triggers/alarms/state.ts';
import { runEventWork } from '../../../src/hosts/event-work.ts';
import { withTasks } from '../../../src/hosts/task-deps.ts';
import { inputKey, taskInput } from '../../../src/tasks/records/input.ts';
import { listTasks } from '../../../src/tasks/records/list.ts';
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
  /** That had to be begun. */
  tasks: number;
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
  const deps = withTasks({ app, store, runtime, isOpen: true });
  const streams = createAppStreams(deps, PUBLIC);
  const running: ChildProcess[] = [];
  /** What has to be told, by trigger. */
  const due = { hot: [] as string[], pair: [] as string[], each: [] as string[] };
  const isHot = new Map<string, boolean>();
  /** How often each room became hot. */
  const times = new Map<string, number>();
  let n = 0;
  async function append(): Promise<void> {
    for (let events = 0; events < EVENTS_A_KILL; events += 1) {
      const room = `r${Math.floor(random() * ROOMS)}`;
      const hot = isHot.get(room) !== true;
      if (hot && !isHot.has(room)) due.each.push(`holding ${n}`);
      due.hot.push(`${hot ? 'holding' : 'ceased'} ${n}`);
      if (!hot) due.pair.push(`holding ${n}`);
      isHot.set(room, hot);
      if (hot) times.set(room, (times.get(room) ?? 0) + 1);
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
    await runEventWork(deps, runtime.now() + 60_000);
    for (let index = 0; index < workers; index += 1) running.push(await startJudge(environment));
    for (let count = 0; count < kills; count += 1) {
      const killed = killOne();
      await append();
      await killed;
    }
    await Promise.all(running.splice(0).map(kill));
    for (let rounds = 0; rounds < 8; rounds += 1) await runEventWork(deps, runtime.now() + 60_000);
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
    const raised = due.hot.filter((line) => line.startsWith('holding')).map((line) => Number(line.split(' ')[1]));
    wrong.push(...(await wrongAlarms(deps, isHot, times)), ...(await wrongTasks(deps, raised)));
    return { kills, events: n, occurrences, tasks: raised.length, wrong };
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

type Deps = ReturnType<typeof withTasks>;

/** Nobody acknowledges: the alarm of a room is raised while it is hot, and has returned otherwise. */
async function wrongAlarms(
  deps: Deps,
  isHot: ReadonlyMap<string, boolean>,
  times: ReadonlyMap<string, number>,
): Promise<string[]> {
  const filter = { states: new Set(ALARM_STATES), severities: null, key: null };
  const scope = { ...deps, tenant: PUBLIC.tenant };
  const triggers = [...deps.app.triggers.values()].filter(({ alarm }) => alarm !== null);
  const { alarms } = await listAlarms(scope, triggers, filter, { limit: 100, cursor: null });
  const found = new Map(alarms.map(({ key, state, count }) => [key ?? '', `${state} ${count} times`]));
  return [...isHot].flatMap(([room, hot]) => {
    const expected = `${hot ? 'raised' : 'returned'} ${times.get(room) ?? 0} times`;
    return found.get(room) === expected ? [] : [`the alarm of ${room}: ${found.get(room)} for ${expected}`];
  });
}

async function wrongTasks(deps: Deps, expected: readonly number[]): Promise<string[]> {
  const principal = reactingAs(PUBLIC.tenant, 'hot');
  const begun: number[] = [];
  let after: string | null = null;
  do {
    const page: Awaited<ReturnType<typeof listTasks>> = await listTasks(deps, principal, {
      limit: 100,
      ...(after === null ? {} : { after }),
    });
    for (const { taskId } of page.tasks) {
      const input = taskInput.read(await deps.store.get(inputKey(PUBLIC.tenant, taskId), deps.runtime.now()));
      begun.push((input?.input as { n: number } | undefined)?.n ?? -1);
    }
    after = page.next;
  } while (after !== null);
  const twice = begun.filter((n, at) => begun.indexOf(n) !== at);
  const missing = expected.filter((n) => !begun.includes(n));
  const strange = begun.filter((n) => !expected.includes(n));
  return Object.entries({ twice, missing, strange }).flatMap(([what, all]) =>
    all.length === 0 ? [] : [`tasks that are ${what}: ${all.join(', ')}`],
  );
}
