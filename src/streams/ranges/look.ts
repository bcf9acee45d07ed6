/**
 * Looks up where in a stream's log the events of a range may be. It reads the records of the index of times, not the log.
 *
 * Store calls: none for a range without bounds; else one, and a second one where the range meets older leaves of the index
 * in part. A page that goes on from a cursor asks for the leaves near it with the first call.
 */
import { decodeCursor, isEpoch } from '../../store/cursor.ts';
import type { Cursor, Reading } from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import { followerAt, positionKey } from '../log/follower.ts';
import { LATEST_FOLLOWER } from '../log/latest.ts';
import { streamLog } from '../log/stream-log.ts';
import type { Times } from '../log/time-spans.ts';
import { goneBefore, LEAF, leafKey, readTimes, rootKey, timesLeaf, type TimesLeaf, timesRoot } from '../log/times.ts';
import type { Order, Range } from './range.ts';
import {
  type Index,
  leavesWanted,
  type Piece,
  piecesOf,
  type KnownSpan,
  spansOf,
  stretchesOf,
  type Stretch,
} from './stretches.ts';

/** Most leaves that one look reads. Others are looked at as a whole. */
const MOST_LEAVES = 32;
/** A page does not get farther than this many places from where it goes on. */
const NEAR = 6_000;

export interface Look {
  /** The log's epoch, of which the places are; null: nothing is known, and the whole log is looked at. */
  epoch: string | null;
  /** With the number of the leaf whose blocks were not read, where there is one. */
  pieces: (Piece & Pick<KnownSpan, 'leaf'>)[];
  stretches: Stretch[];
  /** Times of what lay before the index, and was trimmed; null: nothing did. */
  gone: Times;
  storeCalls: number;
}

const EVERYTHING: KnownSpan[] = [{ from: 0, to: Infinity, times: 'unknown' }];

/** @param resumed where the page goes on; null: a first page */
export async function lookUp(
  { store, runtime, tenant }: LogScope,
  stream: string,
  range: Pick<Range, 'from' | 'to'>,
  order: Order,
  resumed: Cursor | null,
): Promise<Look> {
  if (range.from === null && range.to === null) return everything(range, order, 0);
  const position = resumed === null ? null : decodeCursor(resumed);
  const near = position === null ? [] : leavesNear(position.place, order);
  const leafKeys = (leaves: readonly number[]) => leaves.map((leaf) => leafKey(tenant, stream, leaf));
  const log = streamLog(tenant, stream);
  const keys = [positionKey(tenant, LATEST_FOLLOWER, log), rootKey(tenant, stream), ...leafKeys(near)];
  const [follower, root, ...nearby] = await store.getMany(keys, runtime.now());
  if (follower === undefined || root === undefined) return everything(range, order, 1);
  const index = indexOfTimes(follower, root, new Map(leavesOf(near, nearby)));
  if (index === null || (position !== null && !isEpoch(position.epoch, index.epoch)))
    return everything(range, order, 1);
  const pieces = () => piecesOf(spansOf(index), range, order, position?.place ?? null);
  const wanted = leavesWanted(pieces(), order).filter((leaf) => !near.includes(leaf));
  const asked = wanted.slice(0, MOST_LEAVES);
  if (asked.length > 0) {
    const readings = await store.getMany(leafKeys(asked), runtime.now());
    index.leaves = new Map([...index.leaves, ...leavesOf(asked, readings)]);
  }
  const found = pieces();
  return {
    epoch: index.epoch,
    pieces: found,
    stretches: stretchesOf(found),
    gone: index.root === null ? null : goneBefore(index.root),
    storeCalls: asked.length > 0 ? 2 : 1,
  };
}

function everything(range: Pick<Range, 'from' | 'to'>, order: Order, storeCalls: number): Look {
  const pieces = piecesOf(EVERYTHING, range, order, null);
  return { epoch: null, pieces, stretches: [{ from: 0, to: Infinity, isTail: false }], gone: null, storeCalls };
}

/** Null: nothing is known, or what was read is of two logs, since the log began anew. */
export function indexOfTimes(follower: Reading, root: Reading, leaves: Index['leaves']): Index | null {
  const { value: standing } = readTimes(followerAt, follower);
  const { value: times } = readTimes(timesRoot, root);
  const position = standing?.cursor == null || standing.open === undefined ? null : decodeCursor(standing.cursor);
  const open = position && standing?.open ? { ...standing.open, place: position.place } : null;
  const epoch = position?.epoch ?? times?.epoch ?? null;
  if (epoch === null || (times !== null && times.epoch !== epoch)) return null;
  return { epoch, root: times, open, leaves };
}

function leavesNear(place: number, order: Order): number[] {
  const places = order === 'oldest' ? [place, place + NEAR] : [place - 1, place - NEAR];
  return [...new Set(places.map((at) => Math.floor(Math.max(0, at) / LEAF)))];
}

function leavesOf(leaves: readonly number[], readings: readonly Reading[]): [number, TimesLeaf][] {
  return leaves.flatMap((leaf, index) => {
    const reading = readings[index];
    const { value } = reading === undefined ? { value: null } : readTimes(timesLeaf, reading);
    return value === null ? [] : [[leaf, value]];
  });
}
