/**
 * What of a reading is committed already, where it was committed in parts and the burst ended in between: the upstream
 * then gives the reading again from the same position. The fingerprints of the committed items are kept in their
 * order; of what comes again, the longest beginning that is the same is skipped. So an upstream that gives something
 * else instead (newest first, a document that was replaced) loses nothing.
 *
 * Accepted weakness: `MOST_ITEMS` are remembered; of a longer part, what lies beyond comes twice where it has no id.
 */
import type { FeedItem } from '../core/declaration/feed.ts';

export const MOST_ITEMS = 24_000;
/** Characters of a fingerprint of 24 bits. */
const CHARACTERS = 4;
const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_';

export interface Replay {
  /** Whether this item, the next of the reading, is committed already. */
  skips(item: FeedItem): boolean;
  /** The next items of the reading, to remember with the commit that holds them: answers all fingerprints so far. */
  remember(items: readonly FeedItem[]): string;
  /** The reading is over, or its position has moved behind all that came: answers what is still expected of it. */
  pass(): string;
}

/** @param expected what `remember` or `pass` answered last */
export function createReplay(expected: string): Replay {
  let ahead = expected;
  let behind: string[] = [];
  let remembered = 0;
  return {
    skips(item) {
      if (ahead === '') return false;
      const print = fingerprint(item);
      if (!ahead.startsWith(print)) {
        ahead = '';
        return false;
      }
      ahead = ahead.slice(CHARACTERS);
      behind.push(print);
      remembered += 1;
      return true;
    },
    remember(items) {
      for (const item of items) {
        if (remembered >= MOST_ITEMS) break;
        behind.push(fingerprint(item));
        remembered += 1;
      }
      return behind.join('') + ahead;
    },
    pass() {
      behind = [];
      remembered = 0;
      return ahead;
    },
  };
}

function fingerprint({ stream, key, time, data, meta }: FeedItem): string {
  // FNV-1a: fast, and nobody gains anything by a collision in their own feed.
  let hash = 0x811c9dc5;
  const text = JSON.stringify([stream, key, time, data, meta?.gap]);
  for (let i = 0; i < text.length; i += 1) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  let print = '';
  for (let shift = 0; shift < CHARACTERS * 6; shift += 6) print += ALPHABET[(hash >>> shift) & 63];
  return print;
}
