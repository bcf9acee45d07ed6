/** What entries work on tasks with: the catalog of all that there are, the app's own and those that every app has. */
import type { Deps } from '../streams/deps.ts';
import type { TaskDeps } from '../tasks/find-task.ts';

export function withTasks(deps: Deps): TaskDeps {
  return { ...deps, catalog: deps.app.tasks };
}
