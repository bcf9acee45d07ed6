/**
 * The greatest event time of streams, by the index of times: what arrived last need not be what happened last. One store call
 * for all of them. It is what the index knows: a removal leaves it as it is, and what the index does not cover yet is not told.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { positionKey } from '../log/follower.ts';
import { LATEST_FOLLOWER } from '../log/latest.ts';
import { streamLog } from '../log/stream-log.ts';
import { rootKey } from '../log/times.ts';
import { ofStream, type Scope } from '../scope.ts';
import { indexOfTimes } from './look.ts';
import { spansOf } from './stretches.ts';

/**
 * Epoch ms of each stream; null: nothing is known.
 * @param streams at most 50
 */
export async function newestTimes(scope: Scope, streams: readonly DeclaredStream[]): Promise<(number | null)[]> {
  const keys = streams.flatMap((stream) => {
    const { tenant } = ofStream(scope, stream);
    return [positionKey(tenant, LATEST_FOLLOWER, streamLog(tenant, stream.name)), rootKey(tenant, stream.name)];
  });
  const readings = keys.length === 0 ? [] : await scope.store.getMany(keys, scope.runtime.now());
  return streams.map((_, index) => {
    const [follower, root] = readings.slice(2 * index, 2 * index + 2);
    const known = follower && root ? indexOfTimes(follower, root, new Map()) : null;
    const newest = known === null ? [] : spansOf(known).flatMap(({ times }) => (Array.isArray(times) ? times[1] : []));
    return newest.reduce<number | null>((most, time) => (most === null || time > most ? time : most), null);
  });
}
