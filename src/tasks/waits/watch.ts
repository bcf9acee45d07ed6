/**
 * Follows the waits on streams in a process that stays up. A stream is followed at once when it has changed, one round at a
 * time. All streams are followed now and then, because another process may have appended events and not followed them. On hosts
 * whose processes do not stay up the schedule calls `followAll`.
 */
import { asTidegateError, type TidegateError } from '../../base/errors.ts';
import type { Deps } from '../../streams/deps.ts';
import type { Dispatch } from '../records/dispatch.ts';
import { followWaiters } from './follow.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { type LogScope, scopeOfLogs, sharedScope } from '../../streams/scope.ts';
import { type TaskRef, waiterPartition } from '../records/names.ts';
import { type DuePlace, duePlaces, workOnPlace } from '../../streams/tenant-work.ts';

/** Where something waits, it is followed again after this by whoever is called then, ms. */
const FOLLOWED_AGAIN_MS = 30_000;

export interface WatchOptions {
  /** Pause between two looks at all streams, ms; default 60,000. */
  everyMs?: number;
  /** Shortest pause between two looks at a stream on which nothing waits, however often it changes, ms; default 1,000. */
  quietMs?: number;
  /** Longest round, ms; default 30,000. */
  runMs?: number;
}

export interface WaitWatch {
  /** A hint that events were appended. Returns at once and does not throw. */
  changed: (tenant: string, stream: string) => void;
  /** A hint that something waits on a stream by now. Returns at once and does not throw. */
  waiting: (tenant: string, stream: string) => void;
  /** Resolves when what is under way has ended. */
  stop(): Promise<void>;
}

export function startWatch(deps: Deps, { wake }: Pick<Dispatch, 'wake'>, options: WatchOptions = {}): WaitWatch {
  const { everyMs = 60_000, quietMs = 1_000, runMs = 30_000 } = options;
  const { app, runtime } = deps;
  const ending = new AbortController();
  const { signal } = ending;
  /** Of each stream of each tenant, by `placeOf`. */
  const rounds = new Map<string, Promise<void>>();
  const changedAgain = new Set<string>();
  const resting = new Map<string, AbortController>();
  /** Of places that were noted and are due, until they have been followed. */
  const settles = new Map<string, DuePlace['settle']>();

  async function follow(tenant: string, name: string): Promise<void> {
    const stream = app.streams.get(name);
    if (!stream) return;
    const place = placeOf(tenant, name);
    do {
      changedAgain.delete(place);
      // What was noted to be due before this round, and not what is noted while it goes on.
      const settle = settles.get(place) ?? (async () => {});
      settles.delete(place);
      let rests = true;
      try {
        await workOnPlace(deps, { settle }, async () => {
          const report = await followWaiters(scopeOfLogs(deps, { tenant }), stream, {
            deadline: runtime.now() + runMs,
            wake: (task) => wake(task.tenant, task.taskId, null),
          });
          rests = !report.waiting || report.newer !== null;
          if (report.newer !== null) logFailure(deps, name, report.newer);
          if (!report.caughtUp) changedAgain.add(place);
          return report.waiting ? runtime.now() + everyMs / 2 : null;
        });
      } catch (thrown) {
        logFailure(deps, name, thrown);
      }
      if (rests) await rest(place);
    } while (changedAgain.has(place) && !signal.aborted);
  }

  async function rest(place: string): Promise<void> {
    const over = new AbortController();
    resting.set(place, over);
    await runtime.sleep(quietMs, AbortSignal.any([signal, over.signal]));
    resting.delete(place);
  }

  function changed(tenant: string, name: string): void {
    if (signal.aborted) return;
    const place = placeOf(tenant, name);
    if (rounds.has(place)) changedAgain.add(place);
    else
      rounds.set(
        place,
        follow(tenant, name).finally(() => rounds.delete(place)),
      );
  }

  async function lookAtAll(): Promise<void> {
    while (!signal.aborted) {
      try {
        for (const stream of app.streams.values()) {
          for (const { scope, settle } of (await waitedOn(deps, stream)).due) {
            settles.set(placeOf(scope.tenant, stream.name), settle);
            changed(scope.tenant, stream.name);
          }
        }
      } catch (thrown) {
        logFailure(deps, null, thrown);
      }
      await runtime.sleep(everyMs, signal);
    }
  }

  const looking = lookAtAll();
  return {
    changed,
    waiting(tenant, name) {
      resting.get(placeOf(tenant, name))?.abort();
    },
    async stop() {
      ending.abort();
      await looking;
      await Promise.allSettled(rounds.values());
    },
  };
}

