/** The state of a burst that outlives one connection, and the batches that it hands over. It does no I/O. */
import type { BurstContext, FeedBatch } from '../../declare/feed.ts';
import type { TidegateError } from '../../base/errors.ts';
import type { BurstClock } from '../kit/burst-clock.ts';
import type { ConnectionJudge } from '../kit/connections.ts';
import type { ItemCollector } from './collector.ts';
import type { SocketStanding } from './options.ts';
import type { WebSocketSettings } from './spec.ts';
import type { Continuity } from './stored-messages.ts';
import { type WebSocketPosition, writeSocketPosition } from './position.ts';

/** Most items of one batch. */
export const BATCH_ITEMS = 1_000;

/** The state of a burst. Its connections come and go. */
export interface BurstState {
  settings: WebSocketSettings;
  context: BurstContext;
  collector: ItemCollector;
  /** The position that the next commit writes; null until a feed that never ran has its first subscription. */
  reached: WebSocketPosition | null;
  /** The position that the last commit wrote, as JSON. */
  saved: string;
  /** Why a hole could not be read. The next burst reads it, so no position goes past it until then. */
  owed: TidegateError | null;
  clock: BurstClock;
  connections: ConnectionJudge;
  /** What of a sequence is missing on the connection that stands. */
  continuity: Continuity;
}

export function standingOf({ reached, context }: BurstState): SocketStanding {
  return { sequence: reached?.sequence ?? null, since: reached?.heardUntil ?? null, now: context.now() };
}

export function handOver(burst: BurstState): FeedBatch {
  const items = burst.collector.batch();
  if (burst.reached === null || !isMoved(burst)) return { items };
  burst.saved = JSON.stringify(burst.reached);
  return { items, position: writeSocketPosition(burst.reached) };
}

export function isMoved({ reached, saved }: BurstState): boolean {
  return JSON.stringify(reached) !== saved;
}

/** Notes that nothing is missing up to `at`. Where a hole before it is still to be read, the position stays. */
export function advanceHeardUntil({ reached, owed }: BurstState, at: number): void {
  if (reached && owed === null) reached.heardUntil = Math.max(reached.heardUntil, at);
}
