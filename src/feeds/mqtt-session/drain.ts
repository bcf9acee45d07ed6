/**
 * One burst of an MQTT feed. It connects, reports a gap if there is one, and subscribes. Then it collects messages, hands
 * them over and acknowledges them, until nothing more comes or the budget is spent. A message is acknowledged only after
 * it is stored, so the broker keeps every other message. Where the connection is held, a burst goes on for as long as the
 * connection stands.
 */
import type { BurstContext, FeedBatch, FeedItem } from '../../declare/feed.ts';
import { createPacing } from '../kit/batch-pacing.ts';
import { burstClockOf } from '../kit/burst-clock.ts';
import { brokerOf } from './broker.ts';
import { routesOf } from './item.ts';
import { DEFAULT_RECEIVE_MAXIMUM, type MqttSettings } from './settings.ts';
import {
  freshStreams,
  lossSince,
  type MqttPosition,
  packRoutes,
  readPosition,
  samePosition,
  writePosition,
} from './position.ts';
import { createCollector } from './collector.ts';
import { dial, forgetSession } from './dial.ts';
import { gaps } from '../kit/gap-items.ts';
import { createRetainedMemory, MOST_STORED } from './retained.ts';
import { subscribe } from './subscribing.ts';
import { createUnkept } from './unkept.ts';

const BATCH_BYTES = 1024 * 1024;
/** With MQTT 3.1.1 a broker sends what waited a few messages at a time. After this time it has sent a thousand, ms. */
const DRAINED_MS = 8_000;
/** The longest wait without a look at the clock, ms. */
const MOST_WAIT_MS = 60_000;

