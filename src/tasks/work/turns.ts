/**
 * The turns that one process has under way: a bounded number of places, tasks that wait for one, and turns that begin
 * again after a short sleep. It decides who works, not what is due: `runner.ts` looks for that.
 */
import { asTidegateError } from '../../base/errors.ts';
import type { DueRecord } from '../../store/store.ts';
import { scopeOf } from '../../streams/scope.ts';
import type { Claim, NoClaim } from '../records/claim.ts';
import type { TaskDeps } from '../records/find-task.ts';
import type { TurnEnd } from '../turn/turn.ts';
import { takeUpDue, takeUpTask, work } from './run-due.ts';

interface TurnsOptions {
  /** Most turns at once. */
  concurrency: number;
  leaseMs: number;
  /** Longest time of a turn, ms. */
  turnMs: number;
  /** A task that goes on within this time is begun again without a look at what is due, ms. */
  soonMs: number;
  /** Ends the turns under way. Only a claim of ours is still worked on after it. */
  signal: AbortSignal;
}

/** A claim of ours, or a due record; null: somebody has asked to look at the task. */
type Found = Claim | DueRecord | null;

export interface Turns {
  /** Begins a turn, or lets the task wait for a place. A task that waits twice, or in vain, is found when it is due. */
  wake(tenant: string, taskId: string, found: Found): void;
  /** Places that are free, with those promised taken off. */
  free(): number;
  underWay(): number;
  has(taskId: string): boolean;
  /** Keeps a place for a task that is being created; false: there is none. `settle` gives it back. */
  promise(): boolean;
  settle(): void;
  /** Whether the store broke a turn off since this was asked before. */
  wasBroken(): boolean;
  /** Tasks whose last turn here was broken off, in the order in which that happened. */
  brokenOff(): ReadonlySet<string>;
  /** Resolves when one of the turns under way has ended. */
  oneEnded(): Promise<unknown>;
  /** Resolves when all turns under way have ended. Nobody waits for a place any more. */
  drain(): Promise<unknown>;
}

/** Most tasks that wait here, for a place or for their time. A look finds the others when they are due. */
const MOST_WAITING = 1_000;
/** Most tasks of which it is known that their last turn was broken off. */
const MOST_BROKEN = 1_000;

export function createTurns(deps: TaskDeps, options: TurnsOptions): Turns {
  const { concurrency, leaseMs, turnMs, soonMs, signal } = options;
  const { runtime } = deps;
  const running = new Map<string, Promise<void>>();
  /** The tenants of tasks that wait for a place, by the tasks' ids. */
  const waiting = new Map<string, string>();
  let timers = 0;
  let promised = 0;
  let broken = false;
  const brokenOff = new Set<string>();

  const free = () => concurrency - running.size - promised;

  function begin(tenant: string, taskId: string, found: Found): Promise<TurnEnd | NoClaim | 'newer'> {
    const scope = scopeOf(deps, { tenant });
    const until = runtime.now() + turnMs;
    if (found === null) return takeUpTask(scope, taskId, until, { leaseMs, signal, early: true });
    if ('dueAt' in found) return takeUpDue(scope, found, until, { leaseMs, signal });
    return work(scope, found, until, { leaseMs, signal });
  }

  function run(tenant: string, taskId: string, found: Found): void {
    const done = begin(tenant, taskId, found).then(
      (end) => {
        brokenOff.delete(taskId);
        return goOnSoon(tenant, taskId, end);
      },
      (thrown: unknown) => {
        const { code, message } = asTidegateError(thrown);
        noteBroken(taskId);
        runtime.log('error', 'the store broke an entry of a task; it is taken up again', { taskId, code, message });
      },
    );
    running.set(
      taskId,
      done.finally(() => {
        running.delete(taskId);
        wakeNext();
      }),
    );
  }

  function noteBroken(taskId: string): void {
    broken = true;
    brokenOff.delete(taskId);
    if (brokenOff.size >= MOST_BROKEN) brokenOff.clear();
    brokenOff.add(taskId);
  }

  function wakeNext(): void {
    const [next] = waiting;
    if (next === undefined || signal.aborted) return;
    const [taskId, tenant] = next;
    waiting.delete(taskId);
    wake(tenant, taskId, null);
  }

  function goOnSoon(tenant: string, taskId: string, end: TurnEnd | NoClaim | 'newer'): void {
    if (typeof end === 'string' || end.outcome !== 'left' || signal.aborted || timers >= MOST_WAITING) return;
    const ms = Math.max(0, end.dueAt - runtime.now());
    if (ms <= soonMs) void wakeIn(ms, tenant, taskId);
  }

  async function wakeIn(ms: number, tenant: string, taskId: string): Promise<void> {
    timers += 1;
    await runtime.sleep(ms, signal);
    timers -= 1;
    wake(tenant, taskId, null);
  }

  function wake(tenant: string, taskId: string, found: Found): void {
    const isOurs = found !== null && !('dueAt' in found);
    if (signal.aborted && !isOurs) return;
    if (isOurs || (free() > 0 && !running.has(taskId))) run(tenant, taskId, found);
    else if (waiting.size < MOST_WAITING) waiting.set(taskId, tenant);
  }

  return {
    wake,
    free,
    underWay: () => running.size,
    has: (taskId) => running.has(taskId),
    promise() {
      if (free() <= 0 || signal.aborted) return false;
      promised += 1;
      return true;
    },
    settle() {
      promised -= 1;
    },
    wasBroken() {
      const was = broken;
      broken = false;
      return was;
    },
    brokenOff: () => brokenOff,
    oneEnded: () => Promise.race(running.values()),
    drain() {
      waiting.clear();
      return Promise.allSettled(running.values());
    },
  };
}
