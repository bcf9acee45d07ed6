/** What goes on beside an entry of a task: its lease is kept, progress written, and looked whether the task was cancelled. */
import type { Runtime } from '../../base/runtime.ts';
import type { Journal } from './journal.ts';

/** Progress is written, and the lease looked at, so often. */
export const BEAT_MS = 1_000;
/** Whether the task was cancelled is looked up so often, while nothing is written. */
const LOOK_MS = 5_000;

/** Resolves with true when the task is lost, with false when it is `over`. @param beat what is written with the next commit */
export async function keepUp(
  runtime: Pick<Runtime, 'sleep'>,
  journal: Pick<Journal, 'keep' | 'look'>,
  leaseMs: number,
  over: AbortSignal,
  beat: () => void,
): Promise<boolean> {
  const beatMs = Math.min(BEAT_MS, leaseMs / 4);
  // Beats are counted, and not the time, as a clock may be set back.
  for (let beats = 1; ; beats += 1) {
    await runtime.sleep(beatMs, over);
    if (over.aborted) return false;
    beat();
    if ((await journal.keep()) === 'lost') return true;
    if ((beats * beatMs) % LOOK_MS >= beatMs) continue;
    if ((await journal.look()) === 'lost') return true;
  }
}
