/**
 * Makes dead letters of a burst's items, each in the log of whom the item is for, within the bound of a burst. Where each reading of a
 * source lists its items again, what is among the newest letters of the feed is none anew. Accepted weakness: where events name their
 * tenants, or more items are refused than are looked through, it is.
 */
import type { DeclaredFeed, FeedItem } from '../../declare/feed.ts';
import { canonicalText, digestOf } from '../../base/digest.ts';
import { jsonBytes } from '../../base/json.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { LogTenant, StreamScope } from '../../streams/scope.ts';
import { type DeadLetter, deadLetter, deadLetterLog, type Reason, toDeadLetter } from '../records/dead-letters.ts';
import { createLetterBound } from '../records/letter-bound.ts';
import type { Chunk } from './chunk.ts';
import type { Tally } from './tally.ts';

export interface Burial {
  /** Learns which items are dead letters already, once. One store call where the source may list them again. */
  load(): Promise<void>;
  /**
   * Makes a dead letter of an item, or none where it is one already or
   * beyond the bound. False: the chunk is full.
   * @param tenant whom the item names; null: nobody, or its stream's events name nobody
   */
  bury(item: FeedItem, reason: Reason, tenant: LogTenant | null): boolean;
  /** Begins the bound anew, with the counts. */
  renew(): void;
}

/** @param hasLetters whether the feed ever made one. That its last burst made none says little: a long reading takes many bursts. */
export function createBurial(
  { runtime, store, tenant: own }: StreamScope,
  feed: DeclaredFeed,
  { chunk, tally, hasLetters }: { chunk: Chunk; tally: Tally; hasLetters: boolean },
): Burial {
  const bound = createLetterBound(feed);
  const mayRepeat = feed.feed.relists === true && !feed.namesTenants;
  /** Digests of letters; null: not looked for yet. */
  let known: Set<string> | null = mayRepeat && hasLetters ? null : new Set();

  return {
    async load() {
      if (known !== null) return;
      const { entries } = await store.last(deadLetterLog(own, feed.name), READ_LIMIT);
      known = new Set(entries.map((entry) => markOf(deadLetter.read(entry))));
    },
    bury(item, reason, tenant) {
      const log = deadLetterLog(tenant ?? own, feed.name);
      const letter = toDeadLetter(item, reason, runtime.now());
      const mark = mayRepeat ? markOf(letter) : null;
      if (bound.isFull(log) || (mark !== null && known?.has(mark))) return true;
      const value = deadLetter.encode(letter);
      if (!chunk.add([{ log, value, bytes: jsonBytes(value) }])) return chunk.isEmpty();
      if (mark !== null) known?.add(mark);
      tally.count('deadLetters');
      bound.count(log);
      return true;
    },
    renew: () => bound.renew(),
  };
}

/** What makes two letters the same: the item, whom it was for, and what was wrong. What came beside it differs with each reading. */
function markOf({ at: _at, meta: _meta, ...letter }: DeadLetter): string {
  return digestOf(canonicalText({ ...letter }));
}
