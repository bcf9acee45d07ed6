/**
 * A burst of an HTTP feed: asks a source page by page and range by range, and hands over the items of its answers. It does not retry
 * and does not remember failures (feeds/run does), and it knows no ids. If a burst ends within a body, the next one asks for
 * it again. If it is the same body, by its ETag or its content, the burst goes on within it; else it takes the body from its
 * start, and the stream drops what it has already. Accepted weakness: if the source has forgotten a page by the next burst,
 * all pages are read again, and only ids show which items were taken before.
 */
import type { BurstContext, FeedBatch } from '../../declare/feed.ts';
import { TidegateError } from '../../base/errors.ts';
import { HELD_COMMIT_MS } from '../kit/batch-pacing.ts';
import { askSource } from './exchange.ts';
import { describeHttpSource, isDeclared } from './options.ts';
import type { HttpSettings } from './spec.ts';
import { sizesBehind } from './next-page.ts';
import type { Follows } from './page-end.ts';
import { type PageMark, validatorsBehind } from './position.ts';
import { readHttpPosition, writeHttpPosition } from './stored-position.ts';
import { rangeOf, withoutFuture } from './time-range.ts';
import { endOfReading, type PageOutcome, readPage } from './read-page.ts';
import { makeRequest } from './request.ts';
import { createIdleTimeout } from '../../net/idle-timeout.ts';

/** Some sources name another cursor with each answer, whether they have something or not. The next burst goes on from there. */
const MOST_EMPTY_PAGES = 20;
/** A timer may fire this much earlier than the clock shows its time. */
const TIMER_SLACK_MS = 100;
/** A burst stops waiting for the source this long before its end, so that it can still take in what comes. */
const WAIT_MARGIN_MS = 1_000;
const LEAST_WAIT_MS = 1_000;

interface Progress {
  taken: { items: number; bytes: number };
  /** Whether the source may keep its answer back. */
  waiting: boolean;
}

export async function* httpBurst(
  options: HttpSettings,
  context: BurstContext,
): AsyncGenerator<FeedBatch, void, undefined> {
  const leaving = new AbortController();
  const signal = AbortSignal.any([context.signal, leaving.signal]);
  const progress: Progress = { taken: { items: 0, bytes: 0 }, waiting: false };
  try {
    if (isDeclared(options.format) && options.format.reads === 'events') {
      const readEvents = await options.format.load();
      yield* readEvents(options, context, signal);
    } else {
      yield* readPages(options, context, signal, progress);
    }
  } catch (error) {
    if (!context.signal.aborted || (error instanceof TidegateError && error.field === 'politeness')) throw error;
    // A body that outlasts the burst is left. Its items so far are committed, and the position stays before the body.
    if (progress.taken.items > 0 || progress.waiting) return;
    throw context.now() >= context.deadline - TIMER_SLACK_MS ? tooSlow(options, context, error) : error;
  } finally {
    leaving.abort();
  }
}

