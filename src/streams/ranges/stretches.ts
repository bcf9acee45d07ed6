/**
 * Which places of a log a read of a range has to look at, by the index of times (log/times.ts). Pure. What the index does not
 * tell of is looked at. It decides nothing about single events.
 */
import { decodeCursor } from '../../store/cursor.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor, LogPage } from '../../store/store.ts';
import { meets, shareOf, type Times } from '../log/time-spans.ts';
import { BLOCK, LEAF, type OpenTimes, type TimesLeaf, timesOfOpen, type TimesRoot, unpackTimes } from '../log/times.ts';
import type { Order, Range } from './range.ts';

/** The records of an index, as they were read. They may be of different moments. */
export interface Index {
  /** The log's epoch. */
  epoch: string;
  root: TimesRoot | null;
  /** The open block, from `open.from` up to `place`, the position of the follower. */
  open: (OpenTimes & { place: number }) | null;
  /** Those that were read, by number. */
  leaves: ReadonlyMap<number, TimesLeaf>;
}

/** Places from `from` to `to - 1`, and what is known of the events there. */
export interface KnownSpan {
  from: number;
  /** Infinity: to the log's end, wherever that is. */
  to: number;
  times: Times | 'unknown';
  /** The number of the leaf whose blocks were not read. */
  leaf?: number;
}

/** Places that have to be looked at. */
export interface Piece {
  from: number;
  to: number;
  /** Of a piece of a block: those of the whole block. */
  times: Times | 'unknown';
  /** Every event there is in the range. */
  isWhole: boolean;
  /** Number of events in the range, if events are evenly spread over the times of their block; at most `to - from`. */
  likely: number;
}

/** Entries that a first read asks for beyond those that are wanted, where it is not known how many are in the range. */
const EDGE_ENTRIES = 50;

export interface Stretch {
  from: number;
  to: number;
  /** What the index does not reach yet: often nothing. */
  isTail: boolean;
}

/** The whole log as the index tells of it, in order. */
export function spansOf({ root, open, leaves }: Index): KnownSpan[] {
  const spans: KnownSpan[] = [];
  let end: number | null = null;
  if (root !== null) {
    if (root.forgot !== undefined) spans.push({ from: root.forgot, to: root.first, times: 'unknown' });
    let at = root.first;
    for (const times of unpackTimes(root.leaves, root.leafHoles)) {
      const leaf = Math.floor(at / LEAF);
      const to = (leaf + 1) * LEAF;
      const blocks = leaves.get(leaf);
      // A leaf that began elsewhere is not the one that the root tells of.
      if (blocks?.epoch === root.epoch && blocks.first <= at) spans.push(...blocksOf(blocks, blocks.first, at));
      else spans.push({ from: at, to, times, leaf });
      at = to;
    }
    spans.push(...blocksOf(root, at, at));
    ({ end } = root);
  }
  if (open !== null) {
    // The root may have been read before the position, and tell less than there was then, or not be there yet.
    if (open.from > (end ?? 0)) spans.push({ from: end ?? 0, to: open.from, times: 'unknown' });
    const from = Math.max(open.from, end ?? 0);
    if (open.place > from) spans.push({ from, to: open.place, times: timesOfOpen(open) });
    end = Math.max(open.place, end ?? 0);
  }
  return [...spans, { from: end ?? 0, to: Infinity, times: 'unknown' }];
}

/** @param from where the first block begins; those before `first` are left out */
function blocksOf({ blocks, holes }: Pick<TimesLeaf, 'blocks' | 'holes'>, from: number, first: number): KnownSpan[] {
  const spans: KnownSpan[] = [];
  let at = from;
  for (const times of unpackTimes(blocks, holes)) {
    const to = (Math.floor(at / BLOCK) + 1) * BLOCK;
    if (at >= first) spans.push({ from: at, to, times });
    at = to;
  }
  return spans;
}

/**
 * @param order of the read, and `at` where it goes on: nothing before that place, or from it on for the newest first.
 * Null: a first page
 */
export function piecesOf(
  spans: readonly KnownSpan[],
  range: Pick<Range, 'from' | 'to'>,
  order: Order,
  at: number | null,
): (Piece & Pick<KnownSpan, 'leaf'>)[] {
  return spans.flatMap((span) => {
    const from = order === 'oldest' ? Math.max(span.from, at ?? 0) : span.from;
    const to = order === 'newest' ? Math.min(span.to, at ?? Infinity) : span.to;
    const met = meets(span.times, range);
    if (from >= to || met === 'none') return [];
    const isWhole = met === 'whole' || (range.from === null && range.to === null);
    const likely = isWhole || span.times === 'unknown' ? to - from : (to - from) * shareOf(span.times, range);
    return [{ ...span, from, to, isWhole, likely }];
  });
}

/**
 * Joins pieces to stretches, in order. Pieces with others between them that need not be looked at are joined where that
 * saves a read.
 */
