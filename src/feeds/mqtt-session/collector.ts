/**
 * Collects publications for the next batch of a burst: the items, and the packet ids to acknowledge once the items are
 * stored. It also knows when the burst's budget is spent. It does no I/O.
 */
import type { BurstContext, FeedItem } from '../../declare/feed.ts';
import type { Connection } from './dial.ts';
import { itemMaker, type Route } from './item.ts';
import type { MqttSettings } from './settings.ts';
import type { Publication } from './packets.ts';
import type { MqttPosition } from './position.ts';
import { topicMatcher } from './topic.ts';

export interface Collector {
  /** Takes publications in. Returns how many messages came, how many of them need an acknowledgement, and their bytes. */
  take(publications: readonly Publication[]): [messages: number, unacknowledged: number, bytes: number];
  /** Returns what was collected since the last call. */
  batch(): { items: FeedItem[]; messageIds: number[] };
  /** Whether the burst's budget is spent. */
  isSpent(): boolean;
  /** Whether the last message was a retained one, so that more of them may follow. */
  isAmongRetained(): boolean;
  /** How many messages came beyond the budget. The broker sends them again. */
  backlog(): number;
}

/** @param earlier the position of the last burst; null if the broker no longer has its session */
export function createCollector(
  settings: MqttSettings,
  context: BurstContext,
  routes: readonly Route[],
  { session, protocol }: Connection,
  earlier: MqttPosition | null,
): Collector {
  const { budget } = context;
  const { maxPacketBytes, qos, brokerQueueLimit } = settings;
  const itemsOf = itemMaker(routes, { maxPacketBytes, identified: session.identifies });
  const isRepeated = protocol === 4 && earlier?.settled ? repeatedRetained(earlier.filters) : () => false;
  let items: FeedItem[] = [];
  let messageIds: number[] = [];
  let events = 0;
  let bytes = 0;
  let left = 0;
  let spent = false;
  let amongRetained = false;
  let queued = session.present ? 0 : null;

  function keep(made: readonly FeedItem[]): void {
    items.push(...made);
    events += made.length;
  }

  function take(publications: readonly Publication[]): [number, number, number] {
    if (publications.length === 0 && messageIds.length === 0) queued = null;
    const sizeBefore = bytes;
    let taken = 0;
    let unacknowledged = 0;
    for (const publication of publications) {
      const made = isRepeated(publication) ? [] : itemsOf(publication);
      const size = publication.length ?? 0;
      const beyond = events > 0 && (events + made.length > budget.events || bytes + size > budget.bytes);
      // At QoS 1 the broker keeps what is beyond the budget. At QoS 0 nobody keeps it, so `run/` decides what becomes of
      // it.
      if (beyond) spent = true;
      if (beyond && qos === 1) {
        left = publications.length - taken;
        break;
      }
      keep(made);
      bytes += size;
      taken += 1;
      amongRetained = publication.retain;
      if (publication.qos > 0) {
        messageIds.push(publication.messageId ?? 0);
        unacknowledged += 1;
        if (queued !== null && ++queued === brokerQueueLimit) keep(queueFull(context, brokerQueueLimit));
      }
    }
    if (events >= budget.events || bytes >= budget.bytes) spent = true;
    return [taken, unacknowledged, bytes - sizeBefore];
  }

  return {
    take,
    batch() {
      const batch = { items, messageIds };
      items = [];
      messageIds = [];
      return batch;
    },
    isSpent: () => spent,
    isAmongRetained: () => amongRetained,
    backlog: () => left,
  };
}

/**
 * Makes the test whether a retained message is a repetition. With MQTT 3.1.1 a broker sends retained messages again on
 * each SUBSCRIBE; for a filter whose retained messages were all read, they are not new.
 */
function repeatedRetained(filters: readonly string[]): (publication: Publication) => boolean {
  const matchers = filters.map(topicMatcher);
  return ({ retain, topic }) => retain && matchers.some((matches) => matches(topic));
}

function queueFull(context: BurstContext, limit: number): FeedItem[] {
  const detail = `the broker keeps ${limit} messages at most, and so many were waiting: others may have been dropped`;
  return gaps(context, 'broker_queue_full', detail);
}

/** A `gap` event for each stream. It says that events before it are missing. */
export function gaps(context: BurstContext, reason: string, detail: string): FeedItem[] {
  const meta = { source: context.feed, gap: { reason, detail } };
  return context.targets.map(({ stream }) => ({ stream, data: null, meta, bytes: 0 }));
}
