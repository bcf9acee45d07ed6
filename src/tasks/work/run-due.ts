/**
 * `runTasks`: works on tasks that are due, of every tenant, several at once, until none is due or the time is over. A call that is missed,
 * doubled or overlaps another does no harm, because the lease decides. How many store calls it makes depends on how many tasks
 * are due, and not on how many there are, nor on how many tenants.
 */
import { asTidegateError } from '../../base/errors.ts';
import { workOnDue } from '../../store/due.ts';
import { DUE_LIMIT } from '../../store/limits.ts';
import type { DueRecord } from '../../store/store.ts';
import { type Claim, claimTask, type NoClaim } from '../records/claim.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { isWaiter, TASK_QUEUE, taskOfDue } from '../records/names.ts';
import type { TurnEnd } from '../turn/turn.ts';
import { takeTurn } from '../turn/take-turn.ts';
import { settleDue } from '../waits/left.ts';
import { type Scope, scopeOf } from '../../streams/scope.ts';

export interface RunTasksOptions {
  /** Turns at once; default 8. */
  concurrency?: number;
  /** Default 30,000. Less only where all who share the store share a clock. */
  leaseMs?: number;
  /** Longest time of a turn, ms; default: up to the deadline. */
  turnMs?: number;
  signal?: AbortSignal;
}

export interface TasksReport {
  /** Turns taken. */
  entered: number;
  ended: number;
  /** Turns that the store broke off. */
  broken: number;
  /** Something was still due. */
  more: boolean;
  /** When the earliest of the tasks that were left here goes on, epoch ms; null: none was. */
  nextAt: number | null;
}

export const TASK_LEASE_MS = 30_000;
const CONCURRENCY = 8;
const LOOK = 100;
/** With less time than this left no turn begins, ms. */
const LEAST_MS = 1_000;

/** @throws TidegateError `store_unavailable` where what is due cannot be read; what breaks one turn off is logged. */
export async function runTasks(deps: TaskDeps, deadline: number, options: RunTasksOptions = {}): Promise<TasksReport> {
  const { store, runtime } = deps;
  const { concurrency = CONCURRENCY, signal } = options;
  const report: TasksReport = { entered: 0, ended: 0, broken: 0, more: false, nextAt: null };
  const isOver = () => signal?.aborted === true || deadline - runtime.now() < LEAST_MS;
  /** Tasks that were broken off in this call. Where they could not be put off, they are found again before all others. */
  const broken = new Set<string>();

  while (!isOver()) {
    const from = Math.floor(runtime.random() * 16);
    const limit = Math.min(DUE_LIMIT, LOOK + broken.size);
    const found = await store.due(TASK_QUEUE, { now: runtime.now(), limit, from });
    const due = found.filter((record) => !broken.has(nameOf(record)));
    report.more = found.length > 0 || broken.size > 0;
    if (due.length === 0) return report;
    const before = report.entered;
    const work = [...new Map(due.map((record) => [nameOf(record), record])).values()][Symbol.iterator]();
    const worker = async () => {
      for (const record of work) {
        if (isOver()) return;
        const end = await workOn(deps, record, deadline, options);
        if (end === 'broken') broken.add(nameOf(record));
        tally(report, end);
      }
    };
    await Promise.all(Array.from({ length: Math.min(concurrency, due.length) }, worker));
    // Others work on all that there is.
    if (report.entered === before) return { ...report, more: broken.size > 0 };
  }
  return report;
}

/** Takes a task up by its id and works on it for one turn, or says why not. */
export async function takeUpTask(
  scope: Scope<TaskDeps>,
  taskId: string,
  deadline: number,
  { leaseMs = TASK_LEASE_MS, signal, turnMs, early = false }: RunTasksOptions & { early?: boolean } = {},
): Promise<TurnEnd | NoClaim> {
  const claim = await claimTask(scope, taskId, { leaseMs, deadline, early });
  if (typeof claim === 'string') return claim;
  return work(scope, claim, deadline, { leaseMs, ...(signal ? { signal } : {}), ...(turnMs ? { turnMs } : {}) });
}

/**
 * Takes up the task of a due record: of an assignment, or of a waiter that holds or whose time has come. `newer`: a newer
 * release has written something of it, and the record is passed over for a while. Where the store fails, or something of the task
 * cannot be read, the record is put off, so that it keeps no other task from being found.
 */
export function takeUpDue(
  scope: Scope<TaskDeps>,
  record: DueRecord,
  deadline: number,
  options: RunTasksOptions = {},
): Promise<TurnEnd | NoClaim | 'newer'> {
  return workOnDue(scope, [record], deadline, async () => {
    const end = await takeUpTask(scope, taskOfDue(record).taskId, deadline, { ...options, early: isWaiter(record) });
    // A turn that ended or was lost has left no waiter behind, and who was faster sees to this one.
    const isSettled = end === 'outrun' || (typeof end === 'object' && end.outcome !== 'left');
    if (!isSettled) await settleDue(scope, record, end === 'ended', deadline);
    return end;
  });
}

/** Works on a task that is ours, for one turn. @throws TidegateError where the store fails */
export function work(
  scope: Scope<TaskDeps>,
  claim: Claim,
  deadline: number,
  { leaseMs = TASK_LEASE_MS, turnMs, signal }: RunTasksOptions = {},
): Promise<TurnEnd> {
  const until = Math.min(deadline, scope.runtime.now() + (turnMs ?? Number.POSITIVE_INFINITY));
  return takeTurn(scope, claim, { leaseMs, deadline: until, ...(signal ? { signal } : {}) });
}

async function workOn(
  deps: TaskDeps,
  record: DueRecord,
  deadline: number,
  options: RunTasksOptions,
): Promise<TurnEnd | 'broken' | null> {
  const task = taskOfDue(record);
  try {
    const end = await takeUpDue(scopeOf(deps, task), record, deadline, options);
    return typeof end === 'string' ? null : end;
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    const { taskId } = task;
    deps.runtime.log('error', 'the store broke an entry of a task; it is taken up again', { taskId, code, message });
    return 'broken';
  }
}

function nameOf(record: DueRecord): string {
  const { tenant, taskId } = taskOfDue(record);
  return `${tenant}/${taskId}`;
}

function tally(report: TasksReport, end: TurnEnd | 'broken' | null): void {
  if (end === null) return;
  report.entered += 1;
  if (end === 'broken') report.broken += 1;
  else if (end.outcome === 'ended') report.ended += 1;
  else if (end.outcome === 'left') report.nextAt = Math.min(report.nextAt ?? end.dueAt, end.dueAt);
}
