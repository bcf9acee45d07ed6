/**
 * The work that follows events, in its order: triggers are judged; then whatever follows logs of events and of occurrences, such
 * as alarms, tasks that occurrences begin, and deliveries. None of it runs inside the commit that caused it: each has a position
 * of its own in the logs that it reads. What follows is one line in `createEventWorkers`.
 *
 * A host that is called by a schedule runs all of it (`runEventWork`), one that is called by a queue what a message names, and a
 * process that stays up each of it on its own, when it is told that something has changed (`startEventWork`).
 */
import { asTidegateError, type TidegateError } from '../base/errors.ts';
import type { App } from '../declare/app.ts';
import type { WorkDeps } from '../calls/events/delivery-deps.ts';
import { createDeliveryWork } from '../deliveries/work/run-deliveries.ts';
import { deliveryDeps, hasDeliveries } from '../calls/events/delivery-deps.ts';
import { removeFromAlarms } from '../triggers/alarms/remove.ts';
import { createAlarmWork } from '../triggers/alarms/work.ts';
import type { TaskDeps } from '../tasks/records/find-task.ts';
import { createTask } from '../tasks/work/create.ts';
import { type BeginReaction, createReactionWork } from '../triggers/reactions.ts';
import { type ChangedPlace, createTriggerWork } from '../triggers/run.ts';

interface EventRun {
  /** When there is something to do if nothing changes, epoch ms; null: there is nothing. */
  dueAt: number | null;
  /** Something is left to do at once. */
  more: boolean;
  error: TidegateError | null;
}

/** Work that follows logs. A run that is missed, doubled or overlaps another harms nothing. */
interface EventWorker {
  /** For the log. */
  name: string;
  /** Whether a change of this log concerns it: the name of a stream, or `trigger.<name>`. */
  concerns(stream: string): boolean;
  /**
   * Never rejects, or with what it cannot do anything about.
   * @param deadline epoch ms
   * @param places what has changed; null: all is looked at
   */
  run(deadline: number, places: readonly ChangedPlace[] | null): Promise<EventRun>;
  /** Resolves when what it began beside its runs has ended. Absent: it begins nothing beside them. */
  stop?(): Promise<void>;
}

/** All workers that the app has something for, in the order in which one makes work for the next. */
export function createEventWorkers(deps: WorkDeps, { stays = false }: { stays?: boolean } = {}): EventWorker[] {
  return [
    ...(hasEvents(deps.app) ? triggerWorkers(deps) : []),
    ...(hasDeliveries(deps) ? [deliveryWorker(deps, stays)] : []),
  ];
}

function triggerWorkers(deps: WorkDeps): EventWorker[] {
  const behind = [
    { name: 'alarms', ...createAlarmWork(deps) },
    { name: 'reactions', ...createReactionWork(deps, beginReaction(deps)) },
  ];
  const follows = behind.map((one) => (tenant: string, deadline: number) => one.behind(tenant, deadline));
  return [{ name: 'triggers', ...createTriggerWork(deps, follows, removeFromAlarms) }, ...behind];
}

/** Calls with the same occurrence are the same, whatever `input` makes of it then. */
function beginReaction(deps: TaskDeps): BeginReaction {
  return async (principal, { once, ...asked }) => {
    const { taskId } = await createTask(deps, { principal, ...asked, once, calledWith: once, leaseMs: null });
    deps.begun?.(principal.tenant, taskId);
  };
}

function deliveryWorker(deps: WorkDeps, stays: boolean): EventWorker {
  const work = createDeliveryWork(deliveryDeps(deps), { stays });
  return {
    name: 'deliveries',
    ...work,
    run: async (deadline, places) => ({ ...(await work.run(deadline, places)), error: null }),
  };
}

/** Whether there is any such work. */
export function hasEvents({ triggers }: Pick<App, 'triggers'>): boolean {
  return triggers.size > 0;
}

/**
 * Runs all of it once, each after the other. Never rejects.
 * @param deadline epoch ms
 * @param places what has changed, where a queue said so; null: all is looked at
 */
