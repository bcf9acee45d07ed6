/**
 * Items in an order, kept in blocks: one is put in, taken out or found without a look at all of them, however many there are.
 * Nobody may add or remove while somebody goes over them.
 */
export interface Sorted<Item> {
  /** An item that compares as equal must not be there yet. */
  add(item: Item): void;
  /** Takes out the item that compares as equal, if there is one. */
  remove(item: Item): void;
  /** In order, from the first one that is not before `least`; null: from the first. */
  from(least: Item | null): Iterable<Item>;
}

/** A block with more items than this becomes two. */
const MOST_IN_BLOCK = 1_024;

export function createSorted<Item>(compare: (a: Item, b: Item) => number): Sorted<Item> {
  /** None is empty, but for the only one. */
  const blocks: Item[][] = [[]];

  /** Where the first item stands that is not before this one, or would stand. */
  function placeOf(item: Item): { at: number; block: Item[]; index: number } {
    const reaches = (index: number) => {
      const last = blocks[index]?.at(-1);
      return last === undefined || compare(last, item) >= 0;
    };
    const at = Math.min(firstOf(blocks.length, reaches), blocks.length - 1);
    const block = blocks[at] ?? [];
    return { at, block, index: firstOf(block.length, (index) => compare(block[index] as Item, item) >= 0) };
  }

  return {
    add(item) {
      const { at, block, index } = placeOf(item);
      block.splice(index, 0, item);
      if (block.length <= MOST_IN_BLOCK) return;
      // What comes in order fills blocks to the full.
      const isLast = at === blocks.length - 1 && index === block.length - 1;
      blocks.splice(at + 1, 0, block.splice(isLast ? MOST_IN_BLOCK : MOST_IN_BLOCK / 2));
    },

    remove(item) {
      const { at, block, index } = placeOf(item);
      const found = block[index];
      if (found === undefined || compare(found, item) !== 0) return;
      block.splice(index, 1);
      if (block.length === 0 && blocks.length > 1) blocks.splice(at, 1);
    },

    *from(least) {
      let { at, index } = least === null ? { at: 0, index: 0 } : placeOf(least);
      for (; at < blocks.length; at += 1, index = 0) {
        const block = blocks[at] ?? [];
        for (; index < block.length; index += 1) yield block[index] as Item;
      }
    },
  };
}

/** The first of `count` places of which `isReached` is true; `count` where there is none. */
function firstOf(count: number, isReached: (index: number) => boolean): number {
  let [low, high] = [0, count];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (isReached(middle)) high = middle;
    else low = middle + 1;
  }
  return low;
}
