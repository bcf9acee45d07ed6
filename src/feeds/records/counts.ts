/** What a feed counts. Pure. */

export interface FeedCounts {
  /** Events that were appended to streams. Gaps are not counted. */
  events: number;
  /** Events that were not appended, because their stream had their id already. */
  duplicates: number;
  /** Items that were not events of their stream. */
  rejected: number;
  /** Items beyond the budget that the overflow policy gave up. */
  dropped: number;
  /** Events that sampling left out. */
  thinned: number;
  /** Dead letters that were written, for rejected and dropped items, within their bound. */
  deadLetters: number;
  /** Bytes of the items as they came. */
  bytes: number;
}

export const NO_COUNTS: Readonly<FeedCounts> = {
  events: 0,
  duplicates: 0,
  rejected: 0,
  dropped: 0,
  thinned: 0,
  deadLetters: 0,
  bytes: 0,
};

/** @param times how often `b` is added; -1 takes it away */
export function addCounts(a: FeedCounts, b: FeedCounts, times: 1 | -1 = 1): FeedCounts {
  return {
    events: a.events + times * b.events,
    duplicates: a.duplicates + times * b.duplicates,
    rejected: a.rejected + times * b.rejected,
    dropped: a.dropped + times * b.dropped,
    thinned: a.thinned + times * b.thinned,
    deadLetters: a.deadLetters + times * b.deadLetters,
    bytes: a.bytes + times * b.bytes,
  };
}