export async function* drain(
  settings: MqttSettings,
  context: BurstContext,
): AsyncGenerator<FeedBatch, void, undefined> {
  const { signal, hold } = context;
  const { qos } = settings;
  const clock = burstClockOf(context);
  const before = readPosition(context.position);
  const routes = routesOf(context.targets, settings);

  const connection = await dial(settings, context, before);
  const { session, broker, clientId, protocol } = connection;
  // An abort while a batch is handed over leaves the connection open, because the stored messages need their PUBACKs. An
  // abort while nothing comes only wakes, so that what was collected is handed over.
  let state: 'busy' | 'listening' | 'handing over' = 'busy';
  const abandoned = new AbortController();
  const wake = new AbortController();
  const onAbort = () => {
    wake.abort();
    if (state !== 'busy') return;
    abandoned.abort();
    connection.close();
  };
  signal.addEventListener('abort', onAbort, { once: true });
  const loss = qos === 1 ? lossSince(before, { broker, clientId, present: session.present }) : null;
  let lossIsKnown = loss === null;
  try {
    const isSameBroker = before !== null && brokerOf(before.broker) === brokerOf(broker);
    const known = isSameBroker ? before : null;
    const unkept = createUnkept(context, known?.unkept ?? null, qos);
    const own = { session: qos === 1, broker, clientId, protocol, routes: known?.routes ?? null };
    const missing = loss === null ? unkept.away() : gaps(context, 'session_lost', loss);
    if (missing.length > 0) {
      // The gap is stored before any subscription is made. Accepted weakness: a process that is killed between CONNACK and
      // this commit leaves a session at the broker, so the next burst does not see that there was a gap.
      state = 'handing over';
      const kept = { retained: known?.retained ?? null, unkept: known?.unkept ?? '', settled: known?.settled ?? false };
      const position = { ...own, filters: loss === null ? (known?.filters ?? []) : [], ...kept };
      yield { items: missing, position: writePosition(position) };
      state = 'busy';
      lossIsKnown = true;
    }
    const unwritten = known?.settled && known.retained === null ? 'unwritten' : null;
    const retained = createRetainedMemory(known?.retained ?? unwritten);
    const earlier = loss === null && session.present ? before : null;
    const subscribing = await subscribe(connection, settings, routes, earlier, retained, clock.now);
    hold?.standing(true);
    const fresh = freshStreams(routes, known);
    const collector = createCollector({ settings, context, routes, connection, retained, unkept, fresh });
    const pacing = createPacing(
      {
        // Half of the window, so that the broker can send the other half while this one is committed.
        batchMessages: Math.ceil((settings.receiveMaximum ?? DEFAULT_RECEIVE_MAXIMUM) / 2),
        batchBytes: BATCH_BYTES,
        lingerMs: settings.lingerMs,
        idleMs: settings.idleMs,
        window: protocol === 4 ? settings.receiveMaximum : null,
        held: hold !== null,
      },
      clock.now,
    );
    const reachedPosition = (): MqttPosition => ({
      ...own,
      filters: [...subscribing.filters],
      settled: subscribing.isComplete() || known?.settled === true,
      retained: retained.state(),
      routes: subscribing.isComplete() ? packedRoutes : own.routes,
      unkept: unkept.state(),
    });
    const packedRoutes = packRoutes(routes);
    let saved = loss === null ? before : null;
    let broken: unknown = null;
    const drainedAt = protocol === 5 ? 0 : clock.now() + DRAINED_MS;
    while (!abandoned.signal.aborted) {
      const decision = pacing.decide();
      const isFull = collector.isSpent();
      const over = (isFull && hold === null) || clock.isOver() || signal.aborted;
      // A held connection has no idle end at which its position would be stored.
      const isNew = hold !== null && subscribing.isComplete() && saved?.routes !== packedRoutes;
      if (decision.verdict === 'wait' && !over && !isFull && !isNew) {
        const waitMs = Math.min(decision.waitMs, clock.leftMs(), subscribing.waitMs(), MOST_WAIT_MS);
        state = 'listening';
        const publications = await session.receive(waitMs, wake.signal).catch((error: unknown) => {
          broken = error;
          return [];
        });
        state = 'busy';
        if (broken !== null) {
          // At QoS 1 the broker sends again what is not acknowledged. The rest came once, and is handed over.
          const items = collector.once();
          if (items.length > 0) yield { items };
          throw broken;
        }
        pacing.arrived(...collector.take(publications));
        if (!signal.aborted) await subscribing.advance(publications.length === 0);
        // What comes from here on was published meanwhile.
        if (subscribing.isComplete() && clock.now() >= drainedAt) collector.drained();
        continue;
      }
      const last = decision.verdict === 'idle' && !over;
      const { items, messageIds } = collector.batch();
      const reached = reachedPosition();
      const moved = !samePosition(saved, reached);
      let stood: FeedItem[] = [];
      if (items.length > 0 || last || (moved && !signal.aborted)) {
        state = 'handing over';
        const backlog = collector.backlog();
        const handedAt = clock.now();
        yield {
          items,
          last,
          ...(last || backlog > 0 ? { backlog } : {}),
          ...(moved ? { position: writePosition(reached) } : {}),
        };
        state = 'busy';
        stood = unkept.stood(clock.now() - handedAt);
        if (moved) saved = reached;
      }
      await session.acknowledge(messageIds);
      pacing.committed();
      collector.add(stood);
      pacing.arrived(stood.length, 0, 0);
      if (last || over) {
        const beyond = retained.beyond();
        if (beyond > 0) context.log('warn', tooManyRetained(beyond));
        return;
      }
    }
  } catch (error) {
    // Messages that were collected but not stored are not acknowledged, so an early end loses nothing at QoS 1.
    if (!abandoned.signal.aborted) throw error;
  } finally {
    hold?.standing(false);
    signal.removeEventListener('abort', onAbort);
    await session.end(!lossIsKnown);
    if (!lossIsKnown && protocol === 4) await forgetSession(settings, context);
  }
}

function tooManyRetained(beyond: number): string {
  return `retained messages of more than ${MOST_STORED} topics: of ${beyond} topics a change is not seen if it was retained between two connections`;
}
