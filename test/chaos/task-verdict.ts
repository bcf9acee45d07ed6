/** What a run of killed task runners has to show, as sentences about what is wrong; none when all promises held. */
import type { Mark } from './task-app.ts';
import { STEPS } from './task-app.ts';

export interface TaskRunReport {
  kills: { worker: string; at: number }[];
  /** Tasks that were to be begun, and those that the store lists. */
  wanted: number;
  listed: number;
  tasks: {
    taskId: string;
    status: string;
    /** The tries whose answers are remembered, by the step's idempotency key. */
    remembered: Record<string, string>;
    /** The tries that its result names. */
    attempts: string[];
    /** Whether its run still stands. */
    hasRun: boolean;
  }[];
  /** Ends in the principal's log, by task. */
  ends: Record<string, number>;
  marks: Mark[];
  /** How long each task that a killed process held stood before another had it, ms. */
  takenUpMs: number[];
  leaseMs: number;
  /** By when it had to be. */
  withinMs: number;
}

export function taskVerdict(report: TaskRunReport): string[] {
  const { tasks, wanted, listed, ends, takenUpMs, withinMs } = report;
  const wrong: string[] = [];
  const say = (what: string, count: number) => {
    if (count > 0) wrong.push(`${count} ${what}`);
  };
  if (listed !== wanted) wrong.push(`${listed} tasks stand in the list, ${wanted} were begun`);
  say('tasks did not end completed', tasks.filter(({ status }) => status !== 'completed').length);
  say('tasks have a run after their end', tasks.filter(({ hasRun }) => hasRun).length);
  say('tasks have not one end in the log', tasks.filter(({ taskId }) => ends[taskId] !== 1).length);
  say(
    'results name other tries than those remembered',
    tasks.filter(({ attempts, remembered }) => !sameSet(attempts, Object.values(remembered))).length,
  );
  say('tasks remember not every step', tasks.filter((each) => Object.keys(each.remembered).length !== STEPS).length);
  const { again, unexplained } = repeats(report);
  say('steps began again after their answer was remembered', again);
  say('steps began again with no kill between, in processes that did not stand still', unexplained);
  say(`were not taken up within ${withinMs} ms`, takenUpMs.filter((ms) => ms > withinMs).length);
  return wrong;
}

/** Starts beyond the first of each step. */
export function extraStarts({ marks }: Pick<TaskRunReport, 'marks'>): number {
  const starts = marks.filter(({ what }) => what === 'start');
  return starts.length - new Set(starts.map(({ key }) => key)).size;
}

/** Times in which processes stood still for long enough to lose a lease. */
export function stalls({ marks }: Pick<TaskRunReport, 'marks'>): Mark[] {
  return marks.filter(({ what }) => what === 'stall');
}

/**
 * A try may be followed by another only where it was not remembered, and its own process was killed before, or stood still
 * and lost its lease.
 */
function repeats({ tasks, marks, kills, leaseMs }: TaskRunReport): { again: number; unexplained: number } {
  const killedAt = new Map(kills.map(({ worker, at }) => [worker, at]));
  const remembered = new Set(tasks.flatMap((each) => Object.values(each.remembered)));
  const last = new Map<string, Mark>();
  let [again, unexplained] = [0, 0];
  for (const mark of marks) {
    if (mark.what !== 'start') continue;
    const before = last.get(mark.key);
    last.set(mark.key, mark);
    if (!before) continue;
    if (remembered.has(before.attempt)) again += 1;
    else if (mark.at < (killedAt.get(before.worker) ?? Number.POSITIVE_INFINITY)) {
      const stood = stalls({ marks }).some(({ worker, at, ms = 0 }) => {
        return worker === before.worker && at >= before.at - leaseMs && at - ms <= mark.at;
      });
      if (!stood) unexplained += 1;
    }
  }
  return { again, unexplained };
}

function sameSet(a: readonly string[], b: readonly string[]): boolean {
  return a.length === b.length && a.every((each) => b.includes(each));
}
