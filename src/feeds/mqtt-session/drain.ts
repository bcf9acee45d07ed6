/**
 * One burst of an MQTT feed. It connects, reports a gap if there is one, and subscribes. Then it collects messages, hands
 * them over and acknowledges them, until nothing more comes or the budget is spent. A message is acknowledged only after
 * it is stored, so the broker keeps every other message.
 */
import type { BurstContext, FeedBatch } from '../../declare/feed.ts';
import { createPacing } from '../kit/batch-pacing.ts';
import { createBurstClock } from '../kit/burst-clock.ts';
import { type Route, routesOf } from './item.ts';
import { DEFAULT_RECEIVE_MAXIMUM, type MqttSettings } from './settings.ts';
import { lossSince, type MqttPosition, readPosition, samePosition } from './position.ts';
import { createCollector, gaps } from './collector.ts';
import { type Connection, dial, forgetSession } from './dial.ts';
import { withoutCovered } from './topic.ts';

const BATCH_BYTES = 1024 * 1024;

export async function* drain(
  settings: MqttSettings,
  context: BurstContext,
): AsyncGenerator<FeedBatch, void, undefined> {
  const { signal } = context;
  const clock = createBurstClock(() => context.now(), context.deadline, context.budget.timeMs);
  const before = settings.qos === 1 ? readPosition(context.position) : null;
  const routes = routesOf(context.targets, settings);

  const connection = await dial(settings, context, before);
  const { session, broker, clientId, protocol } = connection;
  // An abort while a batch is handed over leaves the connection open, because the stored messages need their PUBACKs.
  let handedOver = false;
  const abandoned = new AbortController();
  const wakeOnAbort = () => {
    if (handedOver) return;
    abandoned.abort();
    connection.close();
  };
  signal.addEventListener('abort', wakeOnAbort, { once: true });
  const loss = lossSince(before, { broker, clientId, present: session.present });
  let lossIsKnown = loss === null;
  try {
    if (loss !== null) {
      // The gap is stored before any subscription is made. Accepted weakness: a process that is killed between CONNACK and
      // this commit leaves a session at the broker, so the next burst does not see that there was a gap.
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
        // Half of the window, so that the broker can send the other half while this one is committed.
        batchMessages: Math.ceil((settings.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM) / 2),
        batchBytes: BATCH_BYTES,
        lingerMs: settings.lingerMs,
        idleMs: settings.idleMs,
        window: protocol === 4 ? settings.receiveMaximum : null,
      },
      clock.now,
    );
    let saved = loss === null ? before : null;
    while (!abandoned.signal.aborted) {
      const decision = pacing.decide();
      const timeIsUp = clock.isOver();
      const over = collector.isSpent() || timeIsUp || signal.aborted;
      if (decision.verdict === 'wait' && !over) {
        const publications = await session.receive(Math.min(decision.waitMs, clock.leftMs()));
        pacing.arrived(...collector.take(publications));
        continue;
      }
      const last = decision.verdict === 'idle' && !over;
      const { items, messageIds } = collector.batch();
      // A feed that is never idle has read all its retained messages once other messages follow them.
      const settled = position.settled || last || (timeIsUp && !collector.isSpent() && !collector.isAmongRetained());
      const reached: MqttPosition = { ...position, settled };
      const moved = settings.qos === 1 && !samePosition(saved, reached);
      if (items.length > 0 || last || moved) {
        handedOver = true;
        const backlog = collector.backlog();
        yield {
          items,
          last,
          ...(last || backlog > 0 ? { backlog } : {}),
          ...(moved ? { position: { ...reached } } : {}),
        };
        handedOver = false;
        if (moved) saved = reached;
      }
      await session.acknowledge(messageIds);
      pacing.committed();
      if (last || over) return;
    }
  } catch (error) {
    // Messages that were collected but not stored are not acknowledged, so an early end loses nothing.
    if (!abandoned.signal.aborted) throw error;
  } finally {
    signal.removeEventListener('abort', wakeOnAbort);
    await session.end(!lossIsKnown);
    if (!lossIsKnown && protocol === 4) await forgetSession(settings, context);
  }
}

/**
 * Subscribes to all declared filters and returns the position. It does so in every burst, because a killed process may
 * have left a session with only some of its subscriptions.
 */
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
