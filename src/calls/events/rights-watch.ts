/** Asks now and then whether who listens still may, for as long as it listens: rights end while a request stays open. */
import type { Runtime } from '../../base/runtime.ts';

/** How often it is asked, ms. */
const ASKED_MS = 60_000;

/**
 * Resolves with why who listens may no more; null: nobody listens any more. What cannot be found out, because a store does not
 * answer, is asked again.
 * @param signal aborts when nobody listens any more
 * @param refusalNow answers null for who still may
 */
export async function watchRights<Refusal>(
  { sleep }: Pick<Runtime, 'sleep'>,
  signal: AbortSignal,
  refusalNow: () => Promise<Refusal | null>,
): Promise<Refusal | null> {
  for (;;) {
    await sleep(ASKED_MS, signal);
    if (signal.aborted) return null;
    const refusal = await refusalNow().catch(() => null);
    if (refusal !== null) return signal.aborted ? null : refusal;
  }
}