async function* readPages(
  options: HttpSettings,
  context: BurstContext,
  signal: AbortSignal,
  progress: Progress,
): AsyncGenerator<FeedBatch, void, undefined> {
  const { since, wait, timeoutMs } = options;
  const { taken } = progress;
  const isHeld = context.hold !== null;
  const maxPages = isHeld ? Number.POSITIVE_INFINITY : options.maxPages;
  const source = describeHttpSource(options.url);
  const withinTimeout = createIdleTimeout(context, timeoutMs, source);
  const asked = new Set<string>();
  let position = readHttpPosition(context.position);
  let stored = position.page !== null;
  let behind = false;
  /** How many pages in a row brought nothing. */
  let emptyPages = 0;

  for (let requests = 0; requests < maxPages; requests += 1) {
    const startedAt = context.now();
    if (since !== undefined) position = withoutFuture(since, position, startedAt);
    if (isHeld) startAnew(progress, asked);
    const range = since === undefined ? null : rangeOf(since, position, startedAt);
    if (since !== undefined && range === null) {
      yield { items: [], last: true };
      return;
    }
    const isNewRange = range !== null && position.range === null;
    position = { ...position, range };
    const waitMs = wait === undefined ? null : Math.min(wait.ms, context.deadline - startedAt - WAIT_MARGIN_MS);
    if (waitMs !== null && waitMs < LEAST_WAIT_MS && requests > 0) {
      if (behind) break;
      return;
    }
    progress.waiting = waitMs !== null;

    const now = startedAt;
    const allowed = waitMs === null ? null : Math.max(0, waitMs);
    const request = await withinTimeout(
      makeRequest({ options, position, range, now, waitMs: allowed, targets: context.targets }),
    );
    const forHeaders = allowed === null ? withinTimeout : createIdleTimeout(context, timeoutMs + allowed, source);
    const isCounted = options.pages?.by === 'offset' || options.pages?.by === 'number';
    const follows = isCounted && position.page !== null ? followsOf(position.page) : null;
    const exchange = { options, context, request, signal, withinTimeout: forHeaders, mayBeStale: stored, follows };
    const answer = await askSource(exchange);
    if ('none' in answer && answer.none === 'stale') {
      context.log('warn', 'the source knows the page no more: its pages are read anew', { source });
      position = { ...position, page: null, read: null, latest: null, due: null };
      stored = false;
      behind = false;
      continue;
    }
    const before = taken.items;
    let outcome: PageOutcome;
    if ('none' in answer) {
      const validators = validatorsBehind(position.validators, answer.validators);
      const isKept = validators === position.validators;
      position = { ...position, validators, sizes: sizesBehind({ ...position, found: 0 }) };
      outcome = endOfReading(options, position, position.latest, true);
      const moved =
        since === undefined && position.page === null && position.way === null && isKept
          ? {}
          : { position: writeHttpPosition(outcome.position) };
      yield { items: [], ...moved, ...(outcome.more ? {} : { last: true }) };
    } else {
      try {
        outcome = yield* readPage({ options, context, position, answer, withinTimeout, taken, asked, isNewRange });
      } finally {
        answer.release();
      }
    }
    ({ position, more: behind } = outcome);
    stored = false;
    context.hold?.answered();
    const nothingCame = wait !== undefined && taken.items === before;
    emptyPages = taken.items === before ? emptyPages + 1 : 0;
    if (options.cursor !== undefined && wait === undefined && emptyPages === MOST_EMPTY_PAGES) return;
    // The run does not count duplicates as spent, so it would not notice that the budget is used up.
    if (!isHeld && (taken.items >= context.budget.events || taken.bytes >= context.budget.bytes)) {
      if (!behind) return;
      break;
    }
    if (behind && !nothingCame) continue;
    if (wait === undefined || requests + 1 === maxPages) return;
    // A source that answers at once must not be asked without a pause, even if it sends another cursor each time.
    const leastMs = nothingCame ? LEAST_WAIT_MS : isHeld ? HELD_COMMIT_MS : 0;
    if (leastMs > 0) await context.sleep(Math.max(0, startedAt + leastMs - context.now()), signal);
    if (signal.aborted) return;
  }
  // The position is handed over too, so that a page that the source has forgotten is not asked for again. That page's
  // successor is left to the next burst, else a source without such pages would be asked for its first ones for ever.
  yield { items: [], position: writeHttpPosition(position), ...(behind ? { more: true } : { last: true }) };
}

/** The most pages that are remembered, so that a source that answers in a circle is found. */
const MOST_ASKED = 10_000;

/** Bounds what a burst without an end remembers: the budget bounds each of its answers. */
function startAnew({ taken }: Progress, asked: Set<string>): void {
  taken.items = taken.bytes = 0;
  if (asked.size > MOST_ASKED) asked.clear();
}

function tooSlow(options: HttpSettings, { budget }: BurstContext, cause: unknown): TidegateError {
  return new TidegateError('upstream', `${describeHttpSource(options.url)} gave nothing within the burst`, {
    field: 'budget.timeMs',
    expected: `a whole item within ${budget.timeMs} ms`,
    cause,
  });
}

function followsOf({ behind }: PageMark): Follows {
  const isShort = behind !== undefined && behind.isFull !== true;
  return { short: isShort || behind?.follows === false, promised: behind?.follows === true };
}
