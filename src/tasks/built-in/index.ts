/** The tasks that an app has without a line of its own. */
import type { Task } from '../../core/declaration/task.ts';
import type { Deps } from '../../streams/deps.ts';
import { waitForTask } from './wait-for.ts';

/** By name; none for an app without streams. */
export function builtInTasks(deps: Deps): Record<string, Task> {
  if (deps.app.streams.size === 0) return {};
  return { wait_for: waitForTask(deps) };
}