export function stretchesOf(pieces: readonly Piece[]): Stretch[] {
  const stretches: Stretch[] = [];
  for (const { from, to } of pieces) {
    const last = stretches.at(-1);
    if (last && (from === last.to || savesRead(last, { from, to }))) last.to = to;
    else stretches.push({ from, to, isTail: to === Infinity });
  }
  return stretches;
}

function savesRead(a: Pick<Piece, 'from' | 'to'>, b: Pick<Piece, 'from' | 'to'>): boolean {
  return b.to !== Infinity && readsOf(a.from, b.to) < readsOf(a.from, a.to) + readsOf(b.from, b.to);
}

function readsOf(from: number, to: number): number {
  return Math.ceil((to - from) / READ_LIMIT);
}

/**
 * How many entries the first read asks for, so that it surely finds `wanted` events where enough pieces are whole; at
 * most `READ_LIMIT`. A piece of which some events may be in the range counts as holding none.
 */
export function firstChunk(pieces: readonly Piece[], order: Order, wanted: number): number {
  const inOrder = order === 'oldest' ? pieces : pieces.toReversed();
  let found = 0;
  let looked = 0;
  let at: number | null = null;
  for (const { from, to, isWhole } of inOrder) {
    if (to === Infinity && isWhole) return Math.min(READ_LIMIT, wanted);
    // How long the tail is is not known; it is short as a rule.
    if (to === Infinity) continue;
    const [begin, end] = order === 'oldest' ? [from, to] : [-to, -from];
    const gap: number = at === null ? 0 : begin - at;
    at = end;
    looked += gap + to - from;
    if (isWhole) found += to - from;
    if (found >= wanted) return Math.min(READ_LIMIT, looked - (found - wanted));
    if (looked >= READ_LIMIT) return READ_LIMIT;
  }
  return Math.min(READ_LIMIT, Math.max(looked, wanted) + EDGE_ENTRIES);
}

/** How many places of pieces or stretches a log has, whose entries stand from `first` to `end - 1`. */
export function lengthWithin(list: readonly Pick<Piece, 'from' | 'to'>[], first: number, end: number): number {
  return list.reduce((sum, { from, to }) => sum + Math.max(0, Math.min(to, end) - Math.max(from, first)), 0);
}

/** About how many events of the range are in a log whose entries stand from `first` to `end - 1`. */
export function likelyWithin(pieces: readonly Piece[], first: number, end: number): number {
  return Math.round(pieces.reduce((sum, piece) => sum + Math.min(piece.likely, lengthWithin([piece], first, end)), 0));
}

/** Numbers of the leaves whose blocks tell more than the leaf does, the first to be looked at first. */
export function leavesWanted(pieces: readonly (Piece & Pick<KnownSpan, 'leaf'>)[], order: Order): number[] {
  const leaves = pieces.flatMap(({ leaf, isWhole }) => (leaf === undefined || isWhole ? [] : [leaf]));
  return order === 'oldest' ? leaves : leaves.toReversed();
}

export interface Cut {
  from: number;
  to: number;
}

/** How far a scan has walked stretches, and where the log was found to begin and to end. */
export interface Walk {
  forward: boolean;
  /** What is still to be walked, in the scan's direction. */
  left: Stretch[];
  epoch: string | null;
  /** The place behind the log's newest entry; null: nothing was read yet. */
  end: number | null;
  /** The place of the log's oldest entry; null: nothing was read yet. */
  floor: number | null;
  /** Places that were to be walked, but were trimmed before. */
  cut: Cut[];
}

/** Takes in where the log begins and ends. False: it is another log than the stretches are of, all of which is walked. */
export function arrive(walk: Walk, page: LogPage): boolean {
  if (page.floor === null || page.end === null) {
    walk.left = [];
    return false;
  }
  const { epoch, place: end } = decodeCursor(page.end);
  const isSame = walk.epoch === null || walk.epoch === epoch;
  if (!isSame) walk.left = [{ from: 0, to: Infinity, isTail: false }];
  const floor = decodeCursor(page.floor).place;
  for (const stretch of walk.left) {
    if (stretch.from >= floor) continue;
    walk.cut.push({ from: stretch.from, to: Math.min(stretch.to, floor) });
    stretch.from = floor;
  }
  walk.epoch = epoch;
  walk.floor = floor;
  walk.end = end;
  return isSame;
}

/** What of pieces was trimmed, where the log begins at `floor`. */
export function cutBefore(floor: number, pieces: readonly Pick<Piece, 'from' | 'to'>[]): Cut[] {
  return pieces.flatMap(({ from, to }) => (from < floor ? [{ from, to: Math.min(to, floor) }] : []));
}

/** Leaves out stretches of which nothing is left, or that lie beyond the log's ends. */
export function leaveOut({ left, forward, end }: Walk): void {
  const last = forward ? (end ?? Infinity) : Infinity;
  for (let [first] = left; first !== undefined && first.from >= Math.min(first.to, last); [first] = left) left.shift();
}

export function lengthOf({ from, to }: Stretch, end: number | null): number {
  return Math.max(0, Math.min(to, end ?? to) - from);
}

export function placeAt(cursor: Cursor | null): number | null {
  return cursor === null ? null : decodeCursor(cursor).place;
}
