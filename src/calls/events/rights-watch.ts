/** Asks now and then whether who listens still may, for as long as it listens: rights end while a request stays open. */
import type { Principal } from '../../base/principal.ts';
import type { Runtime } from '../../base/runtime.ts';

/**
 * Who calls by now, by what it brought with its request; null: nobody any more, or somebody else. Rejects where that cannot be found
 * out now.
 */
export type PrincipalNow = () => Promise<Principal | null>;

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

/**
 * Resolves with true when who listens may do something else than when it began: what it is told is made for that, and who comes back is
 * served by what it may do then. False: nobody listens any more, or nobody can tell.
 */
export async function haveRightsChanged(
  runtime: Pick<Runtime, 'sleep'>,
  signal: AbortSignal,
  { scopes }: Pick<Principal, 'scopes'>,
  now: PrincipalNow | null,
): Promise<boolean> {
  if (now === null) return false;
  const began = textOf(scopes);
  const changed = async () => {
    const principal = await now();
    return principal !== null && textOf(principal.scopes) === began ? null : 'changed';
  };
  return (await watchRights(runtime, signal, changed)) !== null;
}

function textOf(scopes: readonly string[]): string {
  return JSON.stringify(scopes.toSorted());
}
