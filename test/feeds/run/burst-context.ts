/** A BurstContext made by hand, and what a burst in it yields. */
import type { BurstContext, Feed, FeedBatch, FeedItem } from '../../../src/declare/feed.ts';
import type { Json } from '../../../src/base/json.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createGuardedFetch } from '../../../src/net/guarded-fetch.ts';
// An HTTP feed loads it when its first burst begins; a burst of a test may be too short to wait for that.
import '../../../src/feeds/http/burst.ts';
import { createWebSocketDial } from '../../../src/net/websocket-dial.ts';

export function burstContext(changes: Partial<BurstContext> = {}): BurstContext {
  const runtime = systemRuntime(() => {});
  return {
    ...runtime,
    feed: 'source',
    tenant: 'public',
    targets: [{ stream: 'events', route: null }],
    position: null,
    ranUntil: null,
    budget: { timeMs: 10_000, events: 10_000, bytes: 10 * 1024 * 1024 },
    deadline: Date.now() + 10_000,
    signal: new AbortController().signal,
    hold: null,
    secret: ({ name }) => `the value of ${name}`,
    fetch: createGuardedFetch(runtime),
    connect: null,
    webSocket: createWebSocketDial(runtime),
    ...changes,
  };
}

export interface Burst {
  batches: FeedBatch[];
  items: FeedItem[];
  /** As the last batch that had one left it. */
  position: Json | null;
  /** What it threw; null where it ended by itself. */
  error: unknown;
}

/** Runs a burst to its end, committing every batch. */
export async function runBurst(feed: Feed, changes: Partial<BurstContext> = {}): Promise<Burst> {
  const context = burstContext(changes);
  const burst: Burst = { batches: [], items: [], position: context.position, error: null };
  try {
    for await (const batch of feed.burst(context)) {
      burst.batches.push(batch);
      for (const item of batch.items) burst.items.push(item);
      if (batch.position !== undefined) burst.position = batch.position;
    }
  } catch (error) {
    burst.error = error;
  }
  return burst;
}
