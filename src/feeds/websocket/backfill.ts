/**
 * Accounts for the time that nobody listened before a subscription was confirmed. With `catchUp` it is read over HTTP, with
 * `sequence` the source sends it again, and otherwise a gap event reports it.
 */
import type { FeedBatch } from '../../declare/feed.ts';
import type { TidegateError } from '../../base/errors.ts';
import { advanceHeardUntil, BATCH_ITEMS, type BurstState, handOver } from './burst-state.ts';
import { spanText } from '../kit/gap-items.ts';
import { readHole } from './catch-up.ts';
import type { RawItem } from './payload.ts';

/** Reads or reports what was sent before `subscribedAt`. Answers false when the burst is over. */
export async function* backfill(
  burst: BurstState,
  subscribedAt: number,
): AsyncGenerator<FeedBatch, boolean, undefined> {
  const { settings, collector } = burst;
  const { catchUp, sequence, gapAboveMs } = settings;
  const initialMs = catchUp?.initialMs ?? 0;
  const isFirst = burst.reached === null;
  burst.reached ??= {
    heardUntil: subscribedAt - initialMs,
    sequence: null,
    alike: null,
    counted: 0,
    passed: 0,
    reading: null,
  };
  const { reached } = burst;
  // Nothing may be missed from here on, so the position is stored before anything is received. A process that dies before
  // that leaves a feed that has not begun.
  if (isFirst) yield handOver(burst);
  if (isFirst && initialMs === 0) return true;
  if (catchUp === undefined) {
    const missedMs = subscribedAt - reached.heardUntil;
    if (sequence === undefined && missedMs > gapAboveMs) {
      collector.gap('not_listening', `nobody listened ${spanText(reached.heardUntil, subscribedAt)}`);
    }
    advanceHeardUntil(burst, subscribedAt);
    return true;
  }
  const earliest = subscribedAt - catchUp.mostMs;
  if (reached.heardUntil < earliest) {
    collector.gap('not_listening', `nobody listened ${spanText(reached.heardUntil, earliest)}`);
    Object.assign(reached, { heardUntil: earliest, reading: null });
  }
  burst.owed = null;
  // The history is read also where no time seems to have passed: some of one millisecond's items may be missing.
  for (;;) {
    const until = reached.reading?.until ?? subscribedAt;
    if (!(yield* readAgain(burst, until))) return false;
    if (burst.owed || until >= subscribedAt) return true;
  }
}

/** Reads the hole that ends at `until`. Answers false when the burst is over; the next one then reads the rest. */
async function* readAgain(burst: BurstState, until: number): AsyncGenerator<FeedBatch, boolean, undefined> {
  const { settings, context, collector, reached } = burst;
  const { catchUp, allow } = settings;
  if (catchUp === undefined || reached === null) return true;
  const hole = { since: reached.heardUntil - catchUp.overlapMs, until };
  let items: RawItem[];
  try {
    items = await readHole(catchUp, hole, allow, context);
  } catch (error) {
    if (context.signal.aborted) return false;
    if (!isUpstream(error)) throw error;
    context.log('warn', 'what was not listened to could not be read', { reason: error.message });
    burst.owed = error;
    return true;
  }
  let done = reached.reading?.done ?? 0;
  while (done < items.length) {
    const room = Math.min(BATCH_ITEMS, collector.left(), items.length - done);
    collector.add(items.slice(done, done + room));
    done += room;
    reached.reading = { until, done };
    const isOut = (collector.isSpent() && !context.hold) || burst.clock.isOver() || context.signal.aborted;
    if (done < items.length) yield { ...handOver(burst), ...(isOut ? { backlog: items.length - done } : {}) };
    if (isOut && done < items.length) return false;
  }
  Object.assign(reached, { heardUntil: until, reading: null });
  return true;
}

function isUpstream(error: unknown): error is TidegateError {
  return error instanceof Error && 'code' in error && (error.code === 'upstream' || error.code === 'too_large');
}
