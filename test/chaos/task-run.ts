/**
 * Kills runners of tasks at seeded moments, two at a time side by side, while tasks are begun, answered and worked on; and
 * then looks at what became of them. What it has to be is for the verdict to say.
 */
import { asTidegateError } from '../../src/base/errors.ts';
import { setTimeout as sleep } from 'node:timers/promises';
import { PUBLIC } from '../../src/base/principal.ts';
import { isPresent, type RecordKey, type Store } from '../../src/store/store.ts';
import { BY_SCHEDULE } from '../../src/tasks/records/dispatch.ts';
import { hasEnded, type Header } from '../../src/tasks/records/header.ts';
import { taskPartition } from '../../src/tasks/records/names.ts';
import { taskChange, taskLog } from '../../src/tasks/records/task-log.ts';
import { ownPartition } from '../../src/tasks/records/list.ts';
import { REMEMBERED } from '../../src/tasks/records/remembered.ts';
import { assignmentKey } from '../../src/tasks/records/assignment.ts';
import { headerKey } from '../../src/tasks/records/header.ts';
import type { Assignment } from '../../src/tasks/records/assignment.ts';
import { createTasks } from '../../src/tasks/work/service.ts';
import type { Engine } from '../services/engine.ts';
import { seededRandom } from '../../src/store/contract/seeded.ts';
import { EVERY_MS, LEASE_MS, onTaskStage, type TaskKillStage, type TaskWorker } from './task-stage.ts';
import type { TaskRunReport } from './task-verdict.ts';
import { ASKS_EVERY } from './task-app.ts';
import { comesToHold } from './until.ts';

export interface TaskRun {
  engine: Engine;
  seed: number;
  kills: number;
  /** All in all; some are begun before each kill. */
  tasks: number;
  /** What the machine may take beyond a lease and an interval until a task is taken up; default 2,000. */
  toleranceMs?: number;
}

const TENANT = PUBLIC.tenant;
/** A kill falls somewhere in this time after tasks were begun. */
const KILL_WITHIN_MS = 700;
const HOLD_WITHIN_MS = 5_000;
const SETTLE_MS = 60_000;
const SETTLE_EVERY_MS = 200;
const ANSWER_EVERY_MS = 100;
const LOOK_EVERY_MS = 25;

export function taskRun({ engine, seed, kills, tasks: wanted, toleranceMs = 2_000 }: TaskRun): Promise<TaskRunReport> {
  const random = seededRandom(seed);
  return onTaskStage(engine, async (stage) => {
    const { store } = stage.deps;
    const begun = new Map<number, string>();
    const killed: TaskRunReport['kills'] = [];
    const takenUpMs: number[] = [];
    let workers = await Promise.all(['w0', 'w1'].map((name) => stage.startWorker(name)));
    const over = new AbortController();
    const answering = answerAll(stage, begun, over.signal);

    const beginAll = (from: number, to: number) =>
      Promise.all(Array.from({ length: to - from }, (_, index) => beginOne(from + index)));
    /** Begun at one process, and under the same key at the next where that was killed before it answered. */
    async function beginOne(n: number): Promise<void> {
      for (let place = n; !begun.has(n); place += 1) {
        const taskId = await workers[place % workers.length]!.begin(n);
        if (taskId !== null) begun.set(n, taskId);
        else await sleep(20);
      }
    }

    for (let count = 0; count < kills; count += 1) {
      const from = Math.floor((wanted * count) / kills);
      const beginning = beginAll(from, Math.floor((wanted * (count + 1)) / kills));
      await sleep(random() * KILL_WITHIN_MS);
      const place = Math.floor(random() * workers.length);
      const victim = workers[place]!;
      // Half of the kills fall anywhere, also into a beginning; the others surely into work.
      if (count % 2 === 0) await comesToHold(() => holdsAny(store, begun, victim), HOLD_WITHIN_MS);
      const at = Date.now();
      await victim.kill();
      killed.push({ worker: victim.name, at });
      const next = stage.startWorker(`w${count + 2}`);
      takenUpMs.push(...(await takeUp(store, begun, victim, at)));
      workers = workers.with(place, await next);
      await beginning;
    }
    await allEnded(store, [...begun.values()]);
    over.abort();
    await answering;
    await Promise.all(workers.map((worker) => worker.kill()));
    const found = await Promise.all([...begun.values()].map((taskId) => findTask(store, taskId)));
    const own = await store.list(ownPartition(PUBLIC), { now: Date.now(), limit: 1_000 });
    const ends = await endsOf(store);
    return {
      kills: killed,
      wanted,
      listed: own.records.length,
      tasks: found,
      ends,
      marks: stage.marks(),
      takenUpMs,
      leaseMs: LEASE_MS[engine],
      withinMs: LEASE_MS[engine] + EVERY_MS + toleranceMs,
    };
  });
}

