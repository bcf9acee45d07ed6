/**
 * A store in which a restore was broken off holds a part of a backup. Nothing may take that for whole: what an app appended there would
 * stand where the rest of the backup belongs. So whoever opens a store to work on it asks here first.
 */
import { TidegateError } from '../base/errors.ts';
import { APP_TENANT } from '../base/principal.ts';
import type { Runtime } from '../base/runtime.ts';
import { isPresent, type RecordKey, type Store } from '../store/store.ts';

/** The record that says how far a restore is. It is no part of a backup. */
export const RESTORE_KEY: RecordKey = { partition: `${APP_TENANT}/restore`, id: 'state' };

/** @throws TidegateError `store_damaged` until the restore has gone on to its end; what the store throws */
export async function refuseHalfRestored(store: Pick<Store, 'get'>, runtime: Pick<Runtime, 'now'>): Promise<void> {
  const state = await store.get(RESTORE_KEY, runtime.now());
  if (!isPresent(state) || JSON.stringify(state.value).includes('"stage":"held"')) return;
  throw new TidegateError(
    'store_damaged',
    'a restore of this store was broken off, or is under way: what it holds is not whole',
    {
      expected: 'a store that was restored to its end',
      hint: 'tidegate restore with the same file goes on; with --replace it begins anew, from any backup',
    },
  );
}
