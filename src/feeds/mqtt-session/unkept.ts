/**
 * Which streams get messages that were published at QoS 0, which a broker keeps for nobody who is away. Where each burst
 * ends its connection, that is told once, by a gap event: what came between two bursts is missing, and goes on missing.
 * Where the connection is held nothing is missing while it lasts, so a gap is due after each time without one. Pure.
 */
import { fnv1a } from '../../base/digest.ts';
import type { BurstContext, FeedItem } from '../../declare/feed.ts';
import { gaps, spanText } from '../kit/gap-items.ts';
import { packNumbers, unpackNumbers } from './packed-numbers.ts';

export interface Unkept {
  /**
   * Takes note that a message at QoS 0 came for these items, on a route that is subscribed to at QoS 1. Returns the gap
   * events that tell it, for the streams of which it was not known.
   */
  told(items: readonly FeedItem[], topic: string): FeedItem[];
  /** The gap events for the time since the last connection, where one was held. */
  away(): FeedItem[];
  /** The gap events for a time in which nothing was read, because a commit took `ms`. */
  stood(ms: number): FeedItem[];
  /** What a position holds of it: hashes of the streams' names, packed. */
  state(): string;
}

/** A commit that takes longer, ms, is told: a broker drops what it cannot send to a client that does not read. */
const STALL_MS = 10_000;
const AT_QOS_0 =
  'is published at QoS 0: the broker keeps none of it between two bursts, so most of it is missing. Publish at QoS 1, or see the ways out in the documentation of MQTT feeds';

/**
 * @param before as the position holds it; null before the first connection
 * @param qos of the feed. At 0 the broker keeps nothing for any of its streams.
 */
export function createUnkept(
  context: Pick<BurstContext, 'feed' | 'targets' | 'hold' | 'ranUntil' | 'now'>,
  before: string | null,
  qos: 0 | 1,
): Unkept {
  const known = new Set(unpackNumbers(before ?? ''));
  const { targets, hold } = context;

  /** A gap for each stream that gets messages at QoS 0, where the connection is held. */
  function lossy(reason: string, detail: string, all: boolean): FeedItem[] {
    if (hold === null) return [];
    const streams = targets.map(({ stream }) => stream).filter((stream) => all || known.has(fnv1a(stream)));
    return gaps(context, reason, detail, new Set(streams));
  }

  return {
    told(items, topic) {
      const streams = new Set(items.map(({ stream }) => stream).filter((stream) => !known.has(fnv1a(stream))));
      if (qos === 0 || streams.size === 0) return [];
      for (const stream of streams) known.add(fnv1a(stream));
      if (hold !== null) return [];
      return gaps(context, 'published_at_qos_0', `${topic} ${AT_QOS_0}`, streams);
    },
    away() {
      const { ranUntil } = context;
      const span = ranUntil === null ? 'for a while' : spanText(ranUntil, context.now());
      const detail = `the feed was not connected ${span}; what was published at QoS 0 meanwhile is lost`;
      return lossy('not_connected', detail, qos === 0 && before !== null);
    },
    stood(ms) {
      if (ms < STALL_MS) return [];
      const detail = `nothing was read for ${ms} ms, because a commit took so long; the broker may have dropped what was published at QoS 0`;
      return lossy('slow_commit', detail, qos === 0);
    },
    state: () => packNumbers(known),
  };
}
