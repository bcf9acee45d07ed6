/** The log of a principal's tasks that ended: what follows from an end follows it. It is kept short by those who append. */
import type { Principal } from '../../base/principal.ts';
import { asTidegateError } from '../../base/errors.ts';
import type { Operation } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import type { Header } from './header.ts';
import { taskLog } from './names.ts';

/** Entries that are kept, and for how long, ms; up to some hundred more stand there until the next look. */
export const KEPT_ENDS = 10_000;
export const KEPT_ENDS_MS = 7 * 86_400_000;
/** One end in so many looks whether the log is too long. */
const LOOK_EVERY = 100;

export function endEntry(taskId: string, { principal, task, status, updatedAt }: Header): Operation {
  return { kind: 'append', log: taskLog(principal), entries: [{ taskId, task, status, at: updatedAt }] };
}

/** To be called after an end; most calls do nothing. A failure is logged: the next end tries again. */
export async function trimTaskLog({ store, runtime }: Deps, principal: Principal): Promise<void> {
  if (runtime.random() * LOOK_EVERY >= 1) return;
  const now = runtime.now();
  try {
    const log = taskLog(principal);
    await store.trim(log, { now, keep: KEPT_ENDS, limit: 10 * LOOK_EVERY });
    await store.trim(log, { now, appendedBefore: now - KEPT_ENDS_MS, limit: 10 * LOOK_EVERY });
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    runtime.log('warn', 'the log of tasks that ended is not trimmed', { code, message });
  }
}
