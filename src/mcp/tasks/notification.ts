/**
 * What a client of 2025-11-25 is told when a task changed, as the body of a notification: the whole task, as `tasks/get` would
 * answer it now. `mcp/listen` tells clients of 2026-07-28. A notification may come twice, and a task may have changed again by the time that it is read.
 */
import type { Runtime } from '../../base/runtime.ts';
import { asTidegateError } from '../../base/errors.ts';
import type { ChangeWatch, KeptEntry } from '../../calls/changes/kept.ts';
import type { LogNews } from '../../store/watch/listener.ts';
import { taskLog } from '../../tasks/records/task-log.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import type { StandingSource } from '../sessions/standing.ts';
import { CORE_TASKS_VERSION } from '../wire/versions.ts';
import type { Header } from '../../tasks/records/header.ts';
import { type LegacyTask, legacyTask } from './legacy-view.ts';

/** 2025-11-25, on the stream of the session, or on that of a request about the task. */
export function taskStatusNotification(taskId: string, header: Header, now: number) {
  return {
    method: 'notifications/tasks/status',
    params: legacyTask(taskId, header, now),
  } satisfies { method: string; params: LegacyTask };
}

interface StatusDeps {
  watch: ChangeWatch;
  tasks: Tasks;
  runtime: Pick<Runtime, 'now' | 'log'>;
}

/** Where too much changed at once to be told apart, so many of the caller's newest tasks are told as they are. */
const MOST_TOLD = 100;

/**
 * Tells the client of a session of 2025-11-25 of the tasks that were begun in it, each as it is once it changed: one call to
 * the store for each. One is told after the other, because a state that was read earlier must not be told later.
 */
export function taskStatuses({ watch, tasks, runtime }: StatusDeps): StandingSource {
  /** False: the store did not answer, so that it has to be done again. */
  async function isDone(work: () => Promise<void>): Promise<boolean> {
    try {
      await work();
      return true;
    } catch (thrown) {
      const { code, message } = asTidegateError(thrown);
      runtime.log('debug', `a change of a task is not told: ${message}`, { code });
      return code !== 'store_unavailable';
    }
  }

  return {
    attend({ session, call, since, signal, reads, tell }) {
      const { principal } = call;
      const kept = tasks.on(call.account.store);
      const changed = new Set<string>();
      let anyChanged = false;
      let isTelling = false;
      /** What the store did not answer for. */
      const late = new Set<string>();
      let isAllLate = false;

      function tellOf(taskId: string, header: Header): void {
        const { method, params } = taskStatusNotification(taskId, header, runtime.now());
        void tell({ jsonrpc: '2.0', method, params: { ...params } });
      }

      async function tellAll(): Promise<void> {
        reads.left -= 1;
        const found = await kept.list(principal, { limit: MOST_TOLD });
        for (const { taskId, header } of found.tasks) if (header.session === session.id) tellOf(taskId, header);
      }

      async function tellChanged(): Promise<void> {
        if (isTelling) return;
        isTelling = true;
        while (!signal.aborted && (anyChanged || changed.size > 0)) {
          if (anyChanged) {
            anyChanged = false;
            isAllLate ||= !(await isDone(tellAll));
          }
          for (const taskId of changed) {
            changed.delete(taskId);
            reads.left -= 1;
            if (!(await isDone(async () => tellOf(taskId, await kept.get(principal, taskId))))) late.add(taskId);
          }
        }
        isTelling = false;
      }

      function heard({ entries, missed }: LogNews<KeptEntry>): void {
        anyChanged ||= missed;
        for (const entry of entries) if ('task' in entry && entry.session === session.id) changed.add(entry.task);
        void tellChanged();
      }

      if (session.version === CORE_TASKS_VERSION) {
        void watch.watch(taskLog(principal), { store: call.account.store, since, signal, reads, heard });
      }
      return {
        // The session was read, so the store answers.
        changed() {
          anyChanged ||= isAllLate;
          isAllLate = false;
          for (const taskId of late) changed.add(taskId);
          late.clear();
          void tellChanged();
        },
      };
    },
  };
}
