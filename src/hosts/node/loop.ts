/**
 * The scheduled workers on a host that stays up. Loops call what a cron trigger calls elsewhere. Each feed has a loop of its
 * own, so that a feed that hangs delays no other. A feed that listens keeps its connection for as long as the loop runs and
 * its lease is held. Any number of processes may run them on one store.
 */
import { asTidegateError } from '../../base/errors.ts';
import { createHolding } from './holding.ts';
import { type FeedOutcome, type FeedReport, ingest, type IngestReport } from '../../feeds/run/run.ts';
import { triggerLogs } from '../../triggers/alarms/logs.ts';
import { sweep } from '../../feeds/run/sweep.ts';
import type { Deps } from '../../streams/deps.ts';
import { dueAfterClock } from '../due-after-clock.ts';
import { logFeed, logSweep } from '../log.ts';

/** Outcomes of a look at a feed that had no turn. */
const IDLE: ReadonlySet<FeedOutcome> = new Set(['waiting', 'leased', 'no-time', 'held', 'paused']);

export interface LoopOptions {
  /** Longest pause between two looks at a feed that is not due, ms; default 5,000. */
  everyMs?: number;
  /** Longest turn of a feed, and longest sweep, ms; default 30,000. */
  runMs?: number;
  /** Pause between two sweeps, ms; default 60,000. */
  sweepEveryMs?: number;
  /**
   * How long a feed's lease lasts without a commit, ms; default 30,000. Another process takes a feed over within this time
   * after the one that held it died. Give less only if all who share the store share a clock.
   */
  leaseMs?: number;
  /** Called after each look at a feed; and for a connection that is held, with its first events, now and then, and at its end. What it throws is logged, and ends nothing. */
  onReport?: (report: IngestReport) => void;
}

export interface Loop {
  /** Ends the bursts that are under way early; what they committed stays. Resolves when no loop works any more. */
  stop(): Promise<void>;
}

export function startLoop(deps: Deps, options: LoopOptions = {}): Loop {
  const { everyMs = 5_000, runMs = 30_000, sweepEveryMs = 60_000, leaseMs, onReport } = options;
  const { runtime } = deps;
  const ending = new AbortController();
  const { signal } = ending;

  /**
   * @param work answers when it is to be called again, epoch ms; null: after the pause
   * @param bell whoever rings it ends the pause
   */
  async function repeat(
    name: string,
    pauseMs: number,
    work: () => Promise<number | null>,
    bell = createBell(runtime),
  ): Promise<void> {
    const ring = () => bell.ring();
    signal.addEventListener('abort', ring);
    while (!signal.aborted) {
      let next: number | null = null;
      try {
        next = await work();
      } catch (thrown) {
        const error = asTidegateError(thrown);
        runtime.log('error', `${name}: ${error.message}`, { code: error.code });
      }
      const untilNext = next === null ? pauseMs : Math.max(0, next - runtime.now());
      if (!signal.aborted) await bell.wait(Math.min(pauseMs, untilNext));
    }
    signal.removeEventListener('abort', ring);
  }

  async function pull(feed: string): Promise<void> {
    const bell = createBell(runtime);
    const runs = createHolding(() => bell.ring());
    const told = (one: FeedReport) => {
      if (!IDLE.has(one.outcome) || one.events > 0) logFeed(runtime.log, 'debug', one);
    };
    const report = (ingested: IngestReport) => {
      for (const one of ingested.feeds) told(one);
      try {
        onReport?.(ingested);
      } catch (thrown) {
        // A feed does not end because the app cannot take what is told of it.
        runtime.log('error', `onReport for feed ${feed}: ${asTidegateError(thrown).message}`, { code: 'internal' });
      }
    };
    const onEnd = (one: FeedReport) => report({ feeds: [one], nextAt: one.nextAt, spent: one.spent });
    const lease = leaseMs === undefined ? {} : { leaseMs };
    const look = async () => {
      const ingested = await ingest(deps, runtime.now() + runMs, {
        feeds: [feed],
        signal,
        hold: { runs, onReport: onEnd },
        ...lease,
      });
      report(ingested);
      // A burst that its budget cut short goes on at once.
      return ingested.nextAt;
    };
    await repeat(`feed ${feed}`, everyMs, look, bell);
    await runs.ended();
  }

  async function keep(): Promise<null> {
    const onSetBack = (by: number) => dueAfterClock(deps, by);
    const report = await sweep(deps, runtime.now() + runMs, {
      onSetBack,
      signal,
      logs: (of) => triggerLogs(deps.app, of),
    });
    logSweep(runtime.log, 'debug', report);
    if (report.error !== null) throw report.error;
    return null;
  }

  const running = Promise.all([...[...deps.app.feeds.keys()].map(pull), repeat('sweep', sweepEveryMs, keep)]);
  return {
    async stop() {
      ending.abort();
      await running;
    },
  };
}

/** A pause that can be ended from elsewhere. Who rings while nobody waits ends the next pause. */
function createBell({ sleep }: Pick<Deps['runtime'], 'sleep'>) {
  let rung = new AbortController();
  return {
    ring: () => rung.abort(),
    async wait(ms: number): Promise<void> {
      await sleep(ms, rung.signal);
      rung = new AbortController();
    },
  };
}
