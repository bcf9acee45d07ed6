/** What goes on beside `run` in a turn: the lease is kept, progress is written, and a cancelled task is noticed. */
import type { Runtime } from '../../base/runtime.ts';
import type { Journal } from './journal.ts';

/** How often progress is written and the lease is looked at, ms. */
export const BEAT_MS = 1_000;
/** How often the turn looks whether the task was cancelled, while nothing is written, ms. */
const LOOK_MS = 5_000;

/**
 * Resolves with true when the task is lost, with false when the turn is `over`.
 * @param beat called before each look at the lease: it may change the header
 */
export async function keepUp(
  runtime: Pick<Runtime, 'sleep'>,
  journal: Pick<Journal, 'keep' | 'look'>,
  leaseMs: number,
  over: AbortSignal,
  beat: () => void,
): Promise<boolean> {
  const beatMs = Math.min(BEAT_MS, leaseMs / 4);
  // Beats are counted instead of the time, because a clock may be set back.
  for (let beats = 1; ; beats += 1) {
    await runtime.sleep(beatMs, over);
    if (over.aborted) return false;
    beat();
    if ((await journal.keep()) === 'lost') return true;
    if ((beats * beatMs) % LOOK_MS >= beatMs) continue;
    if ((await journal.look()) === 'lost') return true;
  }
}
