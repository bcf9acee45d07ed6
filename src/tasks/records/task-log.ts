/**
 * The log of what changed of a principal's tasks: an entry goes with each commit that changes a header, so a follower misses
 * no end, no question and no message. An entry says only that something changed; what a task is like now stands in its
 * header. Who appends to the log trims it.
 */
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

/** Whether a log is that of some owner's tasks. */
export function isTaskLog(log: string): boolean {
  return log.split('/', 2)[1] === 'task-log';
}

export interface TaskChange {
  taskId: string;
  task: string;
  /** Since this change. */
  status: TaskStatus;
  /** Epoch ms */
  at: number;
  /** The session of 2025-11-25 in which it was begun; absent: in none. */
  session?: string | undefined;
}

export const taskChange = logEntry<TaskChange>('change of a task', () =>
  z.object({
    taskId: z.string(),
    task: z.string(),
    status: z.enum(['working', 'input_required', 'completed', 'failed', 'cancelled']),
    at: z.number(),
    session: z.string().optional(),
  }),
);

/** How many entries are kept. Some hundred more may stand there until somebody looks. */
export const KEPT_CHANGES = 10_000;
/** How long entries are kept, ms. */
export const KEPT_CHANGES_MS = 7 * 86_400_000;
/** One change in so many trims the log. */
const LOOK_EVERY = 100;

/** @param header as the change leaves it */
export function changeEntry(taskId: string, { principal, task, status, updatedAt, session }: Header): Operation {
  const since = session === undefined ? {} : { session };
  return taskChange.append(taskLog(principal), [{ taskId, task, status, at: updatedAt, ...since }]);
}

/** Called after each change; most calls do nothing. A failure is logged, and a later change tries again. */
export async function trimTaskLog(
  { store, runtime }: Pick<Deps, 'store' | 'runtime'>,
  principal: Principal,
): Promise<void> {
  if (runtime.random() * LOOK_EVERY >= 1) return;
  const now = runtime.now();
  try {
    const log = taskLog(principal);
    const agesBy = await sureTime({ store, runtime });
    await store.trim(log, { now, keep: KEPT_CHANGES, limit: 10 * LOOK_EVERY });
    await store.trim(log, { now, appendedBefore: agesBy - KEPT_CHANGES_MS, limit: 10 * LOOK_EVERY });
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    runtime.log('warn', 'the log of what changed of tasks is not trimmed', { code, message });
  }
}
