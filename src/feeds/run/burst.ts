/**
 * One burst of one feed, under its lease. Each batch that the feed yields is taken in before the feed is resumed: it is
 * committed together with the position, unless it changes nothing that has to be stored at once. The burst ends at the
 * budget, at the deadline, when the feed ends or breaks, or when the lease is lost. Where it holds its connection it has no
 * deadline and no budget. It does not decide what a failure means for the next burst: `run-feed.ts` does.
 */
import type { BurstContext, DeclaredFeed, FeedBatch } from '../../declare/feed.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { paceOf } from '../../base/pace.ts';
import { timeWithin, watchedClock } from '../../base/time/stored-time.ts';
import { openFeedSecrets, type OpenSecrets, redactedError } from '../../declare/check/open-secrets.ts';
import type { StreamScope } from '../../streams/scope.ts';
import type { GuardedFetch } from '../../net/guarded-fetch.ts';
import { createWebSocketDial } from '../../net/websocket-dial.ts';
import { type BurstTime, burstTime, GRACE_MS } from './burst-time.ts';
import { type HeldBurst, holdBurst } from './hold.ts';
import type { Intake } from './intake.ts';
import type { Lease } from './lease.ts';
import { createTaker } from './taker.ts';
import { createUpkeep, type Upkeep } from './upkeep.ts';

interface BurstOptions {
  scope: StreamScope;
  feed: DeclaredFeed;
  lease: Lease;
  intake: Intake;
  fetch: GuardedFetch;
  leaseMs: number;
  /** Epoch ms by which the feed has to end. Infinity: it holds its connection. */
  endsAt: number;
  /** Epoch ms by which a commit that begins now has to end. */
  commitBy: () => number;
  /** Epoch ms until which the feed was last run; null: it never was. */
  ranUntil: number | null;
  /** Aborts when the process has to end. */
  signal: AbortSignal | null;
  /** Brings latest events up to date during the burst. It does not throw. */
  project: () => Promise<void>;
  /** Stores the events of windows of sampling that the clock closed. False: the lease is lost. */
  closeWindows: (lease: Lease) => Promise<boolean>;
}

export type BurstEnd =
  /**
   * `more`: the upstream has, or may have, more items that the next burst can get at once. `notBefore`: as in the last batch;
   * null: the upstream named no time. `passed`: the upstream was asked nothing, because that time has not come.
   */
  | { kind: 'ended'; more: boolean; notBefore: number | null; passed: boolean }
  | { kind: 'failed'; error: TidegateError }
  | { kind: 'lost' };

/** @throws TidegateError if the store fails. That does not count as a failure of the feed. */
export async function runBurst(given: BurstOptions): Promise<BurstEnd> {
  const { runtime } = given.scope;
  const secrets = openFeedSecrets(given.feed, runtime.variable);
  const time = burstTime(runtime, given.endsAt, given.signal);
  const now = watchedClock(
    () => runtime.now(),
    () => {
      runtime.log('warn', 'the clock was set back: the burst ends, and the next one begins', { feed: given.feed.name });
      time.end();
    },
  );
  let lost = false;
  const onLost = () => {
    lost = true;
    time.end();
  };
  const held = given.endsAt === Number.POSITIVE_INFINITY ? holdBurst({ ...given, runtime, onLost }) : null;
  const options = { ...given, lease: held?.lease ?? given.lease };
  const upkeep = createUpkeep({
    ...options,
    runtime: { now },
    isHeld: held !== null,
    closeWindows: () => given.closeWindows(options.lease),
  });
  const taker = createTaker({
    ...options,
    isHeld: held !== null,
    log: (message) => runtime.log('warn', message, { feed: options.feed.name }),
    upkeep: async () => runtime.now() < upkeep.dueAt() || upkeep.run(),
    pace: paceOf(runtime),
  });
  const isStuck = () => time.isSpent() && taker.isStuck();
  let iterator: AsyncIterator<FeedBatch> | null = null;
  let batches = 0;
  let last = false;
  let more = false;
  let notBefore: number | null = null;
  let passed = false;
  const ended = (more: boolean): BurstEnd => ({ kind: 'ended', more, notBefore, passed });
  try {
    const context = contextOf(options, { signal: time.signal, now }, held, secrets);
    iterator = options.feed.feed.burst(context)[Symbol.asyncIterator]();
    for (;;) {
      const next = await waitForNext(options, iterator, time, upkeep, now);
      if (next === 'lost' || lost) return { kind: 'lost' };
      if (next instanceof TidegateError) {
        // A feed may throw when its signal aborts. That is no failure, unless its time ran out without a batch.
        const wasEnded = time.signal.aborted && (batches > 0 || !time.isSpent());
        if (!wasEnded) return { kind: 'failed', error: redactedError(next, secrets) };
        return isStuck() ? { kind: 'failed', error: noProgress() } : ended(true);
      }
      if (next.done) {
        if (!last && isStuck()) return { kind: 'failed', error: noProgress() };
        // Whoever takes over a connection that was held has to go on at once.
        const isCut = (!last || held !== null) && (taker.isSpent() || time.signal.aborted);
        return ended(isCut || more || (options.lease.state().backlog ?? 0) > 0);
      }
      batches += 1;
      last = next.value.last ?? false;
      more = next.value.more ?? false;
      notBefore = next.value.notBefore ?? null;
      passed =
        notBefore !== null && batches === 1 && next.value.items.length === 0 && next.value.position === undefined;
      const step = await taker.take(next.value);
      if (step === 'lost') return { kind: 'lost' };
      if (step === 'budget') return ended(true);
    }
  } finally {
    time.end();
    if (iterator) await endFeed(options, iterator);
  }
}

