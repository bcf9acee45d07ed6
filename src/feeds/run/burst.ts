/**
 * One burst of one feed, under its lease. Each batch that the feed yields is taken in before the feed is resumed: it is
 * committed together with the position, unless it changes nothing that has to be stored at once. The burst ends at the
 * budget, at the deadline, when the feed ends or breaks, or when the lease is lost. It does not decide what a failure means
 * for the next burst: `run-feed.ts` does.
 */
import type { BurstContext, DeclaredFeed, FeedBatch } from '../../declare/feed.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { Scope } from '../../streams/scope.ts';
import type { GuardedFetch } from '../../net/guarded-fetch.ts';
import type { Intake } from './intake.ts';
import type { Lease } from './lease.ts';
import { createTaker } from './taker.ts';
import { createWebSocketDial } from '../../net/websocket-dial.ts';

/** How long a feed may take to end after its signal aborts, ms. */
const GRACE_MS = 1_000;
/** While a burst lasts, latest events are brought up to date at least this often, ms. */
const PROJECT_EVERY_MS = 5_000;

export interface BurstOptions {
  scope: Scope;
  feed: DeclaredFeed;
  lease: Lease;
  intake: Intake;
  fetch: GuardedFetch;
  leaseMs: number;
  /** Epoch ms by which the feed has to end. Commits have until `deadline`. */
  endsAt: number;
  deadline: number;
  /** Aborts when the process has to end. */
  signal: AbortSignal | null;
  /** Brings latest events up to date during the burst. It does not throw. */
  project: () => Promise<void>;
}

export type BurstEnd =
  /** `more`: the upstream has, or may have, more items that the next burst can get at once. */
  { kind: 'ended'; more: boolean } | { kind: 'failed'; error: TidegateError } | { kind: 'lost' };

/** @throws TidegateError if the store fails. That does not count as a failure of the feed. */
export async function runBurst(options: BurstOptions): Promise<BurstEnd> {
  const { scope, lease, endsAt } = options;
  const { runtime } = scope;
  const over = new AbortController();
  const finished = new AbortController();
  const abort = () => over.abort(new TidegateError('cancelled', 'the burst is over'));
  void runtime.sleep(Math.max(0, endsAt - runtime.now()), finished.signal).then(abort);
  options.signal?.addEventListener('abort', abort, { once: true });
  if (options.signal?.aborted) abort();

  const latest = createUpkeep(options);
  const taker = createTaker({
    ...options,
    log: (message) => runtime.log('warn', message, { feed: options.feed.name }),
    upkeep: async () => {
      if (runtime.now() >= latest.dueAt()) await latest.run();
    },
  });
  let iterator: AsyncIterator<FeedBatch> | null = null;
  let batches = 0;
  let last = false;
  let more = false;
  const isStuck = () => over.signal.aborted && !options.signal?.aborted && taker.isStuck();
  try {
    iterator = options.feed.feed.burst(contextOf(options, over.signal))[Symbol.asyncIterator]();
    for (;;) {
      const next = await waitForNext(options, iterator, latest);
      if (next === 'lost') return { kind: 'lost' };
      if (next instanceof TidegateError) {
        // A feed may throw when its signal aborts. That is no failure, unless its time ran out without a batch.
        const wasEnded = options.signal?.aborted || (over.signal.aborted && batches > 0);
        if (!wasEnded) return { kind: 'failed', error: next };
        return isStuck() ? { kind: 'failed', error: noProgress() } : { kind: 'ended', more: true };
      }
      if (next.done) {
        if (!last && isStuck()) return { kind: 'failed', error: noProgress() };
        const isCut = !last && (taker.isSpent() || over.signal.aborted);
        return { kind: 'ended', more: isCut || more || (lease.state().backlog ?? 0) > 0 };
      }
      batches += 1;
      last = next.value.last ?? false;
      more = next.value.more ?? false;
      const step = await taker.take(next.value);
      if (step === 'lost') return { kind: 'lost' };
      if (step === 'budget') return { kind: 'ended', more: true };
    }
  } finally {
    options.signal?.removeEventListener('abort', abort);
    abort();
    if (iterator) await endFeed(options, iterator);
    finished.abort();
  }
}

function noProgress(): TidegateError {
  return new TidegateError('upstream', 'the burst was over before the reading came to what is not committed yet', {
    field: 'budget.timeMs',
    expected: 'time to read past it, or a feed with a position',
  });
}

function contextOf({ scope, feed, lease, fetch, endsAt }: BurstOptions, signal: AbortSignal): BurstContext {
  const { runtime } = scope;
  return {
    feed: feed.name,
    targets: feed.targets,
    position: lease.state().position,
    budget: feed.budget,
    deadline: endsAt,
    signal,
    now: () => runtime.now(),
    random: () => runtime.random(),
    newId: () => runtime.newId(),
    sleep: (ms, wake) => runtime.sleep(ms, wake),
    fetch,
    connect: runtime.connect,
    webSocket: createWebSocketDial(runtime),
    log: (level, message, fields) => runtime.log(level, message, { feed: feed.name, ...fields }),
  };
}

/**
 * Waits for the feed. Meanwhile it renews the lease and brings the latest events up to date. It returns the feed's
 * errors.
 */
async function waitForNext(
  options: BurstOptions,
  iterator: AsyncIterator<FeedBatch>,
  latest: Upkeep,
): Promise<IteratorResult<FeedBatch> | TidegateError | 'lost'> {
  const { scope, lease, leaseMs, endsAt, deadline } = options;
  const { runtime } = scope;
  const pending = iterator.next().then((result) => result, asTidegateError);
  const latestEnd = endsAt + GRACE_MS;
  for (;;) {
    // A lease that outlasts the burst is not renewed, so a short burst makes no commit for it.
    const renewAt = lease.until() >= latestEnd + leaseMs / 4 ? Number.POSITIVE_INFINITY : lease.until() - leaseMs / 2;
    const wakeAt = Math.min(latestEnd, renewAt, latest.dueAt());
    const awake = new AbortController();
    const timer = runtime.sleep(Math.max(0, wakeAt - runtime.now()), awake.signal).then(() => null);
    const result = await Promise.race([pending, timer]);
    awake.abort();
    if (result !== null) return result;
    const now = runtime.now();
    if (now >= latestEnd) return new TidegateError('upstream', 'the feed did not end when its time was over');
    if (now >= renewAt && (await lease.commit([], deadline)) === 'lost') return 'lost';
    if (now >= latest.dueAt()) await latest.run();
  }
}

interface Upkeep {
  dueAt(): number;
  run(): Promise<void>;
}

/** Brings latest events up to date while a burst lasts. */
function createUpkeep({ scope: { runtime }, project }: BurstOptions): Upkeep {
  let ranAt = runtime.now();
  return {
    dueAt: () => ranAt + PROJECT_EVERY_MS,
    async run() {
      await project();
      ranAt = runtime.now();
    },
  };
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
