/**
 * Reads what is known of the logs that items of a batch go to, before they are taken in: the ids that are there, and the gaps
 * that they were told. Where events name their tenants a batch may go to thousands of logs: it is then read, and committed, in
 * portions of as many as a commit holds, so that memory and commits have a bound.
 */
import type { DeclaredFeed, FeedItem } from '../../declare/feed.ts';
import type { StoreLimits } from '../../store/store.ts';
import type { Appender } from '../../streams/log/append.ts';
import type { Place } from '../../streams/log/place.ts';
import type { Sampler } from '../records/sampling.ts';
import type { TenantGaps } from '../records/tenant-gaps.ts';
import type { LogTenant } from '../../streams/scope.ts';
import type { FeedShares } from './feed-shares.ts';
import type { ItemJudge } from './judge-items.ts';

interface Loading {
  feed: Pick<DeclaredFeed, 'namesTenants'>;
  judge: ItemJudge;
  appender: Appender;
  tenantGaps: TenantGaps;
  sampler: Sampler | null;
  limits: StoreLimits;
  /** Null: tenants may be filled with as much as comes. */
  shares: FeedShares | null;
}

/** Operations of a commit for each log: the append, its fence, and what its tenant was told. */
const OPERATIONS_EACH = 3;

/** @returns the index behind the items whose places are read */
export async function loadPlaces(
  { feed, judge, appender, tenantGaps, sampler, limits, shares }: Loading,
  items: readonly FeedItem[],
  from: number,
): Promise<number> {
  const most = feed.namesTenants ? Math.floor((limits.commitOperations - 1) / OPERATIONS_EACH) : Infinity;
  const places = new Map<string, Place>();
  let to = from;
  for (; to < items.length; to += 1) {
    const place = judge.placeOf(items[to] as FeedItem);
    if (place === null || places.has(place.log)) continue;
    if (places.size >= most) break;
    places.set(place.log, place);
  }
  // Windows of sampling may close with any item.
  for (const name of feed.namesTenants ? (sampler?.streams() ?? []) : []) {
    const place = judge.placeNamed(name);
    if (place !== null) places.set(place.log, place);
  }
  if (feed.namesTenants) appender.bound();
  const all = [...places.values()];
  await appender.load(all);
  await tenantGaps.load(all);
  if (shares !== null) await shares.take(newBytes(items.slice(from, to), judge, appender));
  return to;
}

/** By tenant: the bytes of events that its logs do not have. */
function newBytes(items: readonly FeedItem[], judge: ItemJudge, appender: Appender): Map<LogTenant, number> {
  const bytes = new Map<LogTenant, number>();
  for (const item of items) {
    const tenant = judge.tenantOf(item);
    const judged = tenant === null ? null : judge.judge(item);
    if (tenant === null || judged?.kind !== 'event' || appender.depthOf(judged.place, judged.event) !== null) continue;
    bytes.set(tenant, (bytes.get(tenant) ?? 0) + judged.bytes);
  }
  return bytes;
}
