/**
 * What a cron trigger runs, on every platform: what is due is ingested, as often as more is due and time remains, then
 * the store is swept. Each step is logged. A run that is missed, doubled or overlaps harms nothing.
 */
import { asTidegateError, type TidegateError } from '../core/errors.ts';
import type { Log } from '../core/runtime.ts';
import { ingest, type FeedReport } from '../ingest/run.ts';
import { sweep, type SweepReport } from '../ingest/sweep.ts';
import type { Deps } from '../streams/deps.ts';

export interface ScheduledReport {
  /** How often what was due was pulled. */
  rounds: number;
  /** Appended in all rounds. */
  events: number;
  /** Names of feeds whose last burst of this run failed. */
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

  const failed = new Set<string>();
  try {
    for (let goesOn = true; goesOn;) {
      const { feeds, nextAt } = await ingest(deps, ingestBy);
      report.rounds += 1;
      const brought = tell(feeds, runtime.log);
      report.events += brought;
      for (const { feed, error, outcome } of feeds) {
        if (error !== null) failed.add(feed);
        else if (outcome === 'pulled') failed.delete(feed);
      }
      report.failed = [...failed];
      report.more = nextAt !== null && nextAt <= runtime.now();
      // A feed that is always due ends the rounds by bringing nothing.
      goesOn = report.more && brought > 0 && ingestBy - runtime.now() >= LEAST_ROUND_MS;
    }
  } catch (thrown) {
    report.error = asTidegateError(thrown);
    runtime.log('error', `ingest: ${report.error.message}`, { code: report.error.code });
  }

  const { projected, collected, more, error } = await sweep(deps, deadline);
  report.swept = { projected, collected, more };
  report.more ||= more;
  report.error ??= error;
  const fields = { projected, collected, more, error: error?.message ?? null };
  runtime.log(error === null ? 'info' : 'warn', 'sweep', fields);
  return report;
}

/** Logs what each feed did, and answers how many events came. */
function tell(feeds: readonly FeedReport[], log: Log): number {
  let brought = 0;
  for (const { feed, outcome, state, events, error } of feeds) {
    brought += events;
    const fields = { outcome, state, events, error: error?.message ?? null };
    log(error === null ? 'info' : 'warn', `feed ${feed}`, fields);
  }
  return brought;
}
