/** Names of records and logs in the store. The tenant comes first in each; nothing else in the code builds one. */
import type { RecordKey } from '../store/store.ts';

/** Partition with the latest event of each key of a stream. */
export function latestPartition(tenant: string, stream: string): string {
  return `${tenant}/latest/${stream}`;
}

/** The latest event of a key; an unkeyed stream has one record. */
export function latestKey(tenant: string, stream: string, key: string | null): RecordKey {
  return { partition: latestPartition(tenant, stream), id: `k:${key ?? ''}` };
}

/** Where a follower of a log stands. */
export function positionKey(tenant: string, follower: string, log: string): RecordKey {
  return { partition: `${tenant}/position/${follower}`, id: log };
}

/** A feed's state: lease, position, pacing, breaker. */
export function feedKey(tenant: string, feed: string): RecordKey {
  return { partition: `${tenant}/feed`, id: feed };
}
