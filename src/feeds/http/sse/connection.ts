/** Reads one connection of server-sent events, until it is over or left: hands events over in batches, each with the id behind it. */
import type { BurstContext, FeedBatch } from '../../../declare/feed.ts';
import { asTidegateError, type TidegateError } from '../../../base/errors.ts';
import type { Json } from '../../../base/json.ts';
import { HELD_COMMIT_MS } from '../../kit/batch-pacing.ts';
import type { FeedAnswer } from '../answer.ts';
import type { BodyItem } from '../format.ts';
import { PORTION_AGE_MS, PORTION_BYTES, PORTION_ITEMS } from '../portions.ts';
import { NO_POSITION } from '../position.ts';
import { writeHttpPosition } from '../stored-position.ts';
import { toFeedItems } from '../read-page.ts';
import type { EventParser, SourceEvent } from './parser.ts';
import type { Resumption } from './resumption.ts';

/** A connection that is held and over which no byte comes for so long is opened again: the other end may be gone. */
const SILENT_MS = 5 * 60_000;

interface Budget {
  events: number;
  bytes: number;
}

/** Why a connection was left: the source ended it, the burst is over, or its budget is spent. */
export type Left = 'closed' | 'over' | 'spent';

export function positionAt(
  cursor: string | number | null,
  heardUntil: number | null,
  heard: string,
  notBefore: number | null = null,
): Json {
  const until = cursor === null ? heardUntil : null;
  return writeHttpPosition({
    ...NO_POSITION,
    cursor,
    notBefore,
    heardUntil: until,
    heard: cursor === null ? '' : heard,
  });
}

interface Connection {
  answer: FeedAnswer;
  parser: EventParser;
  resumption: Resumption;
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

export async function* readConnection(connection: Connection): AsyncGenerator<FeedBatch, Reading, undefined> {
  const { answer, parser, context, endsAt, budget, resumption } = connection;
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
    resumption.handed(pending.slice(0, used));
    pending = pending.slice(used);
    pendingSince = context.now();
    if (!isHeld) {
      budget.events -= items.length;
      budget.bytes -= size;
    }
    if (items.length === 0) return null;
    return { items: toFeedItems(items, context), position: positionAt(cursor, context.now(), resumption.state()) };
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
          let cameNow = false;
          try {
            const events: SourceEvent[] = [];
            parser.push(read.value, events);
            cameNow = events.length > 0;
            pending.push(
              ...resumption.fresh(events).map((one) => (typeof one === 'string' ? gapEvent(one, context) : one)),
            );
            reading = settle(reader.read());
          } catch (thrown) {
            broken = asTidegateError(thrown);
            left = 'closed';
          }
          came ||= cameNow;
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

/** A gap in each stream, in the place of an event. */
function gapEvent(detail: string, { feed }: BurstContext): SourceEvent {
  return { item: { data: null, bytes: 0, meta: { source: feed, gap: { reason: 'not_resumed', detail } } }, id: null };
}
