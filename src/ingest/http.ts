/**
 * The HTTP feed: pulls JSON or NDJSON, page by page where the source has a cursor. It neither retries nor remembers
 * failures (the run does), and it knows no ids. A body that a burst did not end is asked for again: where it is the same
 * one, by its ETag or its content, the burst goes on within it; else it is taken from its start, and the stream drops
 * what it has.
 */
import type { BurstContext, Feed, FeedBatch, FeedItem } from '../core/declaration/feed.ts';
import { TidegateError } from '../core/errors.ts';
import { readPortions } from './http-body.ts';
import { askSource, type HttpAnswer } from './http-exchange.ts';
import { describeSource, type HttpOptions, httpProblems } from './http-options.ts';
import { type HttpPosition, readPosition, writePosition } from './http-position.ts';
import { readPath } from './json-path.ts';
import type { NdjsonItem } from './ndjson.ts';
import { createPatience, type Patience } from './patience.ts';

export type { HttpCursor, HttpFormat, HttpOptions } from './http-options.ts';

const DEFAULT_TIMEOUT_MS = 10_000;
/** A timer may fire this much before the clock shows its time. */
const TIMER_SLACK_MS = 100;

/**
 * A feed of JSON or NDJSON over HTTP. Conditional requests (`ETag`, `Last-Modified`) and `Retry-After` are kept to;
 * a status other than 2xx and 304 fails the burst. Every stream that takes from the feed gets every item.
 */
export function http(options: HttpOptions): Feed {
  const { everyMs, budget, overflow, sample } = options;
  return {
    kind: 'feed',
    type: 'http',
    source: describeSource(options.url),
    pacing: {
      ...(everyMs === undefined ? {} : { everyMs }),
      ...(budget === undefined ? {} : { budget }),
      ...(overflow === undefined ? {} : { overflow }),
      ...(sample === undefined ? {} : { sample }),
    },
    replayable: true,
    problems: () => httpProblems(options),
    burst: (context) => burst(options, context),
  };
}

async function* burst(options: HttpOptions, context: BurstContext): AsyncGenerator<FeedBatch, void, undefined> {
  const leaving = new AbortController();
  const signal = AbortSignal.any([context.signal, leaving.signal]);
  const timeoutMs = options.timeoutMs ?? DEFAULT_TIMEOUT_MS;
  const taken = { items: 0, bytes: 0 };
  let position: HttpPosition | null = readPosition(context.position);
  try {
    while (position !== null) {
      const patiently = createPatience(context, timeoutMs, describeSource(options.url));
      const answer: HttpAnswer | null = await patiently(askSource(options, position, context, signal));
      if (answer === null) {
        yield { items: [], last: true };
        return;
      }
      position = yield* readPage({ options, context, position, answer, patiently, taken });
    }
  } catch (error) {
    if (!context.signal.aborted) throw error;
    // A body that outlasts the burst is left where it is; what came is committed, and the position stays before it.
    if (taken.items > 0) return;
    throw context.now() >= context.deadline - TIMER_SLACK_MS ? tooSlow(options, context, error) : error;
  } finally {
    leaving.abort();
  }
}

interface Page {
  options: HttpOptions;
  context: BurstContext;
  position: HttpPosition;
  answer: HttpAnswer;
  patiently: Patience;
  /** Counts up over the pages of the burst. */
  taken: { items: number; bytes: number };
}

/** Yields the batches of one response; returns where to ask for another page, null where there is none to ask for. */
async function* readPage(page: Page): AsyncGenerator<FeedBatch, HttpPosition | null, undefined> {
  const { options, context, position, answer, taken } = page;
  const from = options.cursor?.from ?? null;
  const perItem = from !== null && (options.cursor?.of ?? (answer.format === 'ndjson' ? 'item' : 'body')) === 'item';
  const portions = readPortions({ ...page, items: options.items ?? '', now: () => context.now() });
  let cursor: HttpPosition['cursor'] = null;
  let found = 0;
  for await (const { items: raw, body, mark, end } of portions) {
    const known = position.read !== null && position.read.mark === mark ? position.read.items : 0;
    const fresh = raw.slice(Math.max(0, known - found));
    found += raw.length;
    taken.items += fresh.length;
    for (const { bytes } of fresh) taken.bytes += bytes;
    if (from !== null) cursor = (perItem ? lastCursor(raw, from) : asCursor(readPath(body, from))) ?? cursor;
    const items = toFeedItems(fresh, context);
    if (!end) {
      if (items.length > 0) yield { items, ...standing(page, perItem ? cursor : null, mark, found) };
      continue;
    }
    if (perItem && cursor === null && found > 0) throw noCursor(from, answer.source);
    // A last page without a cursor is asked for again from the one before.
    const moved = found > 0 && cursor !== null && cursor !== position.cursor;
    const next: HttpPosition = moved
      ? { cursor, validators: null, read: null }
      : { cursor: position.cursor, validators: answer.validators, read: null };
    yield { items, position: writePosition(next), ...(moved ? {} : { last: true }) };
    return moved && taken.items < context.budget.events && taken.bytes < context.budget.bytes ? next : null;
  }
  return null;
}

/** Where a burst that ends within a body goes on: behind a cursor, within the same body, or by what the run remembers. */
function standing(
  { position }: Page,
  cursor: HttpPosition['cursor'],
  mark: string | null,
  items: number,
): Pick<FeedBatch, 'position' | 'partial'> {
  if (cursor !== null) return { position: writePosition({ cursor, validators: null, read: null }) };
  if (mark === null) return { partial: true };
  return { position: writePosition({ cursor: position.cursor, validators: null, read: { mark, items } }) };
}

function toFeedItems(items: readonly NdjsonItem[], { targets }: BurstContext): FeedItem[] {
  return targets.flatMap(({ stream }) => items.map((item) => ({ stream, ...item })));
}

function lastCursor(items: readonly NdjsonItem[], from: string): HttpPosition['cursor'] {
  for (let at = items.length - 1; at >= 0; at -= 1) {
    const cursor = asCursor(readPath(items[at]?.data, from));
    if (cursor !== null) return cursor;
  }
  return null;
}

function asCursor(value: unknown): HttpPosition['cursor'] {
  return (typeof value === 'string' && value !== '') || typeof value === 'number' ? value : null;
}

function noCursor(from: string | null, source: string): TidegateError {
  return new TidegateError('upstream', `${source}: no item has a cursor at ${from}`, {
    field: 'cursor.from',
    expected: 'a path to a text or a number in each item',
  });
}

function tooSlow(options: HttpOptions, { budget }: BurstContext, cause: unknown): TidegateError {
  return new TidegateError('upstream', `${describeSource(options.url)} gave nothing within the burst`, {
    field: 'budget.timeMs',
    expected: `a whole item within ${budget.timeMs} ms`,
    cause,
  });
}
