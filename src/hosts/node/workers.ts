/**
 * What works in a process that stays: tasks as they are begun and come due, and what waits on streams as these change. Each
 * hears of the other by hints alone.
 */
import type { Deps } from '../../streams/deps.ts';
import type { Dispatch } from '../../tasks/records/dispatch.ts';
import type { TaskDeps } from '../../tasks/records/find-task.ts';
import { startRunner } from '../../tasks/work/runner.ts';
import { startWatch, type WaitWatch } from '../../tasks/waits/watch.ts';
import { withTasks } from '../task-deps.ts';

export interface TaskWorkers {
  /** Whoever appends or begins with these is heard at once. */
  deps: TaskDeps;
  dispatch: Dispatch;
  /** Tells what is under way to leave, and resolves when it has. */
  stop(): Promise<void>;
}

export function startTaskWorkers(given: Deps): TaskWorkers {
  let watch: WaitWatch | null = null;
  const deps: TaskDeps = {
    ...withTasks({ ...given, changed: (tenant, stream) => watch?.changed(tenant, stream) }),
    waiting: (tenant, stream) => watch?.waiting(tenant, stream),
  };
  const runner = startRunner(deps);
  watch = startWatch(deps, runner.dispatch);
  const watching = watch;
  return {
    deps,
    dispatch: runner.dispatch,
    async stop() {
      await Promise.all([watching.stop(), runner.stop()]);
    },
  };
}
