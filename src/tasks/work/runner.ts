/**
 * Works on tasks in a process that stays up: on those that are created here at once, and on those that are due when it looks.
 * Any number of runners may share a store.
 */
import { asTidegateError } from '../../base/errors.ts';
import { DUE_LIMIT } from '../../store/limits.ts';
import type { DueRecord } from '../../store/store.ts';
import type { Dispatch } from '../records/dispatch.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { taskOfDue, TASK_QUEUE } from '../records/names.ts';
import { TASK_LEASE_MS } from './run-due.ts';
import { createTurns, type Turns } from './turns.ts';

export interface RunnerOptions {
  /** Turns at once; default 16. */
  concurrency?: number;
  leaseMs?: number;
  /** Longest time of a turn, ms; default 120,000. */
  turnMs?: number;
  /** Pause between two looks at what is due, ms; default 1,000. */
  everyMs?: number;
}

export interface Runner {
  dispatch: Dispatch;
  /** Asks turns under way to end, so that their tasks go on elsewhere, and resolves when all have. */
  stop(): Promise<void>;
}

export function startRunner(deps: TaskDeps, options: RunnerOptions = {}): Runner {
  const { concurrency = 16, leaseMs = TASK_LEASE_MS, turnMs = 120_000, everyMs = 1_000 } = options;
  const ending = new AbortController();
  const { signal } = ending;
  const turns = createTurns(deps, { concurrency, leaseMs, turnMs, soonMs: 2 * everyMs, signal });
  const looking = look(deps, turns, everyMs, signal);
  return {
    dispatch: {
      leaseMs: () => (turns.promise() ? leaseMs : null),
      settle: () => turns.settle(),
      wake: (tenant, taskId, found) => turns.wake(tenant, taskId, found),
    },
    async stop() {
      ending.abort();
      await looking;
      await turns.drain();
    },
  };
}

/** Looks again and again for tasks that are due, and begins turns for as many as there are places. */
async function look(deps: TaskDeps, turns: Turns, everyMs: number, signal: AbortSignal): Promise<void> {
  const { runtime } = deps;
  while (!signal.aborted) {
    const free = turns.free();
    let started = 0;
    turns.wasBroken();
    if (free > 0) {
      try {
        started = await beginDue(deps, turns, free + turns.underWay());
      } catch (thrown) {
        const { code, message } = asTidegateError(thrown);
        runtime.log('error', `tasks: ${message}`, { code });
      }
    }
    // A full page: more may be due, so it looks again as soon as there is a place.
    const isFull = started > 0 && started === free;
    if (isFull) await turns.oneEnded();
    // A store that breaks turns off is not asked again at once.
    if (!isFull || turns.wasBroken()) await runtime.sleep(everyMs, signal);
  }
}

/**
 * Answers how many due tasks were begun. Those that were broken off here come last, the one that was broken off longest ago first:
 * where they cannot be put off either, they are found before all others of their shard.
 */
async function beginDue({ store, runtime }: TaskDeps, turns: Turns, most: number): Promise<number> {
  const from = Math.floor(runtime.random() * 16);
  const places = new Map([...turns.brokenOff()].map((taskId, index) => [taskId, index + 1]));
  const placeOf = (record: DueRecord) => places.get(taskOfDue(record).taskId) ?? 0;
  const limit = Math.min(DUE_LIMIT, most + places.size);
  const due = await store.due(TASK_QUEUE, { now: runtime.now(), limit, from });
  let started = 0;
  for (const record of due.toSorted((a, b) => placeOf(a) - placeOf(b))) {
    const { tenant, taskId } = taskOfDue(record);
    if (turns.has(taskId) || turns.free() <= 0) continue;
    turns.wake(tenant, taskId, record);
    started += 1;
  }
  return started;
}
