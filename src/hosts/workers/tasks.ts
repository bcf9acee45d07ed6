/**
 * Who works on tasks on Cloudflare Workers: a queue where one is bound as `TASKS`, else the invocation that began or
 * answered the task, for as long as the platform lets it go on; a few at a time, since they share an isolate. What either loses
 * or leaves, the cron trigger finds.
 */
import { waitUntil } from 'cloudflare:workers';
import type { Dispatch } from '../../tasks/records/dispatch.ts';
import type { TaskDeps } from '../../tasks/records/find-task.ts';
import { workOnTask } from '../../tasks/work/work-on-task.ts';
import { TASK_LEASE_MS } from '../../tasks/work/run-due.ts';
import type { TaskQueue } from '../queue.ts';
import { orLogged, wakeThrough } from '../queues/wake.ts';
import { scopeOf } from '../../streams/scope.ts';

/** How long an invocation goes on after its answer; the platform ends it at 30 s. */
const BACKGROUND_MS = 25_000;
const ENDED_MS = 30_000;
/** Tasks that invocations of one isolate work on behind their answers. Others wait for the cron trigger. */
const MOST_BEHIND = 8;

/** Work goes on behind the answer of the invocation. It does not reject. */
export function goOnBehind(work: Promise<unknown>): void {
  waitUntil(work);
}

/** The queue that is bound as `TASKS`; null where none is. */
export function taskQueueOf({ TASKS }: Record<string, unknown>): TaskQueue | null {
  return typeof TASKS === 'object' && TASKS !== null && 'send' in TASKS ? (TASKS as TaskQueue) : null;
}

export function dispatchThrough(deps: TaskDeps, queue: TaskQueue | null): Dispatch {
  const { runtime } = deps;
  if (queue !== null) return wakeThrough(runtime, queue, goOnBehind);
  /** When the work on each began, epoch ms. An invocation that the platform ends takes nothing out again. */
  const behind = new Map<symbol, number>();
  function isFull(): boolean {
    for (const [work, begunAt] of behind) if (runtime.now() - begunAt > ENDED_MS) behind.delete(work);
    return behind.size >= MOST_BEHIND;
  }
  return {
    leaseMs: () => (isFull() ? null : TASK_LEASE_MS),
    wake(tenant, taskId, claim) {
      // A task that is claimed here is nobody else's, so it is worked on in any case.
      if (claim === null && isFull()) return;
      const one = Symbol(taskId);
      behind.set(one, runtime.now());
      const work = workOnTask(scopeOf(deps, { tenant }), taskId, claim, runtime.now() + BACKGROUND_MS);
      goOnBehind(
        orLogged(
          runtime,
          taskId,
          work.finally(() => behind.delete(one)),
        ),
      );
    },
  };
}
