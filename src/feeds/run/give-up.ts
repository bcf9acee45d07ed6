/**
 * Gives items up that their streams would take, and says that they are missing: in the log of whom an item names, once in a burst,
 * since its tenant alone misses it; or, where events name nobody, in the feed's record.
 */
import type { DeclaredFeed, FeedItem } from '../../declare/feed.ts';
import type { StreamScope } from '../../streams/scope.ts';
import type { Reason } from '../records/dead-letters.ts';
import { gapOf } from '../records/tenant-gaps.ts';
import type { Burial } from './bury.ts';
import type { ItemJudge } from './judge-items.ts';
import type { EventKeeper } from './keep-events.ts';
import type { Tally } from './tally.ts';

interface GivingUp {
  /** Makes a dead letter of an item, or only counts it. False: the chunk is full. */
  giveUp(item: FeedItem, why: Reason, asDeadLetter: boolean): boolean;
  /** Lets it be said once more that something is missing. */
  renew(): void;
}

interface GivingUpDeps {
  judge: ItemJudge;
  keep: EventKeeper['keep'];
  burial: Burial;
  tally: Tally;
}

export function createGivingUp(
  { runtime }: StreamScope,
  { name: feed }: DeclaredFeed,
  { judge, keep, burial, tally }: GivingUpDeps,
): GivingUp {
  const told = new Set<string>();

  /** False: the chunk is full. */
  function tell(item: FeedItem, { reason, expected = '' }: Reason): boolean {
    const place = judge.tenantOf(item) === null ? null : judge.placeOf(item);
    if (place === null) {
      tally.missing(runtime.now());
      return true;
    }
    const name = `${reason} ${place.log}`;
    if (told.has(name)) return true;
    const detail = `more came than is taken: ${expected}`;
    const gap = gapOf(feed, { reason, detail, at: runtime.now() }, runtime.newId());
    if (keep(place, gap, null) === null) return false;
    told.add(name);
    return true;
  }

  return {
    giveUp(item, why, asDeadLetter) {
      if (!tell(item, why)) return false;
      if (asDeadLetter && !burial.bury(item, why, judge.tenantOf(item))) return false;
      tally.count('dropped');
      tally.came(item);
      return true;
    },
    renew: () => told.clear(),
  };
}
