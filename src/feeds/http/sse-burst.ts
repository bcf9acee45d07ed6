/**
 * A burst of server-sent events: reads until the budget is spent or the time is over, and connects again when the source
 * ends the connection. Where the connection is held neither bounds it. Each batch has the id from which to go on. Events
 * beyond the budget are forgotten, because the source sends them again behind that id. What a source without ids sent while
 * nobody listened is missing, and told by a gap event.
 */
import type { BurstContext, FeedBatch, FeedItem } from '../../declare/feed.ts';
import type { Json } from '../../base/json.ts';
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import { HELD_COMMIT_MS } from '../kit/batch-pacing.ts';
import { gaps, spanText } from '../kit/gap-items.ts';
import { PORTION_AGE_MS, PORTION_BYTES, PORTION_ITEMS } from './read-body.ts';
import { openEvents } from './exchange.ts';
import type { FeedAnswer } from './answer.ts';
import type { BodyItem } from './format.ts';
import type { HttpOptions } from './options.ts';
import { NO_POSITION, readHttpPosition, writeHttpPosition } from './position.ts';
import { toFeedItems } from './read-page.ts';
import { httpSettings } from './spec.ts';
import type { SseOptions } from './sse-options.ts';
import { endedAtOnce, wantsNone } from './sse-refusals.ts';
import { createEventParser, type EventParser, type SourceEvent } from './sse-parser.ts';

/** The pause before a connection is opened again if the source names none, and the least pause whatever it names. */
const DEFAULT_RETRY_MS = 1_000;
const LEAST_RETRY_MS = 250;
/** The longest pause that a source may ask for. */
const MOST_RETRY_MS = 86_400_000;
/** The longest pause that a burst without an end waits for. A longer one ends it. */
const MOST_HELD_PAUSE_MS = 60_000;
/** Reading stops this long before the burst's end, so that all events are handed over in time. */
const CLOSING_MS = 250;
/** A connection that stood for so long was a good one, also where nothing came. */
const GOOD_MS = 5_000;
/** A connection that is held and over which no byte comes for so long is opened again: the other end may be gone. */
const SILENT_MS = 5 * 60_000;

interface Budget {
  events: number;
  bytes: number;
}

/** Why a connection was left: the source ended it, the burst is over, or its budget is spent. */
type Left = 'closed' | 'over' | 'spent';

export async function* readEvents(
  options: HttpOptions,
  format: SseOptions,
  context: BurstContext,
  signal: AbortSignal,
): AsyncGenerator<FeedBatch, void, undefined> {
  const settings = httpSettings(options, context.secret);
  const { hold } = context;
  const maxPages = hold ? Number.POSITIVE_INFINITY : settings.maxPages;
  const before = readHttpPosition(context.position);
  const endsAt = context.deadline - CLOSING_MS;
  const { events, bytes } = context.budget;
  const budget = { events: Math.max(1, Math.floor(events / Math.max(1, context.targets.length))), bytes };
  let { cursor, heardUntil } = before;
  let retryMs = DEFAULT_RETRY_MS;
  let barren: TidegateError | null = null;
  let anyWasGood = false;
  const ending = (notBefore: number | null = null): FeedBatch => ({
    items: [],
    position: positionAt(cursor, heardUntil, notBefore),
    last: true,
  });
  if (before.notBefore !== null && before.notBefore > context.now()) {
    yield { items: [], last: true };
    return;
  }
  for (let connections = 0; connections < maxPages; connections += 1) {
    const answer = await openEvents(settings, cursor, context, signal).catch((thrown: unknown) => {
      const error = asTidegateError(thrown);
      // A source that answered before may come back within the burst. One that never answered, or that names a time, may not.
      if (hold || connections === 0 || error.retryAfterMs !== null) throw error;
      return error;
    });
    if (answer === 'nothing' || answer === 'stale') {
      if (!anyWasGood) throw wantsNone(settings);
      yield ending();
      return;
    }
    if ('body' in answer) {
      const parser = createEventParser(format);
      const connection = { answer, parser, context, endsAt, budget: hold ? { ...budget } : budget, cursor };
      const openedAt = context.now();
      const fittedBefore = hold?.fitted() ?? 0;
      // A connection that is held is no request whose turn others wait for.
      if (hold) answer.release();
      hold?.standing(true);
      if (cursor === null && (heardUntil !== null || hold)) {
        // Stored before anything is read, so that whoever goes on behind a process that dies knows that it listened.
        const items = heardUntil === null ? [] : missing(context, heardUntil);
        heardUntil = openedAt;
        yield { items, position: positionAt(cursor, heardUntil) };
      }
      let left: Left;
      let came: boolean;
      try {
        ({ left, cursor, came } = yield* readConnection(connection));
      } finally {
        hold?.standing(false);
        answer.release();
        heardUntil = context.now();
        retryMs = Math.min(parser.retryMs() ?? retryMs, MOST_RETRY_MS);
      }
      if (left === 'spent') {
        yield { items: [], more: true };
        return;
      }
      const stoodMs = context.now() - openedAt;
      // A burst is run again as the feed says. Where the connection is held, only what fits a stream speaks for the source.
      const brought = hold ? hold.fitted() > fittedBefore : came || parser.retryMs() !== null;
      const wasGood = brought || left === 'over' || stoodMs >= GOOD_MS;
      anyWasGood ||= wasGood;
      if (!wasGood) barren = endedAtOnce(settings, answer, parser, stoodMs);
      if (context.signal.aborted || left === 'over') break;
    }
    if (barren && hold) throw barren;
    const pauseMs = Math.max(LEAST_RETRY_MS, retryMs);
    const again = context.now() + pauseMs;
    if (again >= endsAt || connections + 1 >= maxPages || (hold && pauseMs > MOST_HELD_PAUSE_MS)) {
      if (barren && !anyWasGood) throw barren;
      yield ending(again);
      return;
    }
    await context.sleep(pauseMs, signal);
    if (signal.aborted) return;
  }
  // The time is over.
  yield ending();
}

