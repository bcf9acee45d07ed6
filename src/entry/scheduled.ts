/**
 * What a cron trigger runs, on every platform: what is due is ingested, as often as more is due and time remains, then
 * the store is swept. Each step is logged. A run that is missed, doubled or overlaps harms nothing.
 */
import { asTidegateError, type TidegateError } from '../core/errors.ts';
import { ingest } from '../ingest/run.ts';
import { sweep, type SweepReport } from '../ingest/sweep.ts';
import type { Deps } from '../streams/deps.ts';
import { tellFeed, tellSweep } from './told.ts';

export interface ScheduledReport {
  /** How often what was due was pulled. */
  rounds: number;
  /** Appended in all rounds. */
  events: number;
  /** Names of feeds whose last burst failed. */
  failed: string[];
  swept: Pick<SweepReport, 'projected' | 'collected' | 'more'>;
  /** Something is left for the next run. */
  more: boolean;
  /** What kept feeds or the sweep from being worked at all, such as a store that is gone; not what befell one feed's upstream. */
  error: TidegateError | null;
}

/** Time that is kept for the sweep: this part of the whole, and at most so much. */
const SWEEP_SHARE = 0.2;
const MOST_SWEEP_MS = 5_000;
/** With less than this left no further round begins, ms. */
const LEAST_ROUND_MS = 1_000;

/** @param deadline epoch ms by which it answers. Never rejects. */
export async function runScheduled(deps: Deps, deadline: number): Promise<ScheduledReport> {
  const { runtime } = deps;
  const whole = Math.max(0, deadline - runtime.now());
  const ingestBy = deadline - Math.min(whole * SWEEP_SHARE, MOST_SWEEP_MS);
  const report: ScheduledReport = {
    rounds: 0,
    events: 0,
    failed: [],
    swept: { projected: 0, collected: 0, more: true },
    more: false,
    error: null,
  };

  try {
    for (let goesOn = true; goesOn;) {
      const { feeds, nextAt, spent } = await ingest(deps, ingestBy);
      report.rounds += 1;
      for (const feed of feeds) tellFeed(runtime.log, feed.error === null ? 'info' : 'warn', feed);
      const brought = feeds.reduce((sum, { events }) => sum + events, 0);
      runtime.log('info', 'ingest', { feeds: feeds.length, events: brought, ...spent });
      report.events += brought;
      report.failed = feeds.filter(({ error }) => error !== null).map(({ feed }) => feed);
      report.more = nextAt !== null && nextAt <= runtime.now();
      // A feed that is always due ends the rounds by bringing nothing.
      goesOn = report.more && brought > 0 && ingestBy - runtime.now() >= LEAST_ROUND_MS;
    }
  } catch (thrown) {
    report.error = asTidegateError(thrown);
    runtime.log('error', `ingest: ${report.error.message}`, { code: report.error.code });
  }

  const swept = await sweep(deps, deadline);
  const { projected, collected, more, error } = swept;
  report.swept = { projected, collected, more };
  report.more ||= more;
  report.error ??= error;
  tellSweep(runtime.log, error === null ? 'info' : 'warn', swept);
  return report;
}
