/** Where a burst of a WebSocket feed stands, beyond one connection, and what it hands over of that. It does no I/O. */
import type { BurstContext, FeedBatch } from '../../declare/feed.ts';
import type { TidegateError } from '../../base/errors.ts';
import type { ItemCollector } from './collector.ts';
import type { SocketStanding } from './options.ts';
import type { WebSocketSettings } from './spec.ts';
import { type WebSocketPosition, writeSocketPosition } from './position.ts';

/** Handed over at once, at most. */
export const BATCH_ITEMS = 1_000;

/** What a burst knows beyond one connection. */
export interface BurstState {
  settings: WebSocketSettings;
  context: BurstContext;
  collector: ItemCollector;
  /** As the next commit is to leave it; null before the first connection of all. */
  reached: WebSocketPosition | null;
  /** As the last commit left it, as JSON. */
  saved: string;
  /** Why a hole could not be read: it is left for the next burst, and no position goes past it. */
  owed: TidegateError | null;
  lastCommitAt: number;
  reservedMs: number;
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

/** Nothing is missing up to then, unless there is a hole before it that is still to be read. */
export function advanceHeardUntil({ reached, owed }: BurstState, at: number): void {
  if (reached && owed === null) reached.heardUntil = Math.max(reached.heardUntil, at);
}