function positionAt(cursor: string | number | null, heardUntil: number | null, notBefore: number | null = null): Json {
  return writeHttpPosition({ ...NO_POSITION, cursor, notBefore, heardUntil: cursor === null ? heardUntil : null });
}

function missing(context: BurstContext, since: number): FeedItem[] {
  const detail = `nobody listened ${spanText(since, context.now())}, and the source gives no id to go on from`;
  return gaps(context, 'not_listening', detail);
}

interface Connection {
  answer: FeedAnswer;
  parser: EventParser;
  context: BurstContext;
  endsAt: number;
  /** What is left of the budget. It shrinks with each batch, unless the connection is held. */
  budget: Budget;
  cursor: string | number | null;
}

interface Reading {
  left: Left;
  cursor: string | number | null;
  /** Whether any event came, of whatever type. */
  came: boolean;
}

async function* readConnection(connection: Connection): AsyncGenerator<FeedBatch, Reading, undefined> {
  const { answer, parser, context, endsAt, budget } = connection;
  const isHeld = context.hold !== null;
  const reader = answer.body.getReader();
  let { cursor } = connection;
  let pending: SourceEvent[] = [];
  let pendingSince = context.now();
  let handedOverAt = Number.NEGATIVE_INFINITY;
  let heardAt = context.now();
  let came = false;
  let left: Left | null = null;
  let broken: TidegateError | null = null;
  let awake = new AbortController();

  const waiting = { items: 0, bytes: 0 };
  const count = (item: BodyItem | null, sign: 1 | -1) => {
    if (item === null) return;
    waiting.items += sign;
    waiting.bytes += sign * item.bytes;
  };

  const dueAt = () => (isHeld ? Math.max(pendingSince, handedOverAt + HELD_COMMIT_MS) : pendingSince + PORTION_AGE_MS);
  const isFull = (items: number, bytes: number) =>
    items >= Math.min(PORTION_ITEMS, budget.events) || bytes >= Math.min(PORTION_BYTES, budget.bytes);
  const isDue = () => isFull(waiting.items, waiting.bytes) || context.now() >= dueAt();

  const portion = (): FeedBatch | null => {
    const items: BodyItem[] = [];
    let used = 0;
    let size = 0;
    for (const { item, id } of pending) {
      if (item !== null && isFull(items.length, size)) break;
      if (item !== null) items.push(item);
      count(item, -1);
      if (id !== null) cursor = id === '' ? null : id;
      size += item?.bytes ?? 0;
      used += 1;
    }
    pending = pending.slice(used);
    pendingSince = context.now();
    if (!isHeld) {
      budget.events -= items.length;
      budget.bytes -= size;
    }
    if (items.length === 0) return null;
    return { items: toFeedItems(items, context), position: positionAt(cursor, context.now()) };
  };

  try {
    let reading = settle(reader.read());
    while (left === null) {
      const silentAt = isHeld ? heardAt + SILENT_MS : Number.POSITIVE_INFINITY;
      const wakeAt = Math.min(endsAt, silentAt, pending.length > 0 ? dueAt() : endsAt);
      awake = new AbortController();
      const timer = context.sleep(Math.max(0, wakeAt - context.now()), awake.signal);
      const read = await Promise.race([reading, timer.then(() => null)]);
      awake.abort();
      if (read instanceof Error) {
        broken = asTidegateError(read);
        left = 'closed';
      } else if (read === null) {
        if (context.now() >= silentAt) left = 'closed';
      } else {
        heardAt = context.now();
        if (pending.length === 0) pendingSince = context.now();
        if (read.done) left = 'closed';
        else {
          const known = pending.length;
          try {
            parser.push(read.value, pending);
            reading = settle(reader.read());
          } catch (thrown) {
            broken = asTidegateError(thrown);
            left = 'closed';
          }
          came ||= pending.length > known;
          for (const { item } of pending.slice(known)) count(item, 1);
        }
      }
      if (context.signal.aborted || context.now() >= endsAt) left ??= 'over';
      while (pending.length > 0 && left !== 'spent' && (left !== null || isDue())) {
        const batch = portion();
        if (batch !== null) yield batch;
        handedOverAt = context.now();
        if (budget.events <= 0 || budget.bytes <= 0) left = 'spent';
      }
    }
  } finally {
    awake.abort();
    reader.cancel().catch(() => {});
  }
  // A connection that reaches `maxBytes` is not broken; it is only opened again.
  if (broken !== null && broken.code === 'too_large' && broken.field !== 'maxBytes') throw broken;
  return { left, cursor, came };
}

function settle<Value>(work: Promise<Value>): Promise<Value | Error> {
  return work.catch((thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))));
}
