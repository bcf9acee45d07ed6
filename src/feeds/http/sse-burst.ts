/**
 * A burst of server-sent events: reads until the budget is spent or the time is over, and connects again when the source
 * ends the connection. Each batch has the id from which to go on. Events beyond the budget are forgotten, because the source
 * sends them again behind that id.
 */
import type { BurstContext, FeedBatch } from '../../declare/feed.ts';
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import { PORTION_AGE_MS, PORTION_BYTES, PORTION_ITEMS } from './read-body.ts';
import { askSource } from './exchange.ts';
import type { FeedAnswer } from './answer.ts';
import type { BodyItem } from './format.ts';
import { describeHttpSource, type HttpOptions } from './options.ts';
import { NO_POSITION, readHttpPosition, writeHttpPosition } from './position.ts';
import { toFeedItems } from './read-page.ts';
import { makeRequest } from './request.ts';
import { httpSettings, type HttpSettings } from './spec.ts';
import type { SseOptions } from './sse-options.ts';
import { createIdleTimeout } from '../../net/idle-timeout.ts';
import { createEventParser, type EventParser, type SourceEvent } from './sse-parser.ts';

/** The pause before a connection is opened again if the source names none, and the least pause whatever it names. */
const DEFAULT_RETRY_MS = 1_000;
const LEAST_RETRY_MS = 250;
/** The longest pause that a source may ask for. */
const MOST_RETRY_MS = 86_400_000;
/** Reading stops this long before the burst's end, so that all events are handed over in time. */
const CLOSING_MS = 250;

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
  const { maxPages } = settings;
  const before = readHttpPosition(context.position);
  const endsAt = context.deadline - CLOSING_MS;
  const { events, bytes } = context.budget;
  const budget = { events: Math.max(1, Math.floor(events / Math.max(1, context.targets.length))), bytes };
  let cursor = before.cursor;
  let retryMs = DEFAULT_RETRY_MS;
  const ending = (notBefore: number | null = null): FeedBatch => ({
    items: [],
    position: writeHttpPosition({ ...NO_POSITION, cursor, notBefore }),
    last: true,
  });
  if (before.notBefore !== null && before.notBefore > context.now()) {
    yield { items: [], last: true };
    return;
  }
  for (let connections = 0; connections < maxPages; connections += 1) {
    const answer = await connect(settings, cursor, context, signal).catch((thrown: unknown) => {
      const error = asTidegateError(thrown);
      // A source that answered before may come back within the burst. One that never answered, or that names a time, may not.
      if (connections === 0 || error.retryAfterMs !== null) throw error;
      return error;
    });
    if (answer === 'nothing' || answer === 'stale') {
      // 204: the source wants no further connection.
      yield ending();
      return;
    }
    if ('body' in answer) {
      const parser = createEventParser(format);
      const connection = { answer, parser, context, endsAt, budget, cursor };
      let left: Left;
      try {
        ({ left, cursor } = yield* readConnection(connection));
      } finally {
        answer.release();
        retryMs = Math.min(parser.retryMs() ?? retryMs, MOST_RETRY_MS);
      }
      if (left === 'spent') {
        yield { items: [], more: true };
        return;
      }
      if (left === 'over') break;
    }
    const pauseMs = Math.max(LEAST_RETRY_MS, retryMs);
    const again = context.now() + pauseMs;
    if (again >= endsAt || connections + 1 >= maxPages) {
      yield ending(again);
      return;
    }
    await context.sleep(pauseMs, signal);
    if (signal.aborted) return;
  }
  // The time is over.
  yield ending();
}

async function connect(
  settings: HttpSettings,
  lastId: string | number | null,
  context: BurstContext,
  signal: AbortSignal,
): Promise<Awaited<ReturnType<typeof askSource>>> {
  const { timeoutMs } = settings;
  const withinTimeout = createIdleTimeout(context, timeoutMs, describeHttpSource(settings.url));
  const position = { ...NO_POSITION, cursor: lastId };
  const now = context.now();
  const request = await withinTimeout(makeRequest({ options: settings, position, range: null, now, waitMs: null }));
  const headers = lastId === null ? request.headers : { ...request.headers, 'last-event-id': asBytes(String(lastId)) };
  return askSource({
    options: settings,
    context,
    request: { ...request, headers },
    signal,
    withinTimeout,
    mayBeStale: false,
  });
}

