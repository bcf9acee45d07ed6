/**
 * A burst of server-sent events: reads until the budget is spent or the time is over, and connects again when the source
 * ends the connection. Where the connection is held neither bounds it. Each batch has the id from which to go on. Events
 * beyond the budget are forgotten, because the source sends them again behind that id. What a source without ids sent while
 * nobody listened is missing, and told by a gap event.
 */
import type { BurstContext, FeedBatch, FeedItem } from '../../../declare/feed.ts';
import { asTidegateError, type TidegateError } from '../../../base/errors.ts';
import { judgeConnections } from '../../kit/connections.ts';
import { gaps, spanText } from '../../kit/gap-items.ts';
import { openEvents } from '../exchange.ts';
import type { HttpOptions } from '../options.ts';
import { readHttpPosition } from '../stored-position.ts';
import { httpSettings } from '../spec.ts';
import type { SseOptions } from './options.ts';
import { endedAtOnce, wantsNone } from './refusals.ts';
import { createEventParser } from './parser.ts';
import { createResumption } from './resumption.ts';
import { type Left, positionAt, readConnection } from './connection.ts';

/** The pause before a connection is opened again if the source names none, and the least pause whatever it names. */
const DEFAULT_RETRY_MS = 1_000;
const LEAST_RETRY_MS = 250;
/** The longest pause that a source may ask for, as of `Retry-After`. */
const MOST_RETRY_MS = 3_600_000;
/** The longest pause that a burst without an end waits for. A longer one ends it. */
const MOST_HELD_PAUSE_MS = 60_000;
/** Reading stops this long before the burst's end, so that all events are handed over in time. */
const CLOSING_MS = 250;

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
  const judged = judgeConnections(context);
  const resumption = createResumption(before.heard);
  const nothing = { brought: false, stoodMs: 0 };
  let anyStood = false;
  let failure: TidegateError | null = null;
  const ending = (notBefore: number | null = null): FeedBatch => ({
    items: [],
    position: positionAt(cursor, heardUntil, resumption.state(), notBefore),
    last: true,
    ...(notBefore === null ? {} : { notBefore }),
  });
  const leftMs = (before.notBefore ?? 0) - context.now();
  // A longer one was stored by a clock that was ahead.
  if (leftMs > 0 && leftMs <= MOST_RETRY_MS) {
    yield { items: [], last: true, notBefore: context.now() + leftMs };
    return;
  }
  for (let connections = 0; connections < maxPages; connections += 1) {
    const answer = await openEvents(settings, cursor, context, signal).catch((thrown: unknown) => {
      const error = asTidegateError(thrown);
      // A source that answered before may come back within the burst. One that never answered, or that names a time, may not.
      if (hold || connections === 0 || error.retryAfterMs !== null) throw error;
      judged.lost({ ...nothing, error });
      return error;
    });
    if ('none' in answer) {
      if (!anyStood || judged.failure(nothing)) throw wantsNone(settings);
      yield ending();
      return;
    }
    if ('body' in answer) {
      const parser = createEventParser(format);
      resumption.begin(cursor);
      const connection = { answer, parser, resumption, context, endsAt, budget: hold ? { ...budget } : budget, cursor };
      const openedAt = context.now();
      const fittedBefore = hold?.fitted() ?? 0;
      // A connection that is held is no request whose turn others wait for.
      if (hold) answer.release();
      hold?.standing(true);
      if (cursor === null && (heardUntil !== null || hold)) {
        // Stored before anything is read, so that whoever goes on behind a process that dies knows that it listened.
        const items = heardUntil === null ? [] : missing(context, heardUntil);
        heardUntil = openedAt;
        yield { items, position: positionAt(cursor, heardUntil, resumption.state()) };
      }
      let left: Left;
      let came: boolean;
      try {
        ({ left, cursor, came } = yield* readConnection(connection));
      } finally {
        hold?.standing(false);
        answer.release();
        heardUntil = context.now();
        retryMs = parser.retryMs() ?? retryMs;
      }
      if (left === 'spent') {
        yield { items: [], more: true };
        return;
      }
      const stoodMs = context.now() - openedAt;
      // A burst is run again as the feed says. Where the connection is held, only what fits a stream speaks for the source.
      const brought = hold ? hold.fitted() > fittedBefore : came || parser.retryMs() !== null;
      anyStood = true;
      if (context.signal.aborted) break;
      if (left === 'over') {
        failure = judged.failure({ brought, stoodMs });
        break;
      }
      const error = endedAtOnce(settings, answer, parser, stoodMs, resumption.repeated());
      if (!judged.lost({ brought, stoodMs, error }) && hold) throw error;
    }
    const pauseMs = Math.min(Math.max(LEAST_RETRY_MS, retryMs), MOST_RETRY_MS);
    const again = context.now() + pauseMs;
    if (again >= endsAt || connections + 1 >= maxPages || (hold && pauseMs > MOST_HELD_PAUSE_MS)) {
      failure = judged.failure(nothing);
      if (failure) break;
      if (pauseMs > MOST_HELD_PAUSE_MS) tellPause(context, retryMs, pauseMs);
      yield ending(again);
      return;
    }
    await context.sleep(pauseMs, signal);
    if (signal.aborted) return;
  }
  // The time is over, or no connection is left.
  const isWell = failure === null || context.signal.aborted;
  yield { ...ending(), last: isWell };
  if (!isWell) throw failure;
}

function tellPause({ log }: BurstContext, askedMs: number, keptMs: number): void {
  log(askedMs > keptMs ? 'warn' : 'info', 'the source asks to be left alone (retry)', { askedMs, keptMs });
}

function missing(context: BurstContext, since: number): FeedItem[] {
  const detail = `nobody listened ${spanText(since, context.now())}, and the source gives no id to go on from`;
  return gaps(context, 'not_listening', detail);
}
