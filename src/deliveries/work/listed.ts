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
/** Of so many keys each is asked for by itself; those of more are looked for in pages. */
const MOST_KEYS = 16;
/** A page in which so large a share is looked for is followed by one twice as large; one in which few are, by a smaller one. */
const DENSE = 1 / 2;
const SPARSE = 1 / 8;
const LEAST_PAGE = 25;

/** One store call for a few; else two for each 1,000 who select more than one key, and at most one for each key and each page. */
export async function* listSubscribers(
  scope: LogScope,
  partition: string,
  keys: ReadonlySet<string>,
): AsyncGenerator<StoredRecord[], void, undefined> {
  const { store, runtime } = scope;
  const few = await store.list(partition, { now: runtime.now(), limit: FEW });
  if (few.next === null) {
    if (few.records.length > 0) yield few.records;
    return;
  }
  yield* listAll(scope, partition, { after: BEHIND_KEYS, limit: LIST_LIMIT });
  const prefixes = (await Promise.all(Array.from(keys, prefixOfKey))).toSorted();
  if (prefixes.length > MOST_KEYS) yield* listAmong(scope, partition, prefixes);
  else for (const prefix of prefixes) yield* listAll(scope, partition, { prefix });
}

/**
 * Lists those whose ids begin with one of many prefixes, in pages that leave out what lies between, as far as it is more than a
 * page. So it takes no more calls than there are prefixes, and none for each where they are close together.
 * @param prefixes of one length, in order
 */
async function* listAmong(
  { store, runtime }: LogScope,
  partition: string,
  prefixes: readonly string[],
): AsyncGenerator<StoredRecord[], void, undefined> {
  const wanted = new Set(prefixes);
  let limit = FEW;
  /** All ids up to here were looked at. */
  let seen = '';
  for (const prefix of prefixes) {
    while (seen.slice(0, prefix.length) <= prefix) {
      const after = seen > prefix ? seen : prefix;
      const page = await store.list(partition, { now: runtime.now(), limit, after });
      const found = page.records.filter(({ id }) => wanted.has(id.slice(0, prefix.length)));
      if (found.length > 0) yield found;
      if (page.next === null) return;
      seen = page.next;
      const share = found.length / limit;
      if (share >= DENSE) limit = Math.min(2 * limit, LIST_LIMIT);
      else if (share < SPARSE) limit = Math.max(Math.floor(limit / 2), LEAST_PAGE);
    }
  }
}
