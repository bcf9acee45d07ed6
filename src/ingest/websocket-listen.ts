/**
 * One burst of a WebSocket feed: connect, mend or tell of what was not listened to, listen until the time or the budget is
 * spent, and say goodbye. A connection that is lost meanwhile is made again, so often as is declared.
 */
import type { BurstContext, FeedBatch } from '../core/declaration/feed.ts';
import type { TidegateError } from '../core/errors.ts';
import { createPacing } from './mqtt-pacing.ts';
import { DEFAULT_MOST_MS, DEFAULT_OVERLAP_MS, readHole } from './websocket-catch-up.ts';
import { type Collector, createCollector } from './websocket-collector.ts';
import { type Conversation, converse } from './websocket-conversation.ts';
import type { Received } from './websocket-listening.ts';
import { type Loss, overrun, pauseBefore } from './websocket-loss.ts';
import { isMendable, type WebSocketSettings } from './websocket-options.ts';
import { asSequence, readPosition, type WebSocketPosition, writePosition } from './websocket-position.ts';
import { readPath } from './json-path.ts';
import { itemsOf, type RawItem, type Unit } from './websocket-units.ts';

const BATCH_ITEMS = 1_000;
const BATCH_BYTES = 1024 * 1024;
/** What comes again is taken once where a batch is one commit: this is within what every store takes in one. */
const REPLAYED_BATCH_BYTES = 256 * 1024;
/** Of a burst's time, what is left for the farewell and the last commit. */
const RESERVED_SHARE = 0.1;
const MOST_RESERVED_MS = 1_000;

/** What a burst knows beyond one connection. */
interface Burst {
  settings: WebSocketSettings;
  context: BurstContext;
  collector: Collector;
  /** As the next commit is to leave it; null before the first connection of all. */
  reached: WebSocketPosition | null;
  /** As the last commit left it, as JSON. */
  saved: string;
  /** Why a hole could not be read: it is left for the next burst, and no position goes past it. */
  owed: TidegateError | null;
  lastCommitAt: number;
  reservedMs: number;
}

type End = { kind: 'over' } | { kind: 'lost'; loss: Loss };

export async function* listen(
  settings: WebSocketSettings,
  context: BurstContext,
): AsyncGenerator<FeedBatch, void, undefined> {
  const startedAt = context.now();
  const overAt = Math.min(context.deadline, startedAt + context.budget.timeMs);
  const reservedMs = Math.min(MOST_RESERVED_MS, (overAt - startedAt) * RESERVED_SHARE);
  const reached = readPosition(context.position);
  const burst: Burst = {
    settings,
    context,
    collector: createCollector(context),
    reached,
    saved: JSON.stringify(reached),
    owed: null,
    lastCommitAt: overAt - reservedMs,
    reservedMs,
  };
  let heard = false;
  for (let attempt = 1; ; attempt += 1) {
    const standing = standingOf(burst);
    const conversed = await converse(settings, context, standing);
    const end: End = conversed.kind === 'lost' ? conversed : yield* hear(burst, conversed.conversation);
    heard ||= conversed.kind === 'open';
    if (end.kind === 'over') break;
    const { again, error } = end.loss;
    if (context.signal.aborted) break;
    if (!again || attempt > settings.reconnects) throw error;
    const pauseMs = pauseBefore(attempt, context.random());
    if (context.now() + pauseMs >= burst.lastCommitAt) {
      if (heard) break;
      throw error;
    }
    context.log('debug', 'a WebSocket is opened again', { reason: error.message, attempt, pauseMs });
    await context.sleep(pauseMs, context.signal);
    if (context.signal.aborted) break;
  }
  if (burst.owed && !context.signal.aborted) throw burst.owed;
}

function standingOf({ reached, context }: Burst) {
  return { sequence: reached?.sequence ?? null, since: reached?.heardUntil ?? null, now: context.now() };
}

