/**
 * The workers of a process that stays up: one works on tasks that begin or come due, one wakes what waits on streams when these
 * change, and others follow events. They reach each other by hints alone.
 */
import type { Deps } from '../../streams/deps.ts';
import type { Dispatch } from '../../tasks/records/dispatch.ts';
import type { TaskDeps } from '../../tasks/records/find-task.ts';
import { startRunner } from '../../tasks/work/runner.ts';
import { startWatch, type WaitWatch } from '../../tasks/waits/watch.ts';
import { type EventWork, startEventWork } from '../event-work.ts';
import type { WorkDeps } from '../../calls/events/delivery-deps.ts';
import { withTasks } from '../task-deps.ts';

export interface TaskWorkers {
  /** Appending to a stream and beginning a task with these wakes the workers at once. */
  deps: TaskDeps;
  dispatch: Dispatch;
  /** Asks the turns that are under way to end, and resolves when they have. */
  stop(): Promise<void>;
}

export function startTaskWorkers(given: Deps & Pick<WorkDeps, 'secrets'>): TaskWorkers {
  let watch: WaitWatch | null = null;
  let events: EventWork | null = null;
  function changed(tenant: string, stream: string): void {
    watch?.changed(tenant, stream);
    events?.changed(tenant, stream);
  }
  const deps: WorkDeps = {
    ...withTasks({ ...given, changed }),
    waiting: (tenant, stream) => watch?.waiting(tenant, stream),
  };
  const runner = startRunner(deps);
  watch = startWatch(deps, runner.dispatch);
  events = startEventWork(deps);
  const [watching, following] = [watch, events];
  return {
    deps,
    dispatch: runner.dispatch,
    async stop() {
      await Promise.all([following.stop(), watching.stop(), runner.stop()]);
    },
  };
}