function isHeldBy({ name }: TaskWorker): (run: unknown) => boolean {
  return (run) => (run as Assignment | null)?.holder?.startsWith(`${name}.`) === true;
}

async function holdsAny(store: Store, begun: ReadonlyMap<number, string>, worker: TaskWorker): Promise<boolean> {
  const newest = [...begun.values()].slice(-20);
  return (await readAll(store, newest, assignmentKey)).some(isHeldBy(worker));
}

/** Waits until nothing is held by the victim any more; how long each took from its end on, ms. */
async function takeUp(
  store: Store,
  begun: ReadonlyMap<number, string>,
  victim: TaskWorker,
  at: number,
): Promise<number[]> {
  const isHeld = isHeldBy(victim);
  let held = [...begun.values()];
  const took: number[] = [];
  for (let first = true; held.length > 0; first = false) {
    const runs = await readAll(store, held, assignmentKey);
    const still = held.filter((_, index) => isHeld(runs[index]));
    if (!first) took.push(...Array.from({ length: held.length - still.length }, () => Date.now() - at));
    held = still;
    if (Date.now() - at > SETTLE_MS) return [...took, ...held.map(() => Number.POSITIVE_INFINITY)];
    await sleep(LOOK_EVERY_MS);
  }
  return took;
}

/** Answers what is asked from here, which is no runner; now and then twice. */
async function answerAll(
  { deps }: TaskKillStage,
  begun: ReadonlyMap<number, string>,
  signal: AbortSignal,
): Promise<void> {
  const tasks = createTasks(deps, BY_SCHEDULE);
  const done = new Set<string>();
  while (!signal.aborted) {
    const ids = [...begun].flatMap(([n, taskId]) => (n % ASKS_EVERY === 0 && !done.has(taskId) ? [taskId] : []));
    const headers = await readAll(deps.store, ids, headerKey);
    for (const [index, taskId] of ids.entries()) {
      const header = headers[index] as Header | null;
      if (header === null || header.status !== 'input_required') continue;
      const answer = { go: { action: 'accept', content: { yes: true } } };
      const again = () => tasks.answer(PUBLIC, taskId, answer, Date.now() + 10_000);
      try {
        await Promise.all([again(), again()]);
        done.add(taskId);
      } catch (thrown) {
        // As a client does: a store that is too busy to say is asked again.
        if (!['store_unavailable', 'store_unknown'].includes(asTidegateError(thrown).code)) throw thrown;
      }
    }
    await deps.runtime.sleep(ANSWER_EVERY_MS, signal);
  }
}

/** Waits until all have ended, with a bound: what has not is for the verdict to tell. */
async function allEnded(store: Store, taskIds: readonly string[]): Promise<void> {
  const last = Date.now() + SETTLE_MS;
  for (let left = taskIds; left.length > 0 && Date.now() < last;) {
    const headers = (await readAll(store, left, headerKey)) as Header[];
    left = left.filter((_, index) => !hasEnded(headers[index]!));
    await sleep(SETTLE_EVERY_MS);
  }
}

async function readAll(
  store: Store,
  taskIds: readonly string[],
  keyOf: (tenant: string, taskId: string) => RecordKey,
): Promise<unknown[]> {
  const values: unknown[] = [];
  for (let from = 0; from < taskIds.length; from += 100) {
    const keys = taskIds.slice(from, from + 100).map((taskId) => keyOf(TENANT, taskId));
    values.push(...(await store.getMany(keys, Date.now())).map((reading) => reading.value));
  }
  return values;
}

async function findTask(store: Store, taskId: string): Promise<TaskRunReport['tasks'][number]> {
  const [header, run] = await store.getMany([headerKey(TENANT, taskId), assignmentKey(TENANT, taskId)], Date.now());
  const prefix = `${REMEMBERED}step `;
  const { records } = await store.list(taskPartition(TENANT, taskId), { now: Date.now(), limit: 100, prefix });
  const { status, result } = header!.value as unknown as Header;
  const values = records.map(({ id, value }) => [`${taskId}/${id.slice(REMEMBERED.length)}`, attemptOf(value)]);
  return {
    taskId,
    status,
    remembered: Object.fromEntries(values) as Record<string, string>,
    attempts: (result?.structuredContent as { attempts?: string[] } | undefined)?.attempts ?? [],
    hasRun: run !== undefined && isPresent(run),
  };
}

function attemptOf(value: unknown): string {
  return (value as { value?: string }).value ?? 'none';
}

async function endsOf(store: Store): Promise<Record<string, number>> {
  const ends: Record<string, number> = {};
  for (let cursor: string | null = null; ;) {
    const page = await store.read(taskLog(PUBLIC), cursor, 1_000);
    for (const { value } of page.entries) {
      const { taskId, status } = taskChange.decode(value);
      if (!hasEnded({ status })) continue;
      ends[taskId] = (ends[taskId] ?? 0) + 1;
    }
    if (page.entries.length === 0) return ends;
    cursor = page.cursor;
  }
}
