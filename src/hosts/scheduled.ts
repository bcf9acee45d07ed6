/**
 * What a cron trigger runs, on every platform. It pulls the feeds that are due, again and again while more is due and time
 * remains, and works on due tasks meanwhile. Then it works on what follows events, and sweeps the store. Each step is logged. A run that is missed, doubled or
 * overlaps another harms nothing.
 */
import { asTidegateError, type TidegateError } from '../base/errors.ts';
import { ingest } from '../feeds/run/run.ts';
import { triggerLogs } from '../triggers/alarms/logs.ts';
import { sweep, type SweepReport } from '../feeds/run/sweep.ts';
import type { WorkDeps } from '../calls/events/delivery-deps.ts';
import { runTasks, type TasksReport } from '../tasks/work/run-due.ts';
import { followAll } from '../tasks/waits/watch.ts';
import { refuseHalfRestored } from '../streams/half-restored.ts';
import { noteScheduled } from '../streams/presence.ts';
import { isLeftOfDay } from './day-budget.ts';
import { dueAfterClock } from './due-after-clock.ts';
import { hasEvents, runEventWork } from './event-work.ts';
import { logFeed, logSweep } from './log.ts';

export interface ScheduledReport {
  /** How often what was due was pulled. */
  rounds: number;
  /** Feeds stand still until the day (UTC) is over, because they asked of the store what they may. */
  paused: boolean;
  /** Appended in all rounds. */
  events: number;
  /** Names of feeds whose last burst of this run failed. */
  failed: string[];
  tasks: Pick<TasksReport, 'entered' | 'ended' | 'broken'>;
  swept: Pick<SweepReport, 'projected' | 'collected' | 'more'>;
  /** Something is left for the next run. */
  more: boolean;
  /** Why feeds, tasks or the sweep could not be worked at all, such as a store that is gone. The failure of one feed's upstream is not here. */
  error: TidegateError | null;
}

/** Time that is kept for the sweep: this share of the whole, and at most this many ms. */
const SWEEP_SHARE = 0.2;
const MOST_SWEEP_MS = 5_000;
/** The same for what follows events, where there is any. */
const EVENTS_SHARE = 0.2;
const MOST_EVENTS_MS = 10_000;
/** No further round begins with less time left than this, ms. */
const LEAST_ROUND_MS = 1_000;

/**
 * @param deadline epoch ms by which it answers. Never rejects.
 * @param feedRequestsPerDay what feeds may ask of the store in a day (UTC); null: as much as they need
 */
