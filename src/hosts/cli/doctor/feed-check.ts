/**
 * Pulls a feed once without a store, and holds what comes against the schemas of its streams: nothing is written, and the source is
 * not told that anything was stored.
 */
import type { BurstContext, DeclaredFeed, FeedItem } from '../../../declare/feed.ts';
import { asTidegateError } from '../../../base/errors.ts';
import { redactedError } from '../../../declare/check/open-secrets.ts';
import { createJudge } from '../../../feeds/run/judge-items.ts';
import { createMemoryStore } from '../../../store/drivers/memory.ts';
import { sharedScope } from '../../../streams/scope.ts';
import { LISTS_AGAIN, LISTS_AGAIN_FIX, listedAgain } from '../../caveats.ts';
import { tryingContext } from './feed-context.ts';
import type { DoctorCheck, Examined, DoctorFinding } from './finding.ts';
import { itemFindings, type PulledItems, sourceFindings } from './item-findings.ts';
import { failing } from './run-checks.ts';

/** How long a source has to bring something, ms. */
const TRY_MS = 12_000;
/** The same for one that speaks by itself, and is listened to for as long. */
const LISTEN_MS = 6_000;
/** So many items are enough. All of the batches that brought them are judged. */
const ITEMS = 3;

export function feedCheck(feed: DeclaredFeed): DoctorCheck {
  return {
    name: `feed ${feed.name}`,
    mostMs: TRY_MS + 8_000,
    run: (examined, signal) => tryFeed(feed, examined, signal),
  };
}

async function tryFeed(
  feed: DeclaredFeed,
  { app, config, clocks, ...lent }: Examined,
  signal: AbortSignal,
): Promise<DoctorFinding[]> {
  if (app === null || config === null) return [{ status: 'skip', what: 'not tried: first mend what stands above' }];
  if (feed.feed.handed) return [{ status: 'skip', what: `not tried: ${feed.feed.source} hands over what it stores` }];
  if (feed.feed.acknowledges && feed.feed.probe === undefined) {
    return [{ status: 'skip', what: 'not tried: a burst would take what it reads away from its source' }];
  }
  const runtime = { ...lent.runtime, variable: config.variable };
  const tryMs = feed.feed.listens === true ? LISTEN_MS : TRY_MS;
  const begunAt = runtime.now();
  const over = AbortSignal.any([signal, AbortSignal.timeout(tryMs)]);
  try {
    const { context, secrets, seen } = tryingContext(feed, runtime, {
      deadline: begunAt + tryMs,
      signal: over,
      clocks,
    });
    try {
      const pulled = feed.feed.probe
        ? { hasMore: false, ...(await feed.feed.probe(context)) }
        : await firstItems(feed, context);
      const tookMs = runtime.now() - begunAt;
      const judge = createJudge(sharedScope({ app, store: createMemoryStore(), runtime }), feed);
      await judge.ahead(pulled.items);
      const judged = pulled.items.map((item) => ({ item, as: judge.judge(item) }));
      return [
        ...pulled.facts,
        ...itemFindings(judged, { now: runtime.now(), tookMs }),
        ...sourceFindings(seen, pulled, feed),
        ...repeatFindings(feed, pulled.items.length),
      ];
    } catch (thrown) {
      throw redactedError(asTidegateError(thrown), secrets);
    }
  } catch (thrown) {
    return [failing(thrown, `${feed.feed.source}: `)];
  }
}

/** One item may be a reading, and each poll then brings a new one. */
function repeatFindings(feed: DeclaredFeed, items: number): DoctorFinding[] {
  const streams = listedAgain(feed);
  if (streams.length === 0 || items < 2) return [];
  return [{ status: 'warn', what: `${streams.join(', ')}: ${LISTS_AGAIN}`, fix: LISTS_AGAIN_FIX }];
}

/** The burst is ended where it hands over, as one whose commit failed. */
async function firstItems({ feed }: DeclaredFeed, context: BurstContext): Promise<PulledItems> {
  const items: FeedItem[] = [];
  try {
    for await (const batch of feed.burst(context)) {
      items.push(...batch.items);
      const isLast = batch.last === true && batch.more !== true;
      if (isLast || items.length >= ITEMS) return { items, hasMore: !isLast, facts: [] };
    }
  } catch (thrown) {
    // A feed may throw when its time is over. What came counts.
    if (!context.signal.aborted || items.length === 0) throw thrown;
  }
  return { items, hasMore: false, facts: [] };
}
