/** What the quotas of tasks and waits count. */
import type { App } from '../../declare/app.ts';
import { policyOf } from '../../declare/spec/task.ts';
import type { Quota } from '../../store/quotas/quotas.ts';
import type { Catalog, TaskDeps } from './find-task.ts';
import { STATE_LIMITS, type StateLimits } from '../../streams/conditions/state.ts';

/** What is counted of a task beside its input: its other records, bytes. */
export const TASK_BYTES = 1_024;
/** Results of tasks are kept about so long, ms. */
const LASTS_MS = 86_400_000;

/** Bytes of inputs, until their tasks have ended otherwise than by failure, and of pages of results, for about a day. */
export function taskQuota({ quotas }: Pick<App, 'quotas'>): Quota {
  return {
    name: 'quotas.tasks',
    of: 'inputs and results of tasks',
    unit: 'bytes',
    each: quotas.tasks,
    all: quotas.allTasks,
    lastsMs: LASTS_MS,
    hint: 'cancel tasks that nobody needs, or send less',
  };
}

const longest = new WeakMap<Catalog, number>();

/** How long a task may work at most, ms. */
function longestOf(catalog: Catalog): number {
  const known =
    longest.get(catalog) ?? Math.max(LASTS_MS, ...[...catalog.values()].map((task) => policyOf(task).totalMs));
  longest.set(catalog, known);
  return known;
}

/**
 * Tasks of one caller that have not ended.
 * @param isOpen everybody is one caller, who has this limit only where the app declares it
 */
export function runningQuota({ app, catalog, isOpen = false }: Pick<TaskDeps, 'app' | 'catalog' | 'isOpen'>): Quota {
  const { quotas, options } = app;
  const isHeld = !isOpen || options.quotas?.runningTasks !== undefined;
  return {
    name: 'quotas.runningTasks',
    of: 'tasks',
    unit: 'tasks',
    each: isHeld ? quotas.runningTasks : null,
    all: null,
    lastsMs: longestOf(catalog),
    title: 'Too many tasks have not ended yet',
    hint: 'wait until some have ended, or cancel those that nobody needs',
  };
}

/** Waits for events on a stream that have not ended. */
export function waitQuota({ quotas }: Pick<App, 'quotas'>, stream: string): Quota {
  return {
    name: 'quotas.waits',
    within: stream,
    of: `waits on ${stream}`,
    unit: 'waits',
    each: quotas.waits,
    all: quotas.allWaits,
    lastsMs: LASTS_MS,
    hint: 'cancel waits that nobody needs, or let one wait look at several keys',
  };
}

/** What one wait may remember. */
export function limitsOfWait({ quotas }: Pick<App, 'quotas'>): StateLimits {
  return { ...STATE_LIMITS, subjects: quotas.waitKeys };
}