interface FollowedAll {
  /** How many waits hold now. */
  matched: number;
  /** Whether the time was over, or something failed, before all was followed. */
  more: boolean;
  /** What failed first; the rest was done all the same. */
  error: TidegateError | null;
}

/** Follows the waits on all streams once. @param deadline epoch ms */
export async function followAll(deps: Deps, deadline: number): Promise<FollowedAll> {
  const report: FollowedAll = { matched: 0, more: false, error: null };
  const fail = (stream: string | null, thrown: unknown) => {
    report.error ??= logFailure(deps, stream, thrown);
    report.more = true;
  };
  try {
    for (const stream of deps.app.streams.values()) {
      const { due, more } = await waitedOn(deps, stream);
      report.more ||= more;
      for (const { scope, settle } of due) {
        if (deps.runtime.now() >= deadline) return { ...report, more: true };
        try {
          await workOnPlace(deps, { settle }, async () => {
            const { waiting, matched, caughtUp, newer } = await followWaiters(scope, stream, { deadline });
            report.matched += matched;
            report.more ||= !caughtUp;
            if (newer !== null) fail(stream.name, newer);
            return waiting ? deps.runtime.now() + FOLLOWED_AGAIN_MS : null;
          });
        } catch (thrown) {
          fail(stream.name, thrown);
        }
      }
    }
  } catch (thrown) {
    fail(null, thrown);
  }
  return report;
}

/**
 * Follows the waits on the streams that have changed, as somebody said. What fails is logged, and found by `followAll`.
 * @param deadline epoch ms
 * @param wake is called for each task whose wait is over
 */
export async function followChanged(
  deps: Deps,
  places: readonly { tenant: string; stream: string }[],
  deadline: number,
  wake: (task: TaskRef) => void,
): Promise<void> {
  for (const { tenant, stream: name } of places) {
    const stream = deps.app.streams.get(name);
    if (!stream || deps.runtime.now() >= deadline) continue;
    try {
      const { newer } = await followWaiters(scopeOfLogs(deps, { tenant }), stream, { deadline, wake });
      if (newer !== null) logFailure(deps, name, newer);
    } catch (thrown) {
      logFailure(deps, name, thrown);
    }
  }
}

/** Whether anything waits on a log. One list call. */
export async function hasWaiters({ store, runtime, tenant }: LogScope, stream: string): Promise<boolean> {
  const page = await store.list(waiterPartition(tenant, stream), { now: runtime.now(), limit: 1 });
  return page.records.length > 0 || page.next !== null;
}

/** Where something may wait on a stream: in one place where it is shared, else where a tenant is noted to wait. */
async function waitedOn(deps: Deps, stream: DeclaredStream): Promise<{ due: DuePlace[]; more: boolean }> {
  if (stream.tenants === 'each') return duePlaces(deps, `waits/${stream.name}`);
  return { due: [{ scope: sharedScope(deps), settle: async () => {} }], more: false };
}

function placeOf(tenant: string, stream: string): string {
  return `${tenant} ${stream}`;
}

function logFailure({ runtime }: Deps, stream: string | null, thrown: unknown): TidegateError {
  const error = asTidegateError(thrown);
  runtime.log('warn', 'waits on a stream are behind its log', { stream, code: error.code, message: error.message });
  return error;
}
