/** The log lines of bursts and sweeps: what became of them, and what they cost the store. */
import type { Log, LogLevel } from '../base/runtime.ts';
import type { FeedReport } from '../feeds/run/run.ts';
import type { SweepReport } from '../feeds/run/sweep.ts';

export function logFeed(log: Log, level: LogLevel, report: FeedReport): void {
  const { feed, outcome, state, events, error, spent } = report;
  log(level, `feed ${feed}`, { outcome, state, events, error: error?.message ?? null, ...spent });
}

export function logSweep(log: Log, level: LogLevel, report: SweepReport): void {
  const { projected, collected, more, error, spent } = report;
  log(level, 'sweep', { projected, collected, more, error: error?.message ?? null, ...spent });
}
