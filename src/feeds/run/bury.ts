/** Makes dead letters of a burst's items, each in the log of whom the item is for, within the bound of a burst. */
import type { DeclaredFeed, FeedItem } from '../../declare/feed.ts';
import { jsonBytes } from '../../base/json.ts';
import type { LogTenant, StreamScope } from '../../streams/scope.ts';
import { BURST_DEAD_LETTERS, deadLetter, deadLetterLog, type Reason, toDeadLetter } from '../records/dead-letters.ts';
import type { Chunk } from './chunk.ts';
import type { Tally } from './tally.ts';

export interface Burial {
  /**
   * Makes a dead letter of an item, or none beyond the bound. False: the chunk is full.
   * @param tenant whom the item names; null: nobody, or its stream's events name nobody
   */
  bury(item: FeedItem, reason: Reason, tenant: LogTenant | null): boolean;
  /** Begins the bound anew, with the counts. */
  renew(): void;
}

export function createBurial(
  { runtime, tenant: own }: StreamScope,
  feed: DeclaredFeed,
  { chunk, tally }: { chunk: Chunk; tally: Tally },
): Burial {
  const byLog = new Map<string, number>();

  /** Where there are several who may have them, one has no more than half of what the others leave. */
  function isFull(log: string): boolean {
    const all = tally.counts.deadLetters;
    if (!feed.namesTenants) return all >= BURST_DEAD_LETTERS;
    const here = byLog.get(log) ?? 0;
    return here >= Math.floor((BURST_DEAD_LETTERS - (all - here)) / 2);
  }

  return {
    bury(item, reason, tenant) {
      const log = deadLetterLog(tenant ?? own, feed.name);
      if (isFull(log)) return true;
      const value = deadLetter.encode(toDeadLetter(item, reason, runtime.now()));
      if (!chunk.add([{ log, value, bytes: jsonBytes(value) }])) return chunk.isEmpty();
      tally.count('deadLetters');
      byLog.set(log, (byLog.get(log) ?? 0) + 1);
      return true;
    },
    renew: () => byLog.clear(),
  };
}
