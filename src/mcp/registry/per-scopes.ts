/**
 * What lists show, made once for each set of scopes: a caller's scopes decide what it is shown, so whoever has the same is
 * shown the same. Today no declaration names a scope, and all are shown alike.
 */
import type { Principal } from '../../base/principal.ts';

/** Sets of scopes whose lists are kept. They come with tokens, so there may be any number; the oldest is made again. */
const MOST_SETS = 64;

/** Answers what `make` made for a principal's scopes. */
export function perScopes<List>(
  make: (scopes: readonly string[]) => List,
): (principal: Pick<Principal, 'scopes'>) => List {
  const kept = new Map<string, { list: List }>();
  return ({ scopes }) => {
    const key = JSON.stringify([...new Set(scopes)].toSorted());
    const known = kept.get(key);
    if (known) return known.list;
    const [oldest] = kept.keys();
    if (oldest !== undefined && kept.size >= MOST_SETS) kept.delete(oldest);
    const list = make(scopes);
    kept.set(key, { list });
    return list;
  };
}