export async function runScheduled(
  deps: WorkDeps,
  deadline: number,
  feedRequestsPerDay: number | null = null,
): Promise<ScheduledReport> {
  const { runtime } = deps;
  const whole = Math.max(0, deadline - runtime.now());
  const eventsBy = deadline - Math.min(whole * SWEEP_SHARE, MOST_SWEEP_MS);
  const ingestBy = eventsBy - (hasEvents(deps.app) ? Math.min(whole * EVENTS_SHARE, MOST_EVENTS_MS) : 0);
  const report: ScheduledReport = {
    rounds: 0,
    paused: false,
    events: 0,
    failed: [],
    tasks: { entered: 0, ended: 0, broken: 0 },
    swept: { projected: 0, collected: 0, more: true },
    more: false,
    error: null,
  };

  report.error = await refusedStore(deps);
  if (report.error !== null) return report;
  await noteRun(deps);
  let more = false;
  const failed = new Set<string>();
  const working = workOnTasks(deps, ingestBy, report);
  try {
    report.paused = !(await isLeftOfDay(deps, feedRequestsPerDay, { storeCalls: {} }));
    for (let goesOn = !report.paused; goesOn;) {
      const { feeds, nextAt, spent } = await ingest(deps, ingestBy);
      report.rounds += 1;
      for (const feed of feeds) logFeed(runtime.log, feed.error === null ? 'info' : 'warn', feed);
      const brought = feeds.reduce((sum, { events }) => sum + events, 0);
      runtime.log('info', 'ingest', { feeds: feeds.length, events: brought, ...spent });
      report.events += brought;
      for (const { feed, error, outcome } of feeds) {
        if (error !== null) failed.add(feed);
        else if (outcome === 'pulled') failed.delete(feed);
      }
      report.failed = [...failed];
      more = nextAt !== null && nextAt <= runtime.now();
      report.paused = !(await isLeftOfDay(deps, feedRequestsPerDay, spent));
      // A feed that is always due ends the rounds by bringing nothing.
      goesOn = more && !report.paused && brought > 0 && ingestBy - runtime.now() >= LEAST_ROUND_MS;
    }
    if (report.paused) {
      more = false;
      runtime.log('warn', 'feeds stand still until 00:00 UTC: they asked of the store what they may in a day', {
        field: 'FEED_REQUESTS_PER_DAY',
        feedRequestsPerDay,
      });
    }
  } catch (thrown) {
    const error = asTidegateError(thrown);
    report.error ??= error;
    runtime.log('error', `ingest: ${error.message}`, { code: error.code });
  }

  let tasksMore = await working;
  let begun = 0;
  const events = await runEventWork({ ...deps, begun: () => void (begun += 1) }, eventsBy);
  report.error ??= events.error;
  // What waited for what was brought goes on in this run, and so does what it began, in half of what the feeds have left of it.
  const waitsBy = eventsBy + (deadline - eventsBy) / 2;
  const waits = await followAll(deps, waitsBy);
  if (waits.matched + begun > 0) tasksMore = await workOnTasks(deps, waitsBy, report);
  report.error ??= waits.error;
  let due = 0;
  const onSetBack = (by: number) => dueAfterClock(deps, by, (made) => (due = made));
  const swept = await sweep(deps, deadline, { onSetBack, logs: (of) => triggerLogs(deps.app, of) });
  const { projected, collected, error } = swept;
  report.swept = { projected, collected, more: swept.more };
  report.more = more || tasksMore || events.more || waits.more || swept.more || due > 0;
  report.error ??= error;
  logSweep(runtime.log, error === null ? 'info' : 'warn', swept);
  return report;
}

/** Stores that were found whole: nobody begins to restore one on which processes run. */
const whole = new WeakSet<WorkDeps['store']>();

/** Why nothing may be worked on; null: nothing is known against it. A store that cannot be asked is told by what is worked on. */
async function refusedStore({ store, runtime }: WorkDeps): Promise<TidegateError | null> {
  if (whole.has(store)) return null;
  try {
    await refuseHalfRestored(store, runtime);
    whole.add(store);
    return null;
  } catch (thrown) {
    const error = asTidegateError(thrown);
    if (error.code !== 'store_damaged') return null;
    runtime.log('error', `nothing is worked on: ${error.message}`, { code: error.code, hint: error.hint });
    return error;
  }
}

/** A schedule that cannot say that it was here works all the same. */
async function noteRun({ app, store, runtime }: WorkDeps): Promise<void> {
  try {
    await noteScheduled({ app, store, runtime });
  } catch (thrown) {
    const { code, message } = asTidegateError(thrown);
    runtime.log('debug', `presence: ${message}`, { code });
  }
}

/** Answers whether something was still due. */
async function workOnTasks(deps: WorkDeps, deadline: number, report: ScheduledReport): Promise<boolean> {
  try {
    const { entered, ended, broken, more } = await runTasks(deps, deadline);
    report.tasks.entered += entered;
    report.tasks.ended += ended;
    report.tasks.broken += broken;
    if (entered > 0) deps.runtime.log('info', 'tasks', report.tasks);
    return more;
  } catch (thrown) {
    const error = asTidegateError(thrown);
    report.error ??= error;
    deps.runtime.log('error', `tasks: ${error.message}`, { code: error.code });
    return true;
  }
}
