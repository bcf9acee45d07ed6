/** What the end of a burst means for the feed: when the next one is, how the feed is, and what is logged of it. It stores nothing. */
import type { DeclaredFeed } from '../../declare/feed.ts';
import { causeText, innermostReason, type TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Scope } from '../../streams/scope.ts';
import { BREAKER_FAILURES, LONGEST_RETRY_AFTER_MS, pauseAfter } from '../records/breaker.ts';
import { rejectedOf } from '../records/rejected.ts';
import { beyondReach, MOST_REACH, type RepeatsState } from '../records/repeats.ts';
import type { FeedState } from '../records/state.ts';
import type { BurstEnd } from './burst.ts';
import type { Intake } from './intake.ts';

/** Decides what the end of a burst means for the next one. */
export function judgeEnd(
  { runtime }: Pick<Scope, 'runtime'>,
  feed: DeclaredFeed,
  state: FeedState,
  intake: Intake,
  end: Exclude<BurstEnd, { kind: 'lost' }>,
  startedAt: number,
  isHeld: boolean,
): Partial<FeedState> {
  const now = runtime.now();
  const { counts } = intake;
  // What came twice in such a burst stays, also where the next ones do well.
  const lastDoubtAt = beyondReach(state.repeats).length > 0 ? now : state.lastDoubtAt;
  const rejected = rejectedOf(counts, intake.rejection(), state.rejected, now);
  if (end.kind === 'ended') {
    const askedFor = Math.max(now, Math.min(end.notBefore ?? 0, now + LONGEST_RETRY_AFTER_MS));
    if (end.passed) return { nextAt: askedFor };
    const nextAt = end.more ? askedFor : Math.max(askedFor, startedAt + feed.everyMs);
    const repeats = tellBeyond(runtime, feed, state, intake.repeats(end.more));
    return { failures: 0, lastError: null, rejected, repeats, lastDoubtAt, lastSuccessAt: now, nextAt };
  }
  const { code, retryAfterMs } = end.error;
  // A feed that delivered events before it failed is not down, so its failures are counted anew from 1. Where the connection
  // is held, hold.ts has judged that with each commit: one that breaks behind each message must not be dialled for ever.
  const failures = (intake.delivered() > 0 && !isHeld ? 0 : state.failures) + 1;
  const nextAt = now + pauseAfter(failures, runtime.random(), retryAfterMs);
  const level = failures === BREAKER_FAILURES ? 'error' : 'warn';
  const { message, logged } = tellable(runtime, end.error);
  runtime.log(level, 'a feed failed', { feed: feed.name, code, ...logged, failures, nextAt });
  const repeats = tellBeyond(runtime, feed, state, intake.repeats(false));
  return {
    failures,
    lastError: { code, message: message.slice(0, 1_000), at: now },
    rejected,
    repeats,
    lastDoubtAt,
    nextAt,
  };
}

/**
 * What is stored of an error, which clients read, and what is logged. What a feed's own code threw may hold secrets: clients
 * read where the log has it.
 */
function tellable(runtime: Scope['runtime'], error: TidegateError): { message: string; logged: JsonObject } {
  const { code, message } = error;
  if (code === 'internal') {
    const reference = runtime.newId();
    const told = `a defect of the feed's own code; the log has it under ${reference}`;
    return { message: told, logged: { message, reference, cause: causeText(error) } };
  }
  const reason = innermostReason(error);
  return { message, logged: { message, ...(message.includes(reason) ? {} : { cause: reason }) } };
}

/** Logs once that readings repeat more than is looked through. `list_streams` says it as long as it is so. */
function tellBeyond(
  runtime: Scope['runtime'],
  feed: DeclaredFeed,
  state: FeedState,
  repeats: RepeatsState | null,
): RepeatsState | null {
  const told = beyondReach(state.repeats);
  const beyond = beyondReach(repeats).filter((stream) => !told.includes(stream));
  if (beyond.length > 0) {
    const hint =
      'the source repeats more events than are looked through, so some come twice: ask for less, or for what is new';
    runtime.log('warn', hint, { feed: feed.name, streams: beyond, lookedThrough: MOST_REACH });
  }
  return repeats;
}
