/** Keeps count of a burst: its numbers, the streams that it filled, and why items were rejected. Pure. */
import type { FeedItem } from '../../declare/feed.ts';
import type { RejectedWhy } from '../records/rejected.ts';
import type { Reason } from '../records/dead-letters.ts';
import { addCounts, type FeedCounts, NO_COUNTS } from '../records/counts.ts';
import type { FeedState } from '../records/state.ts';
import type { Place } from '../../streams/log/place.ts';
import { MOST_ZONELESS } from '../records/record-bytes.ts';

export interface Tally {
  /** The counts since the burst began, or since `renew`. They include what is not committed yet. */
  readonly counts: Readonly<FeedCounts>;
  /** The counts since the burst began. */
  total(): FeedCounts;
  count(what: Exclude<keyof FeedCounts, 'bytes'>, by?: number): void;
  /** Counts the bytes of an item that was taken. */
  came(item: FeedItem): void;
  /** Takes note that an event of this time will be appended to a stream; null for a gap, which shows no freshness. */
  filled(place: Place, time: number | null, now: number): void;
  /**
   * Places of streams whose events name their tenants and whose latest events are behind. They do not stand in the feed's record,
   * which would have no end: where the process dies, the sweep of the tenant brings them up to date.
   */
  readonly behind: Map<string, Place>;
  /** Takes note that events are missing. */
  missing(now: number): void;
  /** Takes note that times of a stream have no zone. True: that is new. */
  zoneless(stream: string): boolean;
  /** @param stream the item's, where the feed fills several */
  rejected(reason: Reason, stream: string | null): void;
  /** Why the last rejected item was rejected. */
  rejection(): RejectedWhy;
  /** Takes note that all that was counted is committed. */
  settle(): void;
  /** Forgets the counts of what is not committed. */
  revert(): void;
  /** Begins the counts anew, in a burst that has no end. */
  renew(): void;
  /** The changes of the feed's record that go with the next commit. */
  changes(state: FeedState): Pick<FeedState, 'dirty' | 'newestTime' | 'lastGapAt' | 'counts' | 'zoneless'>;
}

/** @param begun the feed's state at the beginning of the burst */
export function createTally({ counts: before, zoneless: known }: FeedState): Tally {
  const counts: FeedCounts = { ...NO_COUNTS };
  let earlier: FeedCounts = { ...NO_COUNTS };
  let settled = { ...counts };
  let touched = new Set<string>();
  const zoneless = new Set(known);
  const behind = new Map<string, Place>();
  let newestTime: number | null = null;
  let lastGapAt: number | null = null;
  let rejection: RejectedWhy = { field: '', expected: '' };

  return {
    counts,
    total: () => addCounts(earlier, counts),
    count(what, by = 1) {
      counts[what] += by;
    },
    came({ bytes }) {
      counts.bytes += bytes;
    },
    behind,
    filled(place, time, now) {
      if (place.stream.tenantOf === null) touched.add(place.name);
      else behind.set(place.log, place);
      if (time === null) return;
      // A date in the future does not show how fresh the feed is, so it counts as now.
      const at = Math.min(time, now);
      newestTime = Math.max(newestTime ?? at, at);
    },
    missing(now) {
      lastGapAt = now;
    },
    zoneless(stream) {
      if (zoneless.has(stream) || zoneless.size >= MOST_ZONELESS) return false;
      zoneless.add(stream);
      return true;
    },
    rejected({ reason, field, expected }, stream) {
      rejection = { field: field ?? reason, ...(stream === null ? {} : { stream }), expected: expected ?? '' };
    },
    rejection: () => rejection,
    settle() {
      settled = { ...counts };
    },
    revert() {
      Object.assign(counts, settled);
    },
    renew() {
      earlier = addCounts(earlier, counts);
      settled = { ...NO_COUNTS };
      Object.assign(counts, settled);
    },
    changes(state) {
      const dirty = [...new Set([...state.dirty, ...touched])];
      touched = new Set();
      return {
        dirty,
        newestTime: newestTime === null ? state.newestTime : Math.max(newestTime, state.newestTime ?? newestTime),
        lastGapAt: lastGapAt ?? state.lastGapAt,
        counts: addCounts(before, addCounts(earlier, counts)),
        zoneless: [...zoneless],
      };
    },
  };
}
