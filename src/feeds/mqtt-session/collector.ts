/**
 * Collects publications for the next batch of a burst: the items, and the packet ids to acknowledge once the items are
 * stored. It also knows when the burst's budget is spent. It does no I/O.
 */
import type { BurstContext, FeedItem } from '../../declare/feed.ts';
import type { Connection } from './dial.ts';
import { gaps } from '../kit/gap-items.ts';
import { itemMaker, type Route, subscriptionsOf } from './item.ts';
import type { MqttSettings } from './settings.ts';
import type { Publication } from './packets.ts';
import type { RetainedMemory } from './retained.ts';
import { subscriptionId, topicMatcher } from './topic.ts';
import type { Unkept } from './unkept.ts';

/** So much of a topic is logged. */
const TOLD_CHARACTERS = 256;

interface Collector {
  /** Takes publications in. Returns how many messages came, how many of them need an acknowledgement, and their bytes. */
  take(publications: readonly Publication[]): [messages: number, unacknowledged: number, bytes: number];
  /** Adds items that no message brought. */
  add(items: readonly FeedItem[]): void;
  /** Returns what was collected since the last call. */
  batch(): { items: FeedItem[]; messageIds: number[] };
  /** Returns those items since the last `batch` that nobody gives again: what was published at QoS 0, and gaps. */
  once(): FeedItem[];
  /** What waited at the broker has come, as far as that can be known. */
  drained(): void;
  /** Whether the budget is spent: that of the burst, or of the batch where the connection is held. */
  isSpent(): boolean;
  /** How many messages came beyond the budget. The broker sends them again. */
  backlog(): number;
}

interface Collecting {
  settings: MqttSettings;
  context: BurstContext;
  routes: readonly Route[];
  connection: Connection;
  retained: RetainedMemory;
  unkept: Unkept;
  /** Streams that get all retained messages, whether they are known or not, because the last burst had no such routes. */
  fresh: ReadonlySet<string>;
}

export function createCollector(given: Collecting): Collector {
  const { settings, context, routes, connection, retained, unkept, fresh } = given;
  const { budget, hold } = context;
  const { maxPacketBytes, qos, brokerQueueLimit } = settings;
  const { session } = connection;
  const itemsOf = itemMaker(routes, { maxPacketBytes, identified: session.identifies });
  const matchers = routes.map(({ filter }) => topicMatcher(filter));
  let isStrangeTold = false;
  const published = new Set(routes.map(({ filter }) => subscriptionId(filter)));
  let items: FeedItem[] = [];
  let once: FeedItem[] = [];
  let messageIds: number[] = [];
  /** The same, to be found fast. */
  let unanswered = new Set<number>();
  let events = 0;
  let bytes = 0;
  let left = 0;
  let spent = false;
  let queued = session.present ? 0 : null;

  function keep(made: readonly FeedItem[]): void {
    items.push(...made);
    events += made.length;
  }

  /**
   * What a message is: `published` to its topic, or sent because the broker was asked for what it retains. A retained
   * message of a subscription that does not ask was published, and so was all that came behind the one that was asked for.
   */
  function kindOf(publication: Publication): 'published' | 'news' | 'known' | 'more' {
    if (!publication.retain) return 'published';
    const ids = subscriptionsOf(publication);
    if (ids.some((id) => published.has(id))) return 'published';
    const verdict = retained.judge(publication, ids.join());
    // Without identifiers it is the same message for another subscription that matches.
    return verdict === 'more' && ids.length > 0 ? 'published' : verdict;
  }

  function itemsFrom(publication: Publication, kind: ReturnType<typeof kindOf>): FeedItem[] {
    if (kind === 'more') return [];
    // Only what the broker had kept is shown as retained.
    const made = itemsOf(kind === 'published' && publication.retain ? { ...publication, retain: false } : publication);
    return kind === 'known' ? made.filter(({ stream }) => fresh.has(stream)) : made;
  }

  /** Says once that a message came to a topic of no route; it is acknowledged and dropped. */
  function tellStrange({ topic }: Publication): void {
    if (isStrangeTold || matchers.some((matches) => matches(topic))) return;
    isStrangeTold = true;
    context.log('warn', 'the broker sent a message to a topic that no stream subscribes to: it is dropped', {
      topic: topic.slice(0, TOLD_CHARACTERS),
    });
  }

  function note(publication: Publication, kind: ReturnType<typeof kindOf>, made: readonly FeedItem[]): void {
    if (kind === 'more') return;
    if (kind !== 'published') return retained.sent(publication, subscriptionsOf(publication).join());
    retained.heard(publication);
    if (publication.qos === 0) keep(unkept.told(made, publication.topic));
  }

  function take(publications: readonly Publication[]): [number, number, number] {
    if (publications.length === 0 && messageIds.length === 0) queued = null;
    const sizeBefore = bytes;
    let taken = 0;
    let unacknowledged = 0;
    for (const publication of publications) {
      // An id stands for one message until it is acknowledged, however often a broker sends it.
      if (publication.qos > 0 && unanswered.has(publication.messageId ?? 0)) {
        taken += 1;
        continue;
      }
      const kind = kindOf(publication);
      const made = itemsFrom(publication, kind);
      if (made.length === 0) tellStrange(publication);
      // What is not taken because it is known costs nothing.
      const size = kind === 'published' || made.length > 0 ? (publication.length ?? 0) : 0;
      const beyond = events > 0 && (events + made.length > budget.events || bytes + size > budget.bytes);
      if (beyond) spent = true;
      // At QoS 1 the broker keeps what is beyond the budget. At QoS 0 nobody keeps it, so `run/` decides what becomes of
      // it. A budget that bounds a batch gives up nothing.
      if (beyond && hold === null && qos === 1) {
        left = publications.length - taken;
        for (const lost of publications.slice(taken)) {
          if (lost.qos === 0 && kindOf(lost) === 'published') keep(unkept.told(itemsOf(lost), lost.topic));
        }
        break;
      }
      note(publication, kind, made);
      keep(made);
      if (publication.qos === 0) once.push(...made);
      bytes += size;
      taken += 1;
      if (publication.qos > 0) {
        messageIds.push(publication.messageId ?? 0);
        unanswered.add(publication.messageId ?? 0);
        unacknowledged += 1;
        if (queued !== null && kind === 'published' && ++queued === brokerQueueLimit) keep(queueFull(context, queued));
      }
    }
    if (events >= budget.events || bytes >= budget.bytes) spent = true;
    return [taken, unacknowledged, bytes - sizeBefore];
  }

  return {
    take,
    add(more) {
      keep(more);
      once.push(...more);
    },
    once: () => once,
    batch() {
      const batch = { items, messageIds };
      items = [];
      once = [];
      messageIds = [];
      unanswered = new Set();
      if (hold !== null) [events, bytes, spent] = [0, 0, false];
      return batch;
    },
    drained() {
      queued = null;
    },
    isSpent: () => spent,
    backlog: () => left,
  };
}

function queueFull(context: BurstContext, limit: number): FeedItem[] {
  const detail = `${limit} messages were waiting, as many as the broker is taken to keep (brokerQueueLimit): it may have dropped others`;
  return gaps(context, 'broker_queue_full', detail);
}
