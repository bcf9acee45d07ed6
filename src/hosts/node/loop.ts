/**
 * The scheduled workers on a host that stays up. Loops call what a cron trigger calls elsewhere. Each feed has a loop of its
 * own, so that a feed that hangs delays no other. Any number of processes may run them on one store.
 */
import { asTidegateError } from '../../base/errors.ts';
import { type FeedOutcome, ingest, type IngestReport } from '../../feeds/run/run.ts';
import { sweep } from '../../feeds/run/sweep.ts';
import type { Deps } from '../../streams/deps.ts';
import { logFeed, logSweep } from '../report-log.ts';

/** Outcomes of a look at a feed that had no turn. */
const IDLE: ReadonlySet<FeedOutcome> = new Set(['waiting', 'leased', 'no-time']);

export interface LoopOptions {
  /** Longest pause between two looks at a feed that is not due, ms; default 5,000. */
  everyMs?: number;
  /** Longest turn of a feed, and longest sweep, ms; default 30,000. */
  runMs?: number;
  /** Pause between two sweeps, ms; default 60,000. */
  sweepEveryMs?: number;
  onReport?: (report: IngestReport) => void;
}

export interface Loop {
  /** Ends the bursts that are under way early; what they committed stays. Resolves when no loop works any more. */
  stop(): Promise<void>;
}

export function startLoop(deps: Deps, options: LoopOptions = {}): Loop {
  const { everyMs = 5_000, runMs = 30_000, sweepEveryMs = 60_000, onReport } = options;
  const { runtime } = deps;
  const ending = new AbortController();
  const { signal } = ending;

  /** @param work answers when it is to be called again, epoch ms; null: after the pause */
  async function repeat(name: string, pauseMs: number, work: () => Promise<number | null>): Promise<void> {
    while (!signal.aborted) {
      let next: number | null = null;
      try {
        next = await work();
      } catch (thrown) {
        const error = asTidegateError(thrown);
        runtime.log('error', `${name}: ${error.message}`, { code: error.code });
      }
      const untilNext = next === null ? pauseMs : Math.max(0, next - runtime.now());
      await runtime.sleep(Math.min(pauseMs, untilNext), signal);
    }
  }

  async function pull(feed: string): Promise<number | null> {
    const report = await ingest(deps, runtime.now() + runMs, { feeds: [feed], signal });
    for (const one of report.feeds) if (!IDLE.has(one.outcome)) logFeed(runtime.log, 'debug', one);
    onReport?.(report);
    // A burst that its budget cut short goes on at once.
    return report.nextAt;
  }

  async function keep(): Promise<null> {
    const report = await sweep(deps, runtime.now() + runMs);
    logSweep(runtime.log, 'debug', report);
    if (report.error !== null) throw report.error;
    return null;
  }

  const running = Promise.all([
    ...[...deps.app.feeds.keys()].map((feed) => repeat(`feed ${feed}`, everyMs, () => pull(feed))),
    repeat('sweep', sweepEveryMs, keep),
  ]);
  return {
    async stop() {
      ending.abort();
      await running;
    },
  };
}
