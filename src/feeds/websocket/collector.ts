/** Collects the items of a burst, and counts them against its budget, or those of a batch where the connection is held. It does no I/O. */
import type { BurstContext, FeedItem } from '../../declare/feed.ts';
import type { Dropped } from './inbox.ts';
import type { RawItem } from './payload.ts';

export interface ItemCollector {
  add(items: readonly RawItem[]): void;
  /** Adds a gap event to each stream: events are missing before it. */
  gap(reason: string, detail: string): void;
  /** Adds what reports messages that were dropped: excerpts as dead letters, and a gap event. */
  lost(lost: Dropped): void;
  /** The items that were collected since the last call. */
  batch(): FeedItem[];
  /** How many items the next batch has. */
  size(): number;
  /** Items that the budget still has room for. */
  left(): number;
  /** Whether the burst's budget holds nothing more. */
  isSpent(): boolean;
}

export function createItemCollector({ budget, targets, feed, hold }: BurstContext): ItemCollector {
  let items: FeedItem[] = [];
  let events = 0;
  let bytes = 0;

  function gap(reason: string, detail: string): void {
    const meta = { source: feed, gap: { reason, detail } };
    for (const { stream } of targets) items.push({ stream, data: null, meta, bytes: 0 });
  }

  function add(raw: readonly RawItem[]): void {
    for (const { data, bytes: size, at, invalid } of raw) {
      const known = { ...(at === undefined ? {} : { time: at }), ...(invalid === undefined ? {} : { invalid }) };
      for (const { stream } of targets) items.push({ stream, data, bytes: size, ...known });
      events += targets.length;
      bytes += size * targets.length;
    }
  }

  return {
    add,
    gap,
    lost({ messages, bytes: size, excerpts }) {
      const expected = 'messages that are worked off as fast as they come';
      add(excerpts.map((data) => ({ data, bytes: 0, invalid: { reason: 'overflow', expected } })));
      gap('overflow', `${messages} messages (${size} bytes) came faster than they could be held`);
    },
    batch() {
      const batch = items;
      items = [];
      // Where the connection is held, the budget bounds one batch.
      if (hold) events = bytes = 0;
      return batch;
    },
    size: () => items.length,
    left: () => (bytes >= budget.bytes ? 0 : Math.max(0, Math.ceil((budget.events - events) / targets.length))),
    isSpent: () => events >= budget.events || bytes >= budget.bytes,
  };
}
