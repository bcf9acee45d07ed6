/**
 * Lists who follows a log, and leaves out those who select one key alone where no event is about it: what an event costs does not
 * grow with them. Whoever is listed may select none of the events; whoever is not selects none.
 */
import { LIST_LIMIT } from '../../store/limits.ts';
import { listAll } from '../../store/list-all.ts';
import type { StoredRecord } from '../../store/store.ts';
import type { LogScope } from '../../streams/scope.ts';
import { BEHIND_KEYS, prefixOfKey } from '../records/names.ts';

/** Where no more follow, all are listed at once. */
const FEW = 100;
/** Where the events are about more keys, all are listed: it would take more calls to ask for each key. */
const MOST_KEYS = 16;

/** One store call for a few; else two for each 1,000 who select more than one key, and one for each key; or one for each 1,000. */
export async function* listSubscribers(
  scope: LogScope,
  partition: string,
  keys: ReadonlySet<string>,
): AsyncGenerator<StoredRecord[], void, undefined> {
  if (keys.size > MOST_KEYS) {
    yield* listAll(scope, partition);
    return;
  }
  const { store, runtime } = scope;
  const few = await store.list(partition, { now: runtime.now(), limit: FEW });
  if (few.next === null) {
    if (few.records.length > 0) yield few.records;
    return;
  }
  yield* listAll(scope, partition, { after: BEHIND_KEYS, limit: LIST_LIMIT });
  for (const key of keys) yield* listAll(scope, partition, { prefix: await prefixOfKey(key) });
}
