/**
 * Chooses which window of time a page in the order of times reads next, by what the index of times tells of the blocks of a log. Pure.
 */
import { shareOf } from '../log/time-spans.ts';
import type { Order, Range } from './range.ts';
import type { Piece } from './stretches.ts';

/** From inclusive, to exclusive, epoch ms; null: no bound. */
export type Bounds = Pick<Range, 'from' | 'to'>;

/** Times and number of the events of a piece. */
interface Block {
  min: number;
  max: number;
  piece: Piece;
}

/** How many places pieces have, but for the tail, whose length is not known and short as a rule. */
export function lengthOfPieces(pieces: readonly Piece[]): number {
  return pieces.reduce((sum, { from, to }) => sum + (to === Infinity ? 0 : to - from), 0);
}

/**
 * The window of time that is read next: the one nearest to where the page goes on that holds about as many events as are wanted, if
 * events are spread evenly over the times of their blocks.
 * @param left what is still to be read @param wanted about so many events, at least one
 */
export function windowOf(pieces: readonly Piece[], left: Bounds, order: Order, wanted: number): Bounds {
  const blocks = blocksOf(pieces, order);
  const near: Block[] = [];
  let likely = 0;
  for (const block of blocks) {
    near.push(block);
    likely += countWithin(block, left);
    if (likely >= wanted) break;
  }
  if (likely < wanted) return left;
  // All of these are in the widest window that may be needed, and so may others be that begin within it.
  const [least, most] = [Math.min(...near.map(({ min }) => min)), Math.max(...near.map(({ max }) => max)) + 1];
  const candidates = blocks.filter(({ min, max }) => max >= least && min < most);
  const countOf = (times: Bounds) => candidates.reduce((sum, block) => sum + countWithin(block, times), 0);
  const [first, last] = [Math.max(least, left.from ?? least), Math.min(most, left.to ?? most)];
  if (order === 'oldest') {
    const to = leastWith(
      (edge) => countOf({ from: left.from, to: edge }) >= wanted,
      Math.floor(first),
      Math.ceil(last),
    );
    return left.to !== null && to >= left.to ? left : { from: left.from, to };
  }
  const back = leastWith((ms) => countOf({ from: last - ms, to: left.to }) >= wanted, 0, Math.ceil(last - first));
  const from = Math.floor(last - back);
  return left.from !== null && from <= left.from ? left : { from, to: left.to };
}

/** Those whose times are known, the nearest first. */
function blocksOf(pieces: readonly Piece[], order: Order): Block[] {
  const blocks = pieces.flatMap((piece): Block[] => {
    const { times } = piece;
    return times === 'unknown' || times === null ? [] : [{ min: times[0], max: times[1], piece }];
  });
  return blocks.sort(order === 'oldest' ? (a, b) => a.min - b.min : (a, b) => b.max - a.max);
}

function countWithin({ piece: { from, to, times } }: Block, { from: first, to: last }: Bounds): number {
  if (times === 'unknown' || times === null) return 0;
  return first === null && last === null ? to - from : (to - from) * shareOf(times, { from: first, to: last });
}

/** The least whole number of those from `low` to `high` that is enough, where all greater ones are; else `high`. */
function leastWith(isEnough: (value: number) => boolean, low: number, high: number): number {
  let [least, most] = [low, high];
  while (least < most) {
    const middle = Math.floor((least + most) / 2);
    if (isEnough(middle)) most = middle;
    else least = middle + 1;
  }
  return most;
}
