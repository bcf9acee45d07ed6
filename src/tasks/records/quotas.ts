/** What the quotas of tasks and waits count. */
import type { App } from '../../declare/app.ts';
import type { Quota } from '../../store/quotas.ts';
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