export async function runEventWork(
  deps: WorkDeps,
  deadline: number,
  places: readonly ChangedPlace[] | null = null,
): Promise<EventRun> {
  const report: EventRun = { dueAt: null, more: false, error: null };
  /** What triggers append in this run is a change for those behind them. */
  const changed: ChangedPlace[] = [];
  const { changed: tell } = deps;
  const telling: WorkDeps = {
    ...deps,
    changed(tenant, stream) {
      changed.push({ tenant, stream });
      tell?.(tenant, stream);
    },
  };
  for (const worker of createEventWorkers(telling)) {
    if (deps.runtime.now() >= deadline) return { ...report, more: true };
    const own = places && [...places, ...changed].filter(({ stream }) => worker.concerns(stream));
    if (own?.length === 0) continue;
    const { dueAt, more, error } = await tryRun(deps, worker, deadline, own);
    if (dueAt !== null && (report.dueAt === null || dueAt < report.dueAt)) report.dueAt = dueAt;
    report.more ||= more;
    report.error ??= error;
  }
  return report;
}

async function tryRun(
  { runtime }: WorkDeps,
  worker: EventWorker,
  deadline: number,
  places: readonly ChangedPlace[] | null,
): Promise<EventRun> {
  try {
    return await worker.run(deadline, places);
  } catch (thrown) {
    const error = asTidegateError(thrown);
    runtime.log('error', `${worker.name}: ${error.message}`, { code: error.code });
    return { dueAt: null, more: true, error };
  }
}

interface EventWorkOptions {
  /** Pause between two looks at all, ms; default 10,000. What this process appends is looked at as soon as it is told. */
  everyMs?: number;
  /** Shortest pause between two runs of a worker, ms; default 100. */
  pauseMs?: number;
  /** Longest run, ms; default 30,000. */
  runMs?: number;
}

export interface EventWork {
  /** A hint that something was appended. Returns at once and does not throw. */
  changed: (tenant: string, stream: string) => void;
  /** Resolves when what is under way has ended. */
  stop(): Promise<void>;
}

/** @param deps whose `changed` comes back here, so that each worker hears of what the others append */
export function startEventWork(deps: WorkDeps, options: EventWorkOptions = {}): EventWork {
  const ending = new AbortController();
  const workers = createEventWorkers(deps, { stays: true });
  const loops = workers.map((worker) => startWorker(deps, worker, ending.signal, options));
  return {
    changed(tenant, stream) {
      for (const loop of loops) loop.changed(tenant, stream);
    },
    async stop() {
      ending.abort();
      await Promise.all(loops.map(({ ended }) => ended));
      await Promise.all(workers.map(async (worker) => worker.stop?.()));
    },
  };
}

/** After a run that failed the next one waits so long, ms. */
const FAILED_MS = 1_000;
/** More places than this are all places. */
const MOST_PLACES = 1_000;

function startWorker(
  deps: WorkDeps,
  worker: EventWorker,
  signal: AbortSignal,
  { everyMs = 10_000, pauseMs = 100, runMs = 30_000 }: EventWorkOptions,
): { changed: EventWork['changed']; ended: Promise<void> } {
  const { runtime } = deps;
  let bell = new AbortController();
  const ring = () => bell.abort();
  signal.addEventListener('abort', ring);
  const places = new Map<string, ChangedPlace>();

  async function loop(): Promise<void> {
    let allAt = runtime.now();
    let isAll = false;
    while (!signal.aborted) {
      const now = runtime.now();
      const isFull = places.size > MOST_PLACES;
      // Where more and more is due, what has changed has its turns between.
      isAll = isFull || (now >= allAt && !(isAll && places.size > 0));
      const own = isAll ? null : [...places.values()];
      // A look at all may leave out what is not due, so what has changed is looked at after it.
      if (!isAll || isFull) places.clear();
      if (isAll) allAt = now + everyMs;
      const { dueAt, more, error } = await tryRun(deps, worker, now + runMs, own);
      if (error === null && (dueAt !== null || more)) allAt = Math.min(allAt, more ? now : (dueAt ?? now));
      await runtime.sleep(error === null ? pauseMs : FAILED_MS, signal);
      if (places.size === 0 && !signal.aborted) {
        bell = new AbortController();
        await runtime.sleep(Math.min(everyMs, Math.max(0, allAt - runtime.now())), bell.signal);
      }
    }
    signal.removeEventListener('abort', ring);
  }

  return {
    changed(tenant, stream) {
      if (signal.aborted || !worker.concerns(stream)) return;
      places.set(`${tenant} ${stream}`, { tenant, stream });
      ring();
    },
    ended: loop(),
  };
}