/** One connection, from the hole before it to its loss or the burst's end. */
async function* hear(burst: Burst, conversation: Conversation): AsyncGenerator<FeedBatch, End, undefined> {
  const { settings, context, collector } = burst;
  const now = () => context.now();
  try {
    const mended = yield* mend(burst, conversation.subscribedAt);
    conversation.resume();
    if (!mended) return { kind: 'over' };
    const pacing = createPacing(
      {
        batchMessages: BATCH_ITEMS,
        batchBytes: settings.sequence === undefined ? BATCH_BYTES : REPLAYED_BATCH_BYTES,
        lingerMs: settings.lingerMs,
        idleMs: Number.MAX_SAFE_INTEGER,
        window: null,
      },
      now,
    );
    if (collector.size() > 0) pacing.arrived(collector.size(), 0, 0);
    const freshMs = settings.freshMs ?? context.budget.timeMs / 2;
    /** Epoch ms at which what is collected has waited long enough. */
    let dueAt: number | null = null;
    for (;;) {
      const decision = pacing.decide();
      const over = collector.isSpent() || now() >= burst.lastCommitAt || context.signal.aborted;
      if (over) break;
      const isDue = decision.verdict !== 'wait' || (dueAt !== null && now() >= dueAt);
      if (isDue) {
        if (collector.size() > 0) yield handOver(burst);
        conversation.resume();
        pacing.committed();
        dueAt = null;
        continue;
      }
      const waitMs = Math.min(decision.waitMs, burst.lastCommitAt - now(), (dueAt ?? Number.MAX_SAFE_INTEGER) - now());
      const received = await conversation.receive(waitMs);
      const [count, bytes] = take(burst, received);
      pacing.arrived(count, 0, bytes);
      if (collector.size() > 0) dueAt ??= now() + freshMs;
      const loss = received.lost && isMendable(settings) ? overrun(settings) : received.loss;
      if (loss === null) continue;
      if (collector.size() > 0 || isMoved(burst)) yield handOver(burst);
      return { kind: 'lost', loss };
    }
    yield* leave(burst, conversation);
    return { kind: 'over' };
  } finally {
    conversation.end();
  }
}

/** Says goodbye, and hands over what was still on its way. */
async function* leave(burst: Burst, conversation: Conversation): AsyncGenerator<FeedBatch, void, undefined> {
  const { settings, context, collector } = burst;
  const spent = collector.isSpent();
  // What a source can give again is left to it; of any other, the run decides what becomes of what is beyond the budget.
  const takes = !(spent && isMendable(settings));
  const waitMs = context.signal.aborted || spent ? 0 : burst.reservedMs / 2;
  const saidAt = await conversation.goodbye(waitMs);
  let complete = !spent;
  for (let more = takes; more;) {
    const received = await conversation.receive(0);
    take(burst, received);
    if (received.lost) complete = false;
    more = received.units.length > 0 || received.heardAt !== null;
  }
  if (saidAt !== null && complete) advance(burst, saidAt);
  yield { ...handOver(burst), ...(spent || burst.owed ? {} : { last: true }) };
}

function handOver(burst: Burst): FeedBatch {
  const items = burst.collector.batch();
  if (burst.reached === null || !isMoved(burst)) return { items };
  burst.saved = JSON.stringify(burst.reached);
  return { items, position: writePosition(burst.reached) };
}

function isMoved({ reached, saved }: Burst): boolean {
  return JSON.stringify(reached) !== saved;
}

/** Takes in what was received; answers how many messages, and their bytes. */
function take(burst: Burst, { units, heardAt, lost }: Received): [count: number, bytes: number] {
  const { settings, collector } = burst;
  const tells = lost !== null && !isMendable(settings);
  if (lost && tells && settings.overflow === 'drop-oldest') collector.lost(lost);
  let bytes = 0;
  for (const unit of units) {
    if (collector.isSpent() && isMendable(settings)) return [units.length, bytes];
    bytes += unit.bytes;
    if (!isRepeated(burst, unit)) collector.add(rawItems(burst, unit));
    remember(burst, unit);
    advance(burst, unit.at);
  }
  // What is lost but can be had again is behind a position that stays.
  if (heardAt !== null && !(lost && isMendable(settings))) advance(burst, heardAt);
  if (lost && tells && settings.overflow !== 'drop-oldest') collector.lost(lost);
  return [units.length, bytes];
}

/** What is given again has to be the same then, so it has no time of arrival. */
function rawItems({ settings: { items, sequence } }: Burst, unit: Unit): RawItem[] {
  const raw = itemsOf(unit, items);
  return sequence === undefined ? raw : raw.map(({ at: _at, ...item }) => item);
}

