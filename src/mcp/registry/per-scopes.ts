/**
 * Keeps a list for each set of scopes, because a caller's scopes decide what it may see. Today no declaration names a
 * scope, and every caller sees the same.
 */
import type { Principal } from '../../base/principal.ts';

/**
 * Most sets of scopes whose lists are kept. Scopes come with tokens, so there may be any number; the oldest list is
 * dropped.
 */
const MOST_SETS = 64;

/** The list that `make` made for a principal's scopes. */
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