/** A text in UTF-8 as a header carries it, with one character for each byte. */
function asBytes(text: string): string {
  return Array.from(new TextEncoder().encode(text), (byte) => String.fromCharCode(byte)).join('');
}

interface Connection {
  answer: FeedAnswer;
  parser: EventParser;
  context: BurstContext;
  endsAt: number;
  /** What is left of the budget. It shrinks with each batch. */
  budget: Budget;
  cursor: string | number | null;
}

async function* readConnection(
  connection: Connection,
): AsyncGenerator<FeedBatch, { left: Left; cursor: string | number | null }, undefined> {
  const { answer, parser, context, endsAt, budget } = connection;
  const reader = answer.body.getReader();
  const timers = new AbortController();
  let { cursor } = connection;
  let pending: SourceEvent[] = [];
  let pendingSince = context.now();
  let left: Left | null = null;
  let broken: TidegateError | null = null;

  const waiting = { items: 0, bytes: 0 };
  const count = (item: BodyItem | null, sign: 1 | -1) => {
    if (item === null) return;
    waiting.items += sign;
    waiting.bytes += sign * item.bytes;
  };

  const isDue = () =>
    waiting.items >= Math.min(PORTION_ITEMS, budget.events) ||
    waiting.bytes >= Math.min(PORTION_BYTES, budget.bytes) ||
    context.now() - pendingSince >= PORTION_AGE_MS;

  const portion = (): FeedBatch | null => {
    const items: BodyItem[] = [];
    let used = 0;
    let size = 0;
    for (const { item, id } of pending) {
      if (
        item !== null &&
        (items.length >= Math.min(PORTION_ITEMS, budget.events) || size >= Math.min(PORTION_BYTES, budget.bytes))
      )
        break;
      if (item !== null) items.push(item);
      count(item, -1);
      if (id !== null) cursor = id === '' ? null : id;
      size += item?.bytes ?? 0;
      used += 1;
    }
    pending = pending.slice(used);
    pendingSince = context.now();
    budget.events -= items.length;
    budget.bytes -= size;
    if (items.length === 0) return null;
    return { items: toFeedItems(items, context), position: writeHttpPosition({ ...NO_POSITION, cursor }) };
  };

  try {
    let reading = settle(reader.read());
    while (left === null) {
      const wakeAt = Math.min(endsAt, pending.length > 0 ? pendingSince + PORTION_AGE_MS : endsAt);
      const awake = new AbortController();
      const timer = context.sleep(Math.max(0, wakeAt - context.now()), AbortSignal.any([awake.signal, timers.signal]));
      const read = await Promise.race([reading, timer.then(() => null)]);
      awake.abort();
      if (read instanceof Error) {
        broken = asTidegateError(read);
        left = 'closed';
      } else if (read !== null) {
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
          for (const { item } of pending.slice(known)) count(item, 1);
        }
      }
      if (context.signal.aborted || context.now() >= endsAt) left ??= 'over';
      while (pending.length > 0 && left !== 'spent' && (left !== null || isDue())) {
        const batch = portion();
        if (batch !== null) yield batch;
        if (budget.events <= 0 || budget.bytes <= 0) left = 'spent';
      }
    }
  } finally {
    timers.abort();
    reader.cancel().catch(() => {});
  }
  // A connection that reaches `maxBytes` is not broken; it is only opened again.
  if (broken !== null && broken.code === 'too_large' && broken.field !== 'maxBytes') throw broken;
  return { left, cursor };
}

function settle<Value>(work: Promise<Value>): Promise<Value | Error> {
  return work.catch((thrown: unknown) => (thrown instanceof Error ? thrown : new Error(String(thrown))));
}
