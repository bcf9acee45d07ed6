/**
 * The index of times: for each block of 256 places of a stream's log the least and the greatest event time in it, and the
 * widest holes between them (time-spans.ts), so that readers of a range of event time find its events whatever the order of
 * arrival was. This file holds the stored forms; times-fold.ts builds them, and the readers of `history` use them.
 *
 * - The *root*, one record of a stream: the blocks of the present leaf, and one pair of times for each leaf before it.
 * - A *leaf* is 256 blocks, 65,536 places. When it is full, its blocks move into a record of their own.
 * - The *open block*, from the last boundary of a block on, stands in the position of the follower of the latest events.
 *
 * Times are never narrower than the truth, and holes never wider: a trim or a removal of events leaves them as they are. What
 * no record covers is not known, and readers look at it entry by entry. 10⁷ events make a root of about 7 KB with 152 leaves
 * of 2 to 6 KB, and a hole 30 bytes more.
 *
 * A release that knows no holes passes over those of a record, and writes the record without them.
 */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { record, type RecordType } from '../../store/record.ts';
import type { Reading, RecordKey } from '../../store/store.ts';
import { FARTHEST, type Times, timesUpTo } from './time-spans.ts';

/** Places of a block. Blocks and leaves begin at multiples of their sizes. */
export const BLOCK = 256;
export const LEAF_BLOCKS = 256;
export const LEAF = BLOCK * LEAF_BLOCKS;
/** Most leaves that a root tells of, about 200 KB. It forgets the oldest, and readers look at what lies there. */
export const MOST_LEAVES = 8_192;
/** Clocks of those that append differ by less. */
const CLOCK_SKEW_MS = 60_000;
/** Most holes that one list of times keeps, those of its last times: at most 40 KB. */
const LISTED_HOLES = 1_000;

export interface TimesRoot {
  /** The log's epoch. Places of another epoch mean nothing here. */
  epoch: string;
  /** The place where the index begins. The log had nothing before it that could be read, but for what `forgot` tells. */
  first: number;
  /** The place where the index ends: a multiple of `BLOCK`, or `first`. */
  end: number;
  /** Packed times of each full leaf, from that of `first` on. */
  leaves: number[];
  /** Packed holes of the leaves; absent where there are none. */
  leafHoles?: number[];
  /** Packed times of each block of the leaf that is not full, from `first` or the leaf's beginning on. */
  blocks: number[];
  /** Packed holes of the blocks; absent where there are none. */
  holes?: number[];
  /**
   * Packed times of what lay before `first`: of the events whose leaves are gone, or what their times can be at most. Absent
   * where nothing did.
   */
  gone?: number[];
  /** The index once began here; what lies between this place and `first` is not known any more. */
  forgot?: number;
}

/** Blocks of a full leaf. */
export interface TimesLeaf {
  epoch: string;
  /** The place where the first of the blocks begins: that of the leaf, or where the index began. */
  first: number;
  blocks: number[];
  holes?: number[];
}

/** Times of the entries from `from` up to the follower's position. */
export interface OpenTimes {
  from: number;
  /** Packed; no number where there are no entries, or none that is an event. */
  times: number[];
  holes?: number[];
}

const place = () => z.number().int().nonnegative();
const packed = () => z.array(z.number().int());

export const timesRoot = record<TimesRoot>('times of a stream', () =>
  z.strictObject({
    epoch: z.string(),
    first: place(),
    end: place(),
    leaves: packed(),
    leafHoles: z.exactOptional(packed()),
    blocks: packed(),
    holes: z.exactOptional(packed()),
    gone: z.exactOptional(packed()),
    forgot: z.exactOptional(place()),
  }),
);

export const timesLeaf = record<TimesLeaf>('times of a leaf of a stream', () =>
  z.strictObject({ epoch: z.string(), first: place(), blocks: packed(), holes: z.exactOptional(packed()) }),
);

/** The form of the open block, beside a follower's position. */
export const openTimesSchema = () =>
  z.strictObject({ from: place(), times: packed(), holes: z.exactOptional(packed()) });

export function rootKey(tenant: string, stream: string): RecordKey {
  return { partition: `${tenant}/times/${stream}`, id: 'root' };
}

export function leafKey(tenant: string, stream: string, leaf: number): RecordKey {
  return { partition: `${tenant}/times/${stream}`, id: `leaf ${leaf}` };
}

/** The record's value; null where it is absent or of a newer release, which this one must not overwrite. */
export function readTimes<Value>(type: RecordType<Value>, reading: Reading): { value: Value | null; isNewer: boolean } {
  try {
    return { value: type.read(reading), isNewer: false };
  } catch (error) {
    if (error instanceof TidegateError && error.code === 'newer_version') return { value: null, isNewer: true };
    throw error;
  }
}

/** A pair for each of the times: how far its least is from the least before it, and from its least to its greatest. */
export function packTimes(list: readonly Times[]): number[] {
  let last = 0;
  return list.flatMap((times) => {
    if (times === null) return [0, -1];
    const pair = [times[0] - last, times[1] - times[0]];
    [last] = times;
    return pair;
  });
}

/** Of each hole: the number of its times in the list, how far it begins from their least, and how wide it is. */
export function packHoles(list: readonly Times[]): number[] {
  const holes = list.flatMap((times, index) => {
    const [min = 0, , ...ofOne] = times ?? [];
    return ofOne.map(([before, behind]) => [index, before - min, behind - before]);
  });
  return holes.slice(-LISTED_HOLES).flat();
}

export function unpackTimes(numbers: readonly number[], holes: readonly number[] = []): Times[] {
  const list: Times[] = [];
  let last = 0;
  for (let at = 0; at < numbers.length; at += 2) {
    const span = numbers[at + 1] ?? -1;
    if (span < 0) {
      list.push(null);
      continue;
    }
    last += numbers[at] ?? 0;
    list.push([last, last + span]);
  }
  for (let at = 0; at < holes.length; at += 3) {
    const [index = 0, offset = 0, width = 0] = holes.slice(at, at + 3);
    const times = list[index];
    if (times) list[index] = [...times, [times[0] + offset, times[0] + offset + width]];
  }
  return list;
}

/** The times of an open block. */
export function timesOfOpen({ times, holes }: OpenTimes): Times {
  return unpackTimes(times, holes)[0] ?? null;
}

/**
 * Latest time that an event can have that arrived before this append time, epoch ms.
 * @param aheadMs how far an event may lie ahead of the clock
 */
export function latestBefore(appendedAt: number, aheadMs: number): number {
  return appendedAt + aheadMs + CLOCK_SKEW_MS;
}

/** The times of what lay before a root; null: nothing did. */
export function goneBefore({ first, gone }: TimesRoot): Times {
  if (gone === undefined) return first === 0 ? null : timesUpTo(FARTHEST);
  return unpackTimes(gone)[0] ?? null;
}