function noProgress(): TidegateError {
  return new TidegateError('upstream', 'the burst was over before the reading came to what is not committed yet', {
    field: 'budget.timeMs',
    expected: 'time to read past it, or a feed with a position',
  });
}

function contextOf(
  { scope: { runtime, tenant }, feed, lease, fetch, endsAt, ranUntil }: BurstOptions,
  { signal, now }: Pick<BurstContext, 'signal' | 'now'>,
  held: HeldBurst | null,
  secrets: OpenSecrets,
): BurstContext {
  const webSocket = createWebSocketDial(runtime);
  const { connect } = runtime;
  const dials = held
    ? { fetch: held.guard<'fetch'>(fetch), webSocket: held.guard<'webSocket'>(webSocket), connect: held.guard(connect) }
    : { fetch, webSocket, connect };
  return {
    feed: feed.name,
    tenant,
    targets: feed.targets,
    position: lease.state().position,
    ranUntil,
    budget: feed.budget,
    deadline: endsAt,
    signal,
    hold: held?.hold ?? null,
    now,
    random: () => runtime.random(),
    newId: () => runtime.newId(),
    sleep: (ms, wake) => runtime.sleep(ms, wake),
    ...dials,
    secret: secrets.valueOf,
    log: (level, message, fields) =>
      runtime.log(level, secrets.redact(message), {
        feed: feed.name,
        ...(secrets.redactDeep(fields ?? {}) as JsonObject),
      }),
  };
}

/** Waits for the feed. Meanwhile it renews the lease and does what is due. It returns the feed's errors. */
async function waitForNext(
  { scope: { runtime }, lease, leaseMs, commitBy }: BurstOptions,
  iterator: AsyncIterator<FeedBatch>,
  time: BurstTime,
  upkeep: Upkeep,
  clock: () => number,
): Promise<IteratorResult<FeedBatch> | TidegateError | 'lost'> {
  const pending = iterator.next().then((result) => result, asTidegateError);
  for (;;) {
    const latestEnd = time.latestEnd();
    // A lease that outlasts the burst is not renewed, so a short burst makes no commit for it.
    const isShort = lease.until() >= latestEnd + leaseMs / 4;
    // A lease that the clock was set back from is renewed at once, since others no longer take it for one.
    const until = timeWithin(lease.until(), runtime.now(), leaseMs);
    const renewAt = isShort ? Number.POSITIVE_INFINITY : until - leaseMs / 2;
    const wakeAt = Math.min(latestEnd, renewAt, upkeep.dueAt());
    const awake = new AbortController();
    const wake = () => awake.abort();
    // The latest end may be known only when the signal aborts.
    if (!time.signal.aborted) time.signal.addEventListener('abort', wake, { once: true });
    const timer = runtime.sleep(Math.max(0, wakeAt - runtime.now()), awake.signal).then(() => null);
    const result = await Promise.race([pending, timer]);
    time.signal.removeEventListener('abort', wake);
    wake();
    if (result !== null) return result;
    const now = clock();
    if (now >= time.latestEnd()) return new TidegateError('upstream', 'the feed did not end when its time was over');
    if (now >= renewAt && (await lease.commit([], commitBy())) === 'lost') return 'lost';
    if (now >= upkeep.dueAt() && !(await upkeep.run())) return 'lost';
  }
}

/** Ends the generator, so that it frees what it holds. It does not wait longer than `GRACE_MS` for that. */
async function endFeed({ scope: { runtime }, feed }: BurstOptions, iterator: AsyncIterator<FeedBatch>): Promise<void> {
  const ended = Promise.resolve(iterator.return?.()).then(
    () => true,
    (error: unknown) => {
      runtime.log('debug', 'a feed broke while it ended', { feed: feed.name, message: asTidegateError(error).message });
      return true;
    },
  );
  const awake = new AbortController();
  const timer = runtime.sleep(GRACE_MS, awake.signal).then(() => false);
  if (!(await Promise.race([ended, timer]))) runtime.log('warn', 'a feed did not end', { feed: feed.name });
  awake.abort();
}
