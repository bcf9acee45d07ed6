/** Names of records and logs in the store. The tenant comes first in each; nothing else in the code builds one. */
import type { RecordKey } from '../store/store.ts';

/** Log of a stream's events. */
export function streamLog(tenant: string, stream: string): string {
  return `${tenant}/stream/${stream}`;
}

/** Log of what a feed could not deliver, each with its reason. */
export function deadLetterLog(tenant: string, feed: string): string {
  return `${tenant}/dead/${feed}`;
}

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

/** Fences those who append to a stream of identified events, its feed too, against each other. */
export function publisherKey(tenant: string, stream: string): RecordKey {
  return { partition: `${tenant}/publisher`, id: stream };
}

/** Stands where a push under a key of its own was taken in. */
export function pushedKey(tenant: string, stream: string, key: string): RecordKey {
  return { partition: `${tenant}/pushed/${stream}`, id: key };
}
