/**
 * Which key changes next by the passing of time: a binary heap, in which an entry that is out of date is passed over. Of those
 * that change at one time the first of all is the one that was named first.
 */

interface DueHeap<Key> {
  /** @param at epoch ms; null: it changes by no passing of time */
  set(key: Key, at: number | null): void;
  /** The earliest; null: there is none. */
  next(): { key: Key; at: number } | null;
}

/** @param first comes before others of the same time */
export function createDueHeap<Key>(first: Key): DueHeap<Key> {
  const dues = new Map<Key, number>();
  const heap: { key: Key; at: number }[] = [];
  type Entry = (typeof heap)[number];
  const isBefore = (one: Entry, other: Entry) =>
    one.at < other.at || (one.at === other.at && one.key === first && other.key !== first);

  function up(from: number): void {
    const one = heap[from];
    if (one === undefined) return;
    for (let at = from; at > 0;) {
      const over = (at - 1) >> 1;
      const above = heap[over];
      if (above === undefined || !isBefore(one, above)) return;
      heap[at] = above;
      heap[over] = one;
      at = over;
    }
  }

  function down(): void {
    const one = heap[0];
    if (one === undefined) return;
    for (let at = 0; ;) {
      const left = 2 * at + 1;
      const [lower, right] = [heap[left], heap[left + 1]];
      if (lower === undefined) return;
      const under = right !== undefined && isBefore(right, lower) ? left + 1 : left;
      const below = heap[under];
      if (below === undefined || !isBefore(below, one)) return;
      heap[at] = below;
      heap[under] = one;
      at = under;
    }
  }

  function drop(): void {
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    heap[0] = last;
    down();
  }

  return {
    set(key, at) {
      if (dues.get(key) === (at ?? undefined)) return;
      if (at === null) {
        dues.delete(key);
        return;
      }
      dues.set(key, at);
      heap.push({ key, at });
      up(heap.length - 1);
      // What is out of date is dropped before it is more than what stands.
      if (heap.length > 64 && heap.length > 4 * dues.size) {
        heap.length = 0;
        for (const [each, due] of dues) heap.push({ key: each, at: due });
        heap.sort((one, other) => (isBefore(one, other) ? -1 : isBefore(other, one) ? 1 : 0));
      }
    },
    next() {
      for (let top = heap[0]; top !== undefined; top = heap[0]) {
        if (dues.get(top.key) === top.at) return top;
        drop();
      }
      return null;
    },
  };
}
