/**
 * One burst of an MQTT feed: connect, tell of a gap, subscribe, then collect, hand over, acknowledge, until nothing more
 * comes or the budget is spent. Whatever was not handed over and stored is not acknowledged, and the broker keeps it.
 */
import type { BurstContext, FeedBatch, FeedItem } from '../core/declaration/feed.ts';
import { itemMaker, type Route, routesOf } from './mqtt-item.ts';
import type { MqttSettings } from './mqtt-options.ts';
import { createPacing } from './mqtt-pacing.ts';
import type { Publication } from './mqtt-packets.ts';
import { lossSince, type MqttPosition, readPosition, samePosition } from './mqtt-position.ts';
import { type Connection, dial, forgetSession } from './mqtt-dial.ts';
import { topicMatcher, withoutCovered } from './mqtt-topic.ts';

const BATCH_BYTES = 1024 * 1024;
const DEFAULT_RECEIVE_MAXIMUM = 1_000;
/** Of a burst's time, what is left for the last commit and the farewell. */
const RESERVED_SHARE = 0.1;
const MOST_RESERVED_MS = 1_000;

export async function* drain(
  settings: MqttSettings,
  context: BurstContext,
): AsyncGenerator<FeedBatch, void, undefined> {
  const { signal, budget } = context;
  const now = () => context.now();
  const startedAt = now();
  const overAt = Math.min(context.deadline, startedAt + budget.timeMs);
  const lastCommitAt = overAt - Math.min(MOST_RESERVED_MS, (overAt - startedAt) * RESERVED_SHARE);
  const before = settings.qos === 1 ? readPosition(context.position) : null;
  const routes = routesOf(context.targets, settings);

  const connection = await dial(settings, context, before);
  const { session, broker, clientId, protocol } = connection;
  let handedOver = false;
  const wakeOnAbort = () => {
    if (!handedOver) connection.close();
  };
  signal.addEventListener('abort', wakeOnAbort, { once: true });
  const loss = lossSince(before, { broker, clientId, present: session.present });
  let lossIsKnown = loss === null;
  try {
    if (loss !== null) {
      // Nothing is subscribed to before the gap is stored. Accepted weakness: a process killed between CONNACK and this commit
      // leaves a session behind, by which the next burst cannot tell that there was a gap.
      handedOver = true;
      const position = { session: true, broker, clientId, protocol, filters: [], settled: false };
      yield { items: gaps(context, 'session_lost', loss), position };
      handedOver = false;
      lossIsKnown = true;
    }
    const earlier = loss === null && session.present ? before : null;
    const position = await subscribe(connection, settings, routes, earlier);
    const collector = createCollector(settings, context, routes, connection, earlier);
    const pacing = createPacing(
      {
        // Half of what may be under way: the broker sends the other half while this one is committed.
        batchMessages: Math.ceil((settings.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM) / 2),
        batchBytes: BATCH_BYTES,
        lingerMs: settings.lingerMs,
        idleMs: settings.idleMs,
        window: protocol === 4 ? settings.receiveMaximum : null,
      },
      now,
    );
    let saved = loss === null ? before : null;
    for (;;) {
      const decision = pacing.decide();
      const over = collector.isSpent() || now() >= lastCommitAt || signal.aborted;
      if (decision.verdict === 'wait' && !over) {
        const publications = await session.receive(Math.min(decision.waitMs, lastCommitAt - now()));
        pacing.arrived(...collector.take(publications));
        continue;
      }
      const last = decision.verdict === 'idle' && !over;
      const { items, messageIds } = collector.batch();
      const reached: MqttPosition = { ...position, settled: position.settled || last };
      const moved = settings.qos === 1 && !samePosition(saved, reached);
      if (items.length > 0 || last || moved) {
        handedOver = true;
        yield { items, ...(moved ? { position: { ...reached } } : {}), ...(last ? { last, backlog: 0 } : {}) };
        handedOver = false;
        if (moved) saved = reached;
      }
      await session.acknowledge(messageIds);
      pacing.committed();
      if (last || over) return;
    }
  } catch (error) {
    // What was collected is not acknowledged, so an early end loses nothing.
    if (!signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', wakeOnAbort);
    await session.end(!lossIsKnown);
    if (!lossIsKnown && protocol === 4) await forgetSession(settings, context);
  }
}

/** Subscribes to what is declared, always: it repairs a session that a killed process left half made. Answers the position. */
async function subscribe(
  { session, broker, clientId, protocol }: Connection,
  settings: MqttSettings,
  routes: readonly Route[],
  earlier: MqttPosition | null,
): Promise<MqttPosition> {
  const declared = routes.map(({ filter }) => filter);
  const filters = session.identifies ? [...new Set(declared)] : withoutCovered(declared);
  const gone = earlier?.filters.filter((filter) => !filters.includes(filter)) ?? [];
  await session.subscribe(filters, settings.qos, gone);
  const settled = earlier?.settled === true && filters.every((filter) => earlier.filters.includes(filter));
  return { session: true, broker, clientId, protocol, filters, settled };
}

interface Collector {
  /** Messages, how many of them want an acknowledgement, and bytes. */
  take(publications: readonly Publication[]): [messages: number, unacknowledged: number, bytes: number];
  /** What was collected since the last call. */
  batch(): { items: FeedItem[]; messageIds: number[] };
  /** Whether the burst's budget holds nothing more. */
  isSpent(): boolean;
}

function createCollector(
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
  let spent = false;
  let queued = session.present ? 0 : null;

  function take(publications: readonly Publication[]): [number, number, number] {
    if (publications.length === 0 && messageIds.length === 0) queued = null;
    const sizeBefore = bytes;
    let taken = 0;
    let unacknowledged = 0;
    for (const publication of publications) {
      const made = isRepeated(publication) ? [] : itemsOf(publication);
      const size = publication.length ?? 0;
      const beyond = events > 0 && (events + made.length > budget.events || bytes + size > budget.bytes);
      // At QoS 1 the broker keeps what is beyond; at QoS 0 nobody does, so the run decides what becomes of it.
      if (beyond) spent = true;
      if (beyond && qos === 1) break;
      items.push(...made);
      events += made.length;
      bytes += size;
      taken += 1;
      if (publication.qos > 0) {
        messageIds.push(publication.messageId ?? 0);
        unacknowledged += 1;
        if (queued !== null && ++queued === brokerQueueLimit) items.push(...queueFull(context, brokerQueueLimit));
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
  };
}

/** MQTT 3.1.1 sends retained messages again on each SUBSCRIBE; those of filters that were read to their end are no news. */
function repeatedRetained(filters: readonly string[]): (publication: Publication) => boolean {
  const matchers = filters.map(topicMatcher);
  return ({ retain, topic }) => retain && matchers.some((matches) => matches(topic));
}

function queueFull(context: BurstContext, limit: number): FeedItem[] {
  const detail = `the broker keeps ${limit} messages at most, and so many were waiting: others may have been dropped`;
  return gaps(context, 'broker_queue_full', detail);
}

function gaps(context: BurstContext, reason: string, detail: string): FeedItem[] {
  const meta = { source: context.feed, gap: { reason, detail } };
  return context.targets.map(({ stream }) => ({ stream, data: null, meta, bytes: 0 }));
}
