/**
 * `tidegate/schedule`: what a schedule of one's own calls, where neither the Worker, nor Lambda, nor `tidegate start` does.
 * Beside the declarations of `tidegate`, so that who only declares an app loads none of it.
 */
export type { FeedOutcome, FeedReport, IngestOptions, IngestReport } from './feeds/run/run.ts';
export { ingest } from './feeds/run/run.ts';
export type { SweepOptions, SweepReport } from './feeds/run/sweep.ts';
export { sweep } from './feeds/run/sweep.ts';
export type { Deps } from './streams/deps.ts';