/** A message that a source that replays sent again at once. */
function isRepeated({ settings, reached }: Burst, { value, invalid }: Unit): boolean {
  if (settings.sequence === undefined || invalid) return false;
  const sequence = asSequence(readPath(value, settings.sequence));
  return sequence !== null && sequence === reached?.sequence;
}

function remember({ settings, reached }: Burst, { value, invalid }: Unit): void {
  if (settings.sequence === undefined || reached === null || invalid) return;
  reached.sequence = asSequence(readPath(value, settings.sequence)) ?? reached.sequence;
}

/** Nothing is missing up to then, unless there is a hole before it that is still to be read. */
function advance({ reached, owed }: Burst, at: number): void {
  if (reached && owed === null) reached.heardUntil = Math.max(reached.heardUntil, at);
}

/** Reads or tells what was not listened to before the subscription stood. False: the burst is over with it. */
async function* mend(burst: Burst, subscribedAt: number): AsyncGenerator<FeedBatch, boolean, undefined> {
  const { settings, collector } = burst;
  const { catchUp, sequence, gapAboveMs } = settings;
  const initialMs = catchUp?.initialMs ?? 0;
  const isFirst = burst.reached === null;
  burst.reached ??= { heardUntil: subscribedAt - initialMs, sequence: null, reading: null };
  const { reached } = burst;
  // From here on nothing is to be missed, so that has to be known before anything is heard. A process that dies before it
  // leaves a feed that has not begun.
  if (isFirst) yield handOver(burst);
  if (isFirst && initialMs === 0) return true;
  if (catchUp === undefined) {
    const missedMs = subscribedAt - reached.heardUntil;
    if (sequence === undefined && missedMs > gapAboveMs) {
      collector.gap('not_listening', `nobody listened ${spanText(reached.heardUntil, subscribedAt)}`);
    }
    advance(burst, subscribedAt);
    return true;
  }
  const earliest = subscribedAt - (catchUp.mostMs ?? DEFAULT_MOST_MS);
  if (reached.heardUntil < earliest) {
    collector.gap('not_listening', `nobody listened ${spanText(reached.heardUntil, earliest)}`);
    Object.assign(reached, { heardUntil: earliest, reading: null });
  }
  burst.owed = null;
  // Also where no time seems to have passed: what came within a millisecond may have been taken in part.
  for (;;) {
    const until = reached.reading?.until ?? subscribedAt;
    if (!(yield* readAgain(burst, until))) return false;
    if (burst.owed || until >= subscribedAt) return true;
  }
}

/** Reads the hole that ends at `until`; false: the burst is over, and what is left of it is for the next one. */
async function* readAgain(burst: Burst, until: number): AsyncGenerator<FeedBatch, boolean, undefined> {
  const { settings, context, collector, reached } = burst;
  const { catchUp, allow } = settings;
  if (catchUp === undefined || reached === null) return true;
  const hole = { since: reached.heardUntil - (catchUp.overlapMs ?? DEFAULT_OVERLAP_MS), until };
  let items: Awaited<ReturnType<typeof readHole>>;
  try {
    items = await readHole(catchUp, hole, allow, context);
  } catch (error) {
    if (context.signal.aborted) return false;
    if (!isUpstream(error)) throw error;
    context.log('warn', 'what was not listened to could not be read', { reason: error.message });
    burst.owed = error;
    return true;
  }
  let done = reached.reading?.done ?? 0;
  while (done < items.length) {
    const room = Math.min(BATCH_ITEMS, collector.left(), items.length - done);
    collector.add(items.slice(done, done + room));
    done += room;
    reached.reading = { until, done };
    const isOut = collector.isSpent() || context.now() >= burst.lastCommitAt || context.signal.aborted;
    if (done < items.length) yield { ...handOver(burst), ...(isOut ? { backlog: items.length - done } : {}) };
    if (isOut && done < items.length) return false;
  }
  Object.assign(reached, { heardUntil: until, reading: null });
  return true;
}

function isUpstream(error: unknown): error is TidegateError {
  return error instanceof Error && 'code' in error && (error.code === 'upstream' || error.code === 'too_large');
}

function spanText(from: number, to: number): string {
  return `from ${new Date(from).toISOString()} to ${new Date(to).toISOString()}, ${Math.round((to - from) / 1000)} s`;
}
