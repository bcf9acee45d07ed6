/**
 * The index of times: for each block of 256 places of a stream's log the least and the greatest event time in it, so that
 * readers of a range of event time find its events whatever the order of arrival was. This file holds the stored forms and
 * what follows from them; times-fold.ts builds them, and the readers of `history` use them.
 *
 * - The *root*, one record of a stream: the blocks of the present leaf, and one pair of times for each leaf before it.
 * - A *leaf* is 256 blocks, 65,536 places. When it is full, its blocks move into a record of their own.
 * - The *open block*, from the last boundary of a block on, stands in the position of the follower of the latest events.
 *
 * Accepted weakness: a block in which one order ends and another begins, such as live data and then history, spans all times
 * between the two, so ranges there cost one read more.
 *
 * Times are never narrower than the truth: a trim or a removal of events leaves them as they are. What no record covers is
 * not known, and readers look at it entry by entry. 10⁷ events make a root of about 7 KB with 152 leaves of 2 to 6 KB.
 */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { record, type RecordType } from '../../store/record.ts';
import type { Reading, RecordKey } from '../../store/store.ts';

/** Places of a block. Blocks and leaves begin at multiples of their sizes. */
export const BLOCK = 256;
export const LEAF_BLOCKS = 256;
export const LEAF = BLOCK * LEAF_BLOCKS;
/** Most leaves that a root tells of, about 200 KB. It forgets the oldest, and readers look at what lies there. */
export const MOST_LEAVES = 8_192;
/** Clocks of those that append differ by less. */
const CLOCK_SKEW_MS = 60_000;
/** Times beyond this (both ways, epoch ms) count as this, so that differences of times are exact. */
const FARTHEST = 4e15;

/** Least and greatest event time of some entries, epoch ms; null where there is no event. */
export type Times = readonly [min: number, max: number] | null;

export interface TimesRoot {
  /** The log's epoch. Places of another epoch mean nothing here. */
  epoch: string;
  /** The place where the index begins. The log had nothing before it that could be read, but for what `forgot` tells. */
  first: number;
  /** The place where the index ends: a multiple of `BLOCK`, or `first`. */
  end: number;
  /** Packed times of each full leaf, from that of `first` on. */
  leaves: number[];
  /** Packed times of each block of the leaf that is not full, from `first` or the leaf's beginning on. */
  blocks: number[];
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
}

/** Times of the entries from `from` up to the follower's position. */
export interface OpenTimes {
  from: number;
  /** Packed; no number where there are no entries, or none that is an event. */
  times: number[];
}

const place = () => z.number().int().nonnegative();
const packed = () => z.array(z.number().int());

export const timesRoot = record<TimesRoot>('times of a stream', () =>
  z.strictObject({
    epoch: z.string(),
    first: place(),
    end: place(),
    leaves: packed(),
    blocks: packed(),
    gone: z.exactOptional(packed()),
    forgot: z.exactOptional(place()),
  }),
);

export const timesLeaf = record<TimesLeaf>('times of a leaf of a stream', () =>
  z.strictObject({ epoch: z.string(), first: place(), blocks: packed() }),
);

/** The form of the open block, beside a follower's position. */
export const openTimesSchema = () => z.strictObject({ from: place(), times: packed() });

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

export function unpackTimes(numbers: readonly number[]): Times[] {
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
  return list;
}

/** Times that hold those of both. */
export function joined(a: Times, b: Times): Times {
  if (a === null || b === null) return a ?? b;
  return [Math.min(a[0], b[0]), Math.max(a[1], b[1])];
}

/**
 * Latest time that an event can have that arrived before this append time, epoch ms.
 * @param aheadMs how far an event may lie ahead of the clock
 */
export function latestBefore(appendedAt: number, aheadMs: number): number {
  return appendedAt + aheadMs + CLOCK_SKEW_MS;
}

/** The times of events of which no more is known than the latest that they can have. */
export function timesUpTo(latest: number): Times {
  return [-FARTHEST, bounded(Math.ceil(latest))];
}

/** The times of what lay before a root; null: nothing did. */
export function goneBefore({ first, gone }: TimesRoot): Times {
  if (gone === undefined) return first === 0 ? null : timesUpTo(FARTHEST);
  return unpackTimes(gone)[0] ?? null;
}

/** The times of one event, in whole milliseconds that hold it. */
export function timesOf(time: number): Times {
  return [bounded(Math.floor(time)), bounded(Math.ceil(time))];
}

/**
 * How a range meets times. `none`: no event is in it. `whole`: every event is. `part`: some may be.
 * @param range `from` inclusive, `to` exclusive; null: no bound
 */
export function meets(
  times: Times | 'unknown',
  { from, to }: { from: number | null; to: number | null },
): 'none' | 'part' | 'whole' {
  if (times === null) return 'none';
  if (times === 'unknown') return 'part';
  const [min, max] = times;
  // At the farthest times what stands there may lie on either side of a bound.
  const isFar = min <= -FARTHEST || max >= FARTHEST;
  const [first, last] = [from === null ? null : bounded(from), to === null ? null : bounded(to)];
  if (first !== null && max < first) return 'none';
  if (last !== null && (min > last || (min === last && !isFar))) return 'none';
  const within = (first === null || min >= first) && (last === null || max < last);
  return within && !isFar ? 'whole' : 'part';
}

function bounded(time: number): number {
  return Math.max(-FARTHEST, Math.min(FARTHEST, time));
}
