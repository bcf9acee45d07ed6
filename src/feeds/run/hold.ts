/**
 * What is different where a feed holds its connection: the feed's condition is judged with each commit, because no end of
 * the burst does it; commits come one after another and wait for a store that is gone for a moment; and nothing is dialled
 * under a lease that ran out. It does not decide when the burst ends.
 */
import { asTidegateError, type ErrorCode, TidegateError } from '../../base/errors.ts';
import { backoff } from '../../base/backoff.ts';
import { isToCome, LONGEST_LEASE_MS } from '../../base/time/stored-time.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { BurstContext, Hold } from '../../declare/feed.ts';
import { PROVEN_MS, STEADY_MS } from '../kit/connections.ts';
import type { Intake } from './intake.ts';
import type { Lease } from './lease.ts';
import type { FeedState } from '../records/state.ts';
import { rejectedOf } from '../records/rejected.ts';

/** With these codes the store may be well again in a moment: the feed stands still meanwhile. */
const GONE: ReadonlySet<ErrorCode> = new Set(['store_unavailable', 'store_full']);
const PAUSES = { firstMs: 50, mostMs: 2_000 };

export interface HeldBurst {
  /** For the feed. */
  hold: Hold;
  /** The lease, each commit of which also says how the feed is. */
  lease: Lease;
  /** Passes dials on once it is sure that the lease is held. */
  guard<Name extends 'fetch' | 'webSocket'>(dial: BurstContext[Name]): BurstContext[Name];
  guard(dial: BurstContext['connect']): BurstContext['connect'];
}

interface Options {
  runtime: Runtime;
  lease: Lease;
  intake: Intake;
  /** Epoch ms by which a commit that begins now has to end. */
  commitBy: () => number;
  /** Called when a dial found that the lease is lost. */
  onLost: () => void;
}

export function holdBurst({ runtime, lease, intake, commitBy, onLost }: Options): HeldBurst {
  let standsSince: number | null = null;
  let hasStood = false;
  let seen = 0;
  /** What was delivered before the connection that stands. */
  let seenBefore = 0;
  let hasAnswered = false;
  let tail: Promise<unknown> = Promise.resolve();

  function condition(): Partial<FeedState> {
    const now = runtime.now();
    const rejected = rejectedOf(intake.counts, intake.rejection(), lease.state().rejected, now);
    const delivered = intake.delivered();
    const stoodMs = standsSince === null ? 0 : now - standsSince;
    // What came says nothing of connections that break one after another. Behind a failure the connection has to last too.
    const isProven = stoodMs >= PROVEN_MS && delivered > seenBefore;
    const mayTell = !hasStood || lease.state().failures === 0;
    const isWell = (mayTell && delivered > seen) || isProven || hasAnswered || stoodMs >= STEADY_MS;
    seen = delivered;
    hasAnswered = false;
    return isWell ? { failures: 0, lastError: null, rejected, lastSuccessAt: now, nextAt: now } : { rejected };
  }

  /** A store that is gone for a moment does not cost the connection: the feed stands still meanwhile. */
  const commit: Lease['commit'] = async (operations, until) => {
    lease.change(condition());
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await lease.commit(operations, until);
      } catch (thrown) {
        const pause = backoff(PAUSES, attempt, runtime.random());
        const isGone = GONE.has(asTidegateError(thrown).code);
        if (!isGone || runtime.now() + pause >= until) throw thrown;
        await runtime.sleep(pause);
      }
    }
  };

  const inTurn: Lease['commit'] = (operations, until) => {
    const mine = tail.then(() => commit(operations, until));
    tail = mine.catch(() => {});
    return mine;
  };

  /** A process that stood still may wake after its lease ran out, and another may hold the connection by then. */
  async function sure(): Promise<void> {
    if (isToCome(lease.until(), runtime.now(), LONGEST_LEASE_MS)) return;
    if ((await inTurn([], commitBy())) !== 'lost') return;
    onLost();
    throw new TidegateError('cancelled', 'another process holds the feed');
  }

  function guard(dial: ((...given: never[]) => Promise<unknown>) | null) {
    return dial && (async (...given: never[]) => sure().then(() => dial(...given)));
  }

  return {
    hold: {
      standing(stands) {
        hasStood ||= stands;
        if (stands && standsSince === null) seenBefore = intake.delivered();
        standsSince = stands ? (standsSince ?? runtime.now()) : null;
      },
      answered() {
        hasAnswered = true;
      },
      fitted() {
        const { events, duplicates, thinned } = intake.total();
        return events + duplicates + thinned;
      },
    },
    lease: { ...lease, commit: inTurn },
    guard: guard as HeldBurst['guard'],
  };
}
