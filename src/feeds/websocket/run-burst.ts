/**
 * One burst of a WebSocket feed: connects, listens until the time or the budget is spent, and closes. It connects again
 * when the connection is lost, up to `reconnects` times. Where the connection is held it listens for as long as it stands,
 * and connects again only behind one that brought something or stood for a while. What was sent while nobody listened is
 * left to backfill.ts.
 */
import type { BurstContext, FeedBatch } from '../../declare/feed.ts';
import { createPacing } from '../kit/batch-pacing.ts';
import { burstClockOf } from '../kit/burst-clock.ts';
import { judgeConnections, STEADY_MS } from '../kit/connections.ts';
import { advanceHeardUntil, BATCH_ITEMS, type BurstState, handOver, isMoved, standingOf } from './burst-state.ts';
import { createItemCollector } from './collector.ts';
import { type SocketConnection, openConnection } from './connection.ts';
import type { Received } from './receiver.ts';
import { type Disconnect, overrun, pauseBefore, withWords } from './disconnect.ts';
import { backfill } from './backfill.ts';
import { isRecoverable } from './options.ts';
import { type WebSocketSettings } from './spec.ts';
import { readSocketPosition } from './position.ts';
import { continuityOf, isStored } from './stored-messages.ts';
import { itemsOf, type RawItem, type Decoded } from './payload.ts';

const BATCH_BYTES = 1024 * 1024;
/** What a source replays is stored once only if each batch is one commit. Every store takes this many bytes in one commit. */
const REPLAYED_BATCH_BYTES = 256 * 1024;

/** How a connection ended: `over`, because the burst has to end, or `lost`. How long it stood, and whether it brought something. */
type End = ({ kind: 'over' } | { kind: 'lost'; loss: Disconnect }) & { stoodMs: number; brought: boolean };

export async function* listen(
  settings: WebSocketSettings,
  context: BurstContext,
): AsyncGenerator<FeedBatch, void, undefined> {
  const { hold } = context;
  const clock = burstClockOf(context);
  const connections = judgeConnections(context);
  const reached = readSocketPosition(context.position);
  const burst: BurstState = {
    settings,
    context,
    collector: createItemCollector(context),
    reached,
    saved: JSON.stringify(reached),
    owed: null,
    clock,
    connections,
    continuity: continuityOf(settings, null),
  };
  for (let attempt = 1; ; attempt += 1) {
    burst.continuity = continuityOf(settings, burst.reached?.sequence ?? null);
    const connected = await openConnection(settings, context, standingOf(burst));
    hold?.standing(connected.kind === 'open');
    const end: End =
      connected.kind === 'open'
        ? yield* hear(burst, connected.connection)
        : { ...connected, stoodMs: 0, brought: false };
    hold?.standing(false);
    if (context.signal.aborted) break;
    if (end.kind === 'over') {
      const failure = connections.failure(end);
      if (failure) throw failure;
      break;
    }
    const { again, error } = end.loss;
    const wasGood = connections.lost({ ...end, error });
    if (hold && end.stoodMs >= STEADY_MS) attempt = 1;
    if (!again || attempt > settings.reconnects || (hold && !wasGood)) throw error;
    const pauseMs = pauseBefore(attempt, context.random());
    if (clock.leftMs() <= pauseMs) {
      if (connections.failure({ brought: false, stoodMs: 0 })) throw error;
      break;
    }
    context.log('debug', 'a WebSocket is opened again', { reason: error.message, attempt, pauseMs });
    await context.sleep(pauseMs, context.signal);
    if (context.signal.aborted) break;
  }
  if (burst.owed && !context.signal.aborted) throw burst.owed;
}

