/** How much a burst has taken in, and what becomes of items beyond that. Pure. */
import type { FeedBudget, FeedItem, Overflow } from '../../declare/feed.ts';

export interface Spending {
  isSpent(): boolean;
  spend(item: FeedItem): void;
  /**
   * Splits items that the upstream cannot give again into those within the budget and those beyond it. Beyond it are the
   * oldest for `drop-oldest`, and the newest for any other policy.
   */
  admit(items: readonly FeedItem[], overflow: Overflow): { within: readonly FeedItem[]; beyond: readonly FeedItem[] };
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

  return {
    isSpent: spent,
    spend(item) {
      events += 1;
      bytes += item.bytes;
    },
    admit(items, overflow) {
      const oldestGo = overflow === 'drop-oldest';
      const count = fitting(oldestGo ? items.toReversed() : items);
      const cut = oldestGo ? items.length - count : count;
      const [before, after] = [items.slice(0, cut), items.slice(cut)];
      return oldestGo ? { within: after, beyond: before } : { within: before, beyond: after };
    },
  };
}
