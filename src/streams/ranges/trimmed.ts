/**
 * Whether events of a range may have been trimmed, by the index of times and by where a scan found the log to begin. Pure.
 * It never misses any; where the index does not tell the times of what was trimmed, it tells by when that arrived, since an
 * event lies at most `aheadMs` ahead of the clock.
 */
import { meets, type Times } from '../log/time-spans.ts';
import { latestBefore } from '../log/times.ts';
import type { Range } from './range.ts';
import type { Cut, Piece } from './stretches.ts';

interface Trimmed {
  /** Times of what lay before the index; null: nothing did. */
  gone: Times;
  /** Places that the scan was to walk, but found trimmed. */
  cut: readonly Cut[];
  /** Where events of the range may be; null: nothing is known of the log that was scanned. */
  pieces: readonly Piece[] | null;
  /** The place from which on a page goes on oldest first; 0 for another page. */
  at: number;
  /** Append time of the oldest entry that was read, epoch ms; null: none was. */
  oldest: number | null;
  /** How far an event may lie ahead of the clock, ms. */
  aheadMs: number;
}

export function mayBeTrimmed(
  range: Pick<Range, 'from' | 'to'>,
  { gone, cut, pieces, at, oldest, aheadMs }: Trimmed,
): boolean {
  // Who asks for what there is, without bounds, misses nothing.
  if (range.from === null && range.to === null) return false;
  if (meets(gone, range) !== 'none') return true;
  const isBehind = range.from !== null && oldest !== null && latestBefore(oldest, aheadMs) < range.from;
  for (const { from, to } of cut) {
    const begin = Math.max(from, at);
    if (begin >= to) continue;
    if (pieces === null) {
      if (!isBehind) return true;
      continue;
    }
    for (const piece of pieces) {
      if (piece.from >= to || piece.to <= begin || meets(piece.times, range) === 'none') continue;
      // Of a block that is there in part, the events that are gone may be others than those of the range.
      const isCertain = piece.times !== 'unknown' && piece.from >= begin && piece.to <= to;
      if (isCertain || !isBehind) return true;
    }
  }
  return false;
}
