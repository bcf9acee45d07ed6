/**
 * Says that an item was given up: in the log of whom it names, once in a burst, since its tenant alone misses it; or, where events
 * name nobody, in the feed's record.
 */
import type { DeclaredFeed, FeedItem } from '../../declare/feed.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { gapOf } from '../records/tenant-gaps.ts';
import type { ItemJudge } from './judge-items.ts';
import type { EventKeeper } from './keep-events.ts';
import type { Tally } from './tally.ts';

export interface Missing {
  /** False: the chunk is full. */
  tell(item: FeedItem, reason: string, detail: string): boolean;
  /** Lets it be said once more. */
  renew(): void;
}

export function createMissing(
  { runtime }: StreamScope,
  { name: feed }: DeclaredFeed,
  { judge, keep, tally }: { judge: ItemJudge; keep: EventKeeper['keep']; tally: Tally },
): Missing {
  const told = new Set<string>();
  return {
    tell(item, reason, detail) {
      const place = judge.tenantOf(item) === null ? null : judge.placeOf(item);
      if (place === null) {
        tally.missing(runtime.now());
        return true;
      }
      const name = `${reason} ${place.log}`;
      if (told.has(name)) return true;
      const gap = gapOf(feed, { reason, detail, at: runtime.now() }, runtime.newId());
      if (keep(place, gap, null) === null) return false;
      told.add(name);
      return true;
    },
    renew: () => told.clear(),
  };
}
