/**
 * Knows which items of a reading are committed already. A reading may be committed in several chunks, and the burst may end
 * between two of them: the upstream then gives the reading again from the same position. Of the committed items, however many, a bounded number of marks
 * is kept: the hash of all items up to there. Of what comes again, the longest beginning that a mark vouches for is
 * skipped. So an upstream that gives something else instead (newest first, a document that was replaced) loses nothing.
 *
 * Up to `MOST_MARKS` items each has its mark; of more, every 2nd, 4th, 8th and so on, and the last. Accepted weakness:
 * where a reading comes again changed, the items between the change and the mark before it are taken twice.
 */
import { fnv1a } from '../../base/digest.ts';
import type { FeedItem } from '../../declare/feed.ts';

export const MOST_MARKS = 128;
/** Of the text that `state` answers. */
export const REPLAY_BYTES = 4 * 1024;

export interface Replay {
  /**
   * How many of these, the next items of the reading, are committed already: from the batch's beginning on. Null: items
   * of batches before this one were skipped that are not committed. They come again once `state` is stored, and the
   * burst is ended.
   * @param closed no more items of the reading follow
   */
  skip(items: readonly FeedItem[], closed: boolean): number | null;
  /** The next items of the reading, to remember with the commit that holds them. */
  remember(items: readonly FeedItem[]): void;
  /** The reading is over, or its position has moved behind all that came. */
  pass(): void;
  /** At most `REPLAY_BYTES`; empty where nothing is expected. */
  state(): string;
}

/** The items from the reading's beginning: how many, and their hash. */
interface Mark {
  count: number;
  high: number;
  low: number;
}

const BEGINNING: Mark = { count: 0, high: 0x811c9dc5, low: 0x41c6ce57 };

/** @param expected what `state` answered last */
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
    // Too deep, in a circle, or a bigint: it is told from others by its place alone.
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