/** Listens on one connection, until it is lost or the burst is over. The hole before it is read first. */
async function* hear(burst: BurstState, connection: SocketConnection): AsyncGenerator<FeedBatch, End, undefined> {
  const { settings, context, collector, clock } = burst;
  const { now } = clock;
  try {
    const goesOn = yield* backfill(burst, connection.subscribedAt);
    connection.resume();
    if (!goesOn) return { kind: 'over', brought: true, stoodMs: 0 };
    const pacing = createPacing(
      {
        batchMessages: BATCH_ITEMS,
        batchBytes: settings.sequence === undefined ? BATCH_BYTES : REPLAYED_BATCH_BYTES,
        lingerMs: settings.lingerMs,
        idleMs: Number.MAX_SAFE_INTEGER,
        window: null,
        held: context.hold !== null,
      },
      now,
    );
    if (collector.size() > 0) pacing.arrived(collector.size(), 0, 0);
    const freshMs = settings.freshMs ?? context.budget.timeMs / 2;
    /** Epoch ms at which the oldest collected item has waited for `freshMs`. */
    let dueAt: number | null = null;
    const { hold } = context;
    const fittedBefore = hold?.fitted() ?? 0;
    /** How many messages could be read. Where the connection is held, only what fits a stream speaks for the server. */
    let messages = 0;
    const standing = () => {
      const brought = hold ? hold.fitted() > fittedBefore : messages > 0;
      return { brought, stoodMs: now() - connection.subscribedAt };
    };
    const lost = (loss: Disconnect): End => {
      const stood = standing();
      return { kind: 'lost', loss: stood.brought ? loss : withWords(loss, connection.said()), ...stood };
    };
    // What could not be read is tried again with another connection, after as long as a burst would last.
    const owedUntil = context.hold && burst.owed ? now() + context.budget.timeMs : Number.POSITIVE_INFINITY;
    for (;;) {
      const decision = pacing.decide();
      const isFull = collector.isSpent();
      const over = (isFull && !context.hold) || clock.isOver() || context.signal.aborted || now() >= owedUntil;
      if (over) break;
      const isDue = isFull || decision.verdict !== 'wait' || (dueAt !== null && now() >= dueAt);
      if (isDue) {
        if (collector.size() > 0) yield handOver(burst);
        connection.resume();
        pacing.committed();
        dueAt = null;
        continue;
      }
      const untilDue = (dueAt ?? Number.MAX_SAFE_INTEGER) - now();
      const waitMs = Math.min(decision.waitMs, clock.leftMs(), untilDue, owedUntil - now());
      const received = await connection.receive(waitMs);
      const [count, bytes] = take(burst, received);
      messages += received.units.filter(({ invalid, ignored }) => invalid === null && !ignored).length;
      pacing.arrived(count, 0, bytes);
      if (collector.size() > 0) dueAt ??= now() + freshMs;
      const loss = received.lost && isRecoverable(settings) ? overrun(settings) : received.loss;
      if (loss === null) continue;
      if (collector.size() > 0 || isMoved(burst)) yield handOver(burst);
      return lost(loss);
    }
    const stood = standing();
    yield* leave(burst, connection, burst.connections.failure(stood) === null);
    return { kind: 'over', ...stood };
  } finally {
    connection.end();
  }
}

/** Closes the connection, and hands over what was still on its way. @param isWell whether nothing is thrown behind it */
async function* leave(
  burst: BurstState,
  connection: SocketConnection,
  isWell: boolean,
): AsyncGenerator<FeedBatch, void, undefined> {
  const { settings, context, collector } = burst;
  const spent = collector.isSpent();
  // What the source can give again is left to the next burst. Of any other source all is taken, and the run applies `overflow`.
  const takes = !(spent && isRecoverable(settings));
  const waitMs = context.signal.aborted || spent ? 0 : burst.clock.reservedMs / 2;
  const saidAt = await connection.goodbye(waitMs);
  let complete = !spent;
  for (let more = takes; more;) {
    const received = await connection.receive(0);
    take(burst, received);
    if (received.lost) complete = false;
    more = received.units.length > 0 || received.heardAt !== null;
  }
  if (saidAt !== null && complete) advanceHeardUntil(burst, saidAt);
  yield { ...handOver(burst), ...(spent ? { more: true } : burst.owed || !isWell ? {} : { last: true }) };
}

/** Adds what was received to the burst; answers how many messages were no ignored ones, and the bytes of all. */
function take(burst: BurstState, { units, heardAt, lost }: Received): [count: number, bytes: number] {
  const { settings, collector } = burst;
  const reports = lost !== null && !isRecoverable(settings);
  if (lost && reports && settings.overflow === 'drop-oldest') collector.lost(lost);
  const count = units.filter(({ ignored }) => !ignored).length;
  let bytes = 0;
  for (const unit of units) {
    if (collector.isSpent() && isRecoverable(settings) && !burst.context.hold) return [count, bytes];
    bytes += unit.bytes;
    const missing = burst.reached && burst.continuity.missingBefore(unit, burst.reached);
    if (missing) collector.gap(missing.reason, missing.detail);
    const isItem = !unit.ignored && (burst.reached === null || !isStored(unit, settings, burst.reached));
    if (isItem) collector.add(rawItems(burst, unit));
    advanceHeardUntil(burst, unit.at);
  }
  // Dropped messages that the source can give again lie behind a position that stays.
  if (heardAt !== null && !(lost && isRecoverable(settings))) advanceHeardUntil(burst, heardAt);
  if (lost && reports && settings.overflow !== 'drop-oldest') collector.lost(lost);
  return [count, bytes];
}

/** Where a source replays, items have no time of arrival: a replayed item must be equal to the first one. */
function rawItems({ settings: { items = '', sequence } }: BurstState, unit: Decoded): RawItem[] {
  const raw = itemsOf(unit, items);
  return sequence === undefined ? raw : raw.map(({ at: _at, ...item }) => item);
}
