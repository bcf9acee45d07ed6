/**
 * What a client is told when a task changed, as the body of a notification: the whole task, as `tasks/get` would answer it
 * now. A notification may come twice, and a task may have changed again by the time that it is read.
 */
import type { Runtime } from '../../base/runtime.ts';
import { asTidegateError } from '../../base/errors.ts';
import type { ChangeWatch } from '../../calls/changes/kept.ts';
import { taskLog } from '../../tasks/records/task-log.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import type { Attended, StandingSource } from '../sessions/standing.ts';
import { CORE_TASKS_VERSION } from '../wire/versions.ts';
import type { Header } from '../../tasks/records/header.ts';
import { type LegacyTask, legacyTask } from './legacy-view.ts';
import { type DetailedTask, detailedTask } from './view.ts';

/** 2026-07-28, on `subscriptions/listen` with `taskIds`. */
export function taskNotification(taskId: string, header: Header, now: number) {
  return {
    method: 'notifications/tasks',
    params: detailedTask(taskId, header, now),
  } satisfies Notification<DetailedTask>;
}

/** 2025-11-25, on the stream of the session, or on that of a request about the task. */
export function taskStatusNotification(taskId: string, header: Header, now: number) {
  return {
    method: 'notifications/tasks/status',
    params: legacyTask(taskId, header, now),
  } satisfies Notification<LegacyTask>;
}

interface Notification<Params> {
  method: string;
  params: Params;
}

interface StatusDeps {
  watch: ChangeWatch;
  tasks: Tasks;
  runtime: Pick<Runtime, 'now' | 'log'>;
}

/**
 * Tells the client of a session of 2025-11-25 of the tasks that were begun in it, each as it is once it changed: one call to
 * the store for each. Where too much changed at once to be told apart, nothing is told, since clients poll all the same.
 */
export function taskStatuses({ watch, tasks, runtime }: StatusDeps): StandingSource {
  async function tellOf(taskId: string, { call, tell }: Attended): Promise<void> {
    try {
      const header = await tasks.on(call.account.store).get(call.principal, taskId);
      const { method, params } = taskStatusNotification(taskId, header, runtime.now());
      tell({ jsonrpc: '2.0', method, params: { ...params } });
    } catch (thrown) {
      runtime.log('debug', `a change of a task is not told: ${asTidegateError(thrown).message}`, { taskId });
    }
  }

  return {
    attend(to) {
      const { session, call, since, signal } = to;
      if (session.version === CORE_TASKS_VERSION) {
        void watch.watch(taskLog(call.principal), {
          store: call.account.store,
          since,
          signal,
          heard({ entries }) {
            const own = entries.flatMap((entry) =>
              'task' in entry && entry.session === session.id ? [entry.task] : [],
            );
            for (const taskId of new Set(own)) void tellOf(taskId, to);
          },
        });
      }
      return { changed() {} };
    },
  };
}
