/** How much a burst has taken in, and what becomes of items beyond that. Pure. */
import type { FeedBudget, FeedItem, Overflow } from '../../declare/feed.ts';

interface Spending {
  isSpent(): boolean;
  spend(item: FeedItem): void;
  /**
   * Splits items that the upstream cannot give again into those within the budget and those beyond it. Beyond it are the
   * oldest for `drop-oldest`, and the newest for any other policy.
   * @param shareOf whose an item is, where the budget is shared: nobody's are given up while somebody else has more of it
   */
  admit(
    items: readonly FeedItem[],
    overflow: Overflow,
    shareOf?: (item: FeedItem) => string,
  ): { within: readonly FeedItem[]; beyond: readonly FeedItem[] };
}

/** An item is taken whole while anything of the budget is left, so one item may exceed the bytes. */
export function createSpending(budget: Pick<FeedBudget, 'events' | 'bytes'>): Spending {
  let events = 0;
  let bytes = 0;
  const spent = () => events >= budget.events || bytes >= budget.bytes;

  function fitting(items: Iterable<FeedItem>): number {
    let count = 0;
    let size = bytes;
    for (const item of items) {
      if (events + count >= budget.events || size >= budget.bytes) break;
      size += item.bytes;
      count += 1;
    }
    return count;
  }

  /** Items in the order in which they are let in: first those by whose owners less of the budget is taken. */
  function inTurns(items: readonly FeedItem[], shareOf: (item: FeedItem) => string): FeedItem[] {
    const shares = new Map<string, number>();
    const ranked = items.map((item) => {
      const owner = shareOf(item);
      const rank = shares.get(owner) ?? 0;
      shares.set(owner, rank + Math.max(1 / budget.events, item.bytes / budget.bytes));
      return { item, rank };
    });
    return ranked.toSorted((a, b) => a.rank - b.rank).map(({ item }) => item);
  }

  return {
    isSpent: spent,
    spend(item) {
      events += 1;
      bytes += item.bytes;
    },
    admit(items, overflow, shareOf) {
      const oldestGo = overflow === 'drop-oldest';
      if (shareOf !== undefined) {
        const turns = inTurns(oldestGo ? items.toReversed() : items, shareOf);
        const admitted = new Set(turns.slice(0, fitting(turns)));
        const isIn = (item: FeedItem) => admitted.has(item);
        return { within: items.filter(isIn), beyond: items.filter((item) => !isIn(item)) };
      }
      const count = fitting(oldestGo ? items.toReversed() : items);
      const cut = oldestGo ? items.length - count : count;
      const [before, after] = [items.slice(0, cut), items.slice(cut)];
      return oldestGo ? { within: after, beyond: before } : { within: before, beyond: after };
    },
  };
}
