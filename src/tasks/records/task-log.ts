/** The log of a principal's tasks that ended: whatever follows from an end follows this log. Who appends to it trims it. */
import * as z from 'zod';
import type { Owner, Principal } from '../../base/principal.ts';
import { asTidegateError } from '../../base/errors.ts';
import { sureTime } from '../../store/clock-seen.ts';
import { logEntry } from '../../store/record.ts';
import type { Operation } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import type { Header, TaskStatus } from './header.ts';

export function taskLog({ tenant, subject }: Owner): string {
  return `${tenant}/task-log/${subject}`;
}

export interface EndedTask {
  taskId: string;
  task: string;
  status: TaskStatus;
  /** Epoch ms */
  at: number;
}

export const endedTask = logEntry<EndedTask>('end of a task', () =>
  z.object({
    taskId: z.string(),
    task: z.string(),
    status: z.enum(['working', 'input_required', 'completed', 'failed', 'cancelled']),
    at: z.number(),
  }),
);

/** How many entries are kept. Some hundred more may stand there until somebody looks. */
export const KEPT_ENDS = 10_000;
/** How long entries are kept, ms. */
export const KEPT_ENDS_MS = 7 * 86_400_000;
/** One end in so many trims the log. */
const LOOK_EVERY = 100;

export function endEntry(taskId: string, { principal, task, status, updatedAt }: Header): Operation {
  return endedTask.append(taskLog(principal), [{ taskId, task, status, at: updatedAt }]);
}

/** Called after each end; most calls do nothing. A failure is logged, and a later end tries again. */
export async function trimTaskLog({ store, runtime }: Deps, principal: Principal): Promise<void> {
  if (runtime.random() * LOOK_EVERY >= 1) return;
  const now = runtime.now();
  try {
    const log = taskLog(principal);
    const agesBy = await sureTime({ store, runtime });
    await store.trim(log, { now, keep: KEPT_ENDS, limit: 10 * LOOK_EVERY });
    await store.trim(log, { now, appendedBefore: agesBy - KEPT_ENDS_MS, limit: 10 * LOOK_EVERY });
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    runtime.log('warn', 'the log of tasks that ended is not trimmed', { code, message });
  }
}
