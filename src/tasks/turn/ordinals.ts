/**
 * Ids in the order of calls: they are the same in each turn, as long as `run` makes the same calls. The first call of a kind
 * has the kind as its id, later ones an ordinal behind a mark. No name of the kind has that mark, or the second call of one
 * name could be the first call of another.
 */
export function createOrdinals(): (kind: string, mark?: string) => string {
  const counts = new Map<string, number>();
  return (kind, mark = ':') => {
    const count = (counts.get(kind) ?? 0) + 1;
    counts.set(kind, count);
    return count === 1 ? kind : `${kind}${mark}${count}`;
  };
}
