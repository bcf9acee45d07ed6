/**
 * Knows which items of a reading are committed already. A reading may be committed in several chunks, and the burst may end
 * between two of them. The upstream then gives the reading again from the same position. To recognise the committed items,
 * a bounded number of marks is kept. A mark is a count of items from the beginning of the reading, with their hash. When
 * the reading comes again, the longest beginning that agrees with a mark is skipped. So nothing is lost if the upstream
 * gives something else instead (newest first, a document that was replaced).
 *
 * Up to `MOST_MARKS` items, each item has a mark. With more items, every 2nd, 4th, 8th and so on has one, and the last.
 * Accepted weakness: if a reading comes again changed, the items between the change and the mark before it are taken twice.
 */
import { fnv1a } from '../../base/digest.ts';
import type { FeedItem } from '../../declare/feed.ts';

export const MOST_MARKS = 128;
/** Most bytes of the text that `state` returns. */
export const REPLAY_BYTES = 4 * 1024;

interface Replay {
  /**
   * Takes the next items of the reading, and returns how many at their beginning are committed already. Null: items of
   * earlier batches were skipped although they are not committed. They come again after `state` is stored and the burst
   * has ended.
   * @param closed true if no more items of the reading follow
   */
  skip(items: readonly FeedItem[], closed: boolean): number | null;
  /** Takes note of the next items of the reading, as part of the commit that holds them. */
  remember(items: readonly FeedItem[]): void;
  /** Begins anew, because the reading is over, or its position has moved past all items that came. */
  pass(): void;
  /** The marks as text of at most `REPLAY_BYTES`; empty if nothing is expected again. */
  state(): string;
}

/** The number of items from the beginning of the reading, and their hash. */
interface Mark {
  count: number;
  high: number;
  low: number;
}

const BEGINNING: Mark = { count: 0, high: 0x811c9dc5, low: 0x41c6ce57 };

/** @param expected what `state` returned last */
export function createReplay(expected: string): Replay {
  const [first = BEGINNING, ...others] = decode(expected);
  /** Where the reading began. */
  let start = first;
  /** Where it is now. */
  let at = first;
  /** Behind `start` and up to `at`; the last of them is the last that is sure. */
  let marks: Mark[] = [];
  /** Behind `at`: not yet seen again. */
  let ahead = others;
  let gap = 1;

  function turnBack(): void {
    ahead = [];
    at = marks.at(-1) ?? start;
  }

  function thin(): void {
    if (marks.length <= MOST_MARKS) return;
    marks = marks.filter(({ count }) => count % gap === 0);
    while (marks.length > MOST_MARKS) {
      gap *= 2;
      marks = marks.filter(({ count }) => count % gap === 0);
    }
  }

  return {
    skip(items, closed) {
      if (ahead.length === 0) return 0;
      let sure = at.count === (marks.at(-1) ?? start).count ? 0 : null;
      for (const [index, item] of items.entries()) {
        at = following(at, item);
        const [mark] = ahead;
        if (mark?.count !== at.count) continue;
        if (mark.high !== at.high || mark.low !== at.low) {
          turnBack();
          return sure;
        }
        marks.push(mark);
        ahead.shift();
        sure = index + 1;
        if (ahead.length === 0) return sure;
      }
      if (!closed || sure === items.length) return items.length;
      turnBack();
      return sure;
    },
    remember(items) {
      for (const item of items) {
        at = following(at, item);
        if (at.count % gap === 0) marks.push(at);
        thin();
      }
    },
    pass() {
      start = at;
      marks = [];
      if (ahead.length > 0) return;
      start = BEGINNING;
      at = BEGINNING;
      gap = 1;
    },
    state() {
      const end = ahead.length === 0 && at.count > (marks.at(-1) ?? start).count ? [at] : [];
      const known = [...marks, ...ahead, ...end];
      return known.length === 0 ? '' : [start, ...known].map(encode).join(' ');
    },
  };
}

function following({ count, high, low }: Mark, item: FeedItem): Mark {
  // Two multiplicative hashes side by side: fast, and nobody gains anything by a collision in their own feed.
  const text = textOf(item);
  high = fnv1a(text, high);
  low = fnv1a(text, low, 0x5f356495);
  high = Math.imul(high ^ (low >>> 15), 0x85ebca6b);
  low = Math.imul(low ^ (high >>> 13), 0xc2b2ae35);
  return { count: count + 1, high: high >>> 0, low: low >>> 0 };
}

function textOf({ stream, key, time, data, meta }: FeedItem): string {
  try {
    return JSON.stringify([stream, key, time, data, meta?.gap]);
  } catch {
    // Too deep, in a circle, or a bigint: only its place distinguishes the item from others.
    return stream;
  }
}

function encode({ count, high, low }: Mark): string {
  return [count, high, low].map((part) => part.toString(36)).join('.');
}

function decode(text: string): Mark[] {
  if (text === '') return [];
  return text.split(' ').map((mark) => {
    const [count = 0, high = 0, low = 0] = mark.split('.').map((part) => Number.parseInt(part, 36));
    return { count, high, low };
  });
}
