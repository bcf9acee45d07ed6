/**
 * Works on tasks in a process that stays up: on those that are created here at once, and on those that are due when it looks.
 * Any number of runners may share a store.
 */
import { asTidegateError } from '../../base/errors.ts';
import { tenantsOf } from '../../base/principal.ts';
import type { DueRecord } from '../../store/store.ts';
import type { Claim, NoClaim } from '../records/claim.ts';
import type { Dispatch } from '../records/dispatch.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { taskOfDue, taskQueue } from '../records/names.ts';
import { takeUpDue, takeUpTask, TASK_LEASE_MS, work } from './run-due.ts';
import type { TurnEnd } from '../turn/turn.ts';
import { scopeOf } from '../../streams/scope.ts';

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

/** Most tasks that wait here, for a place or for their time. A look finds the others when they are due. */
const MOST_WAITING = 1_000;

export function startRunner(deps: TaskDeps, options: RunnerOptions = {}): Runner {
  const { concurrency = 16, leaseMs = TASK_LEASE_MS, turnMs = 120_000, everyMs = 1_000 } = options;
  const { runtime, store } = deps;
  const ending = new AbortController();
  const { signal } = ending;
  const running = new Map<string, Promise<void>>();
  /** The tenants of tasks that wait for a place, by the tasks' ids. */
  const waiting = new Map<string, string>();
  let timers = 0;
  /** Places that were given to tasks that are being created. */
  let promised = 0;
  let broken = false;

  /** @param found a claim of ours, or a due record; null: somebody has asked to look at the task */
  function run(tenant: string, taskId: string, found: Claim | DueRecord | null): void {
    const until = runtime.now() + turnMs;
    const turn =
      found === null
        ? takeUpTask(scopeOf(deps, { tenant }), taskId, until, { leaseMs, signal, early: true })
        : 'dueAt' in found
          ? takeUpDue(scopeOf(deps, { tenant }), found, until, { leaseMs, signal })
          : work(scopeOf(deps, { tenant }), found, until, { leaseMs, signal });
    const done = turn.then(after, (thrown: unknown) => {
      const { code, message } = asTidegateError(thrown);
      broken = true;
      runtime.log('error', 'the store broke an entry of a task; it is taken up again', { taskId, code, message });
    });
    running.set(
      taskId,
      done.finally(() => {
        running.delete(taskId);
        const [next] = waiting;
        if (next === undefined || signal.aborted) return;
        const [id, whose] = next;
        waiting.delete(id);
        wake(whose, id, null);
      }),
    );

    /** A task that goes on soon is taken up again when its time comes, without a look. */
    function after(end: TurnEnd | NoClaim | 'newer'): void {
      if (typeof end === 'string' || end.outcome !== 'left' || signal.aborted || timers >= MOST_WAITING) return;
      const ms = Math.max(0, end.dueAt - runtime.now());
      if (ms > 2 * everyMs) return;
      void wakeIn(ms, tenant, taskId);
    }
  }

  async function wakeIn(ms: number, tenant: string, taskId: string): Promise<void> {
    timers += 1;
    await runtime.sleep(ms, signal);
    timers -= 1;
    wake(tenant, taskId, null);
  }

  function wake(tenant: string, taskId: string, found: Claim | DueRecord | null): void {
    const isOurs = found !== null && !('dueAt' in found);
    if (signal.aborted && !isOurs) return;
    const isFree = running.size + promised < concurrency && !running.has(taskId);
    if (isOurs || isFree) run(tenant, taskId, found);
    else if (waiting.size < MOST_WAITING) waiting.set(taskId, tenant);
  }

  /** Answers how many due tasks of the tenant were begun. */
  async function lookAt(tenant: string, limit: number): Promise<number> {
    const from = Math.floor(runtime.random() * 16);
    const due = await store.due(taskQueue(tenant), { now: runtime.now(), limit, from });
    let started = 0;
    for (const record of due) {
      const taskId = taskOfDue(record);
      if (running.has(taskId) || running.size + promised >= concurrency) continue;
      wake(tenant, taskId, record);
      started += 1;
    }
    return started;
  }

  async function look(): Promise<void> {
    while (!signal.aborted) {
      const free = concurrency - running.size - promised;
      let started = 0;
      broken = false;
      if (free > 0) {
        try {
          for (const tenant of await tenantsOf(deps)) started += await lookAt(tenant, free + running.size);
        } catch (thrown) {
          const { code, message } = asTidegateError(thrown);
          runtime.log('error', `tasks: ${message}`, { code });
        }
      }
      // A full page: more may be due, so it looks again as soon as there is a place.
      const isFull = started > 0 && started === free;
      if (isFull) await Promise.race(running.values());
      // A store that breaks turns off is not asked again at once.
      if (!isFull || broken) await runtime.sleep(everyMs, signal);
    }
  }

  const looking = look();
  return {
    dispatch: {
      leaseMs() {
        if (running.size + promised >= concurrency || signal.aborted) return null;
        promised += 1;
        return leaseMs;
      },
      settle() {
        promised -= 1;
      },
      wake,
    },
    async stop() {
      ending.abort();
      waiting.clear();
      await looking;
      await Promise.allSettled(running.values());
    },
  };
}
