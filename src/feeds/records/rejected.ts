/** What is told of items that were rejected: how many, and why the last of them was. Pure. */
import type { FeedCounts } from './counts.ts';

/** Why an item was rejected. */
export type RejectedWhy = Pick<Rejected, 'field' | 'stream' | 'expected'>;

/** How many items of the last burst that brought anything were rejected, and why. */
export interface Rejected {
  count: number;
  /** All items that came, including the rejected ones. */
  items: number;
  /** The field that was wrong in the last rejected item. */
  field: string;
  /** The stream of that item, where the feed fills several. Absent: it fills one. */
  stream?: string;
  expected: string;
  /** Epoch ms. */
  at: number;
}

/** Most characters of each text that says why items were rejected. */
const TOLD_CHARACTERS = 200;

/**
 * The report on rejected items after a burst with these counts; `before` if nothing came.
 * @param why the last item was rejected
 */
export function rejectedOf(
  counts: FeedCounts,
  why: RejectedWhy,
  before: Rejected | null,
  now: number,
): Rejected | null {
  const { rejected: count, events, duplicates, thinned, dropped } = counts;
  const items = count + events + duplicates + thinned + dropped;
  if (items === 0) return before;
  if (count === 0) return null;
  return { count, items, ...withinBound(why), at: now };
}

/** Why an item was rejected, as it is told. */
export function withinBound({ field, stream, expected }: RejectedWhy): RejectedWhy {
  return { field: told(field), ...(stream === undefined ? {} : { stream }), expected: told(expected) };
}

function told(text: string): string {
  return text.slice(0, TOLD_CHARACTERS).toWellFormed();
}
