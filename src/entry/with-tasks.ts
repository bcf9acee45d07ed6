/** What entries work on tasks with: the catalog of all that there are, the app's own and those that every app has. */
import { builtInTasks } from '../mcp/tools/built-in-tasks.ts';
import type { Deps } from '../streams/deps.ts';
import type { TaskDeps } from '../tasks/find-task.ts';

export function withTasks(deps: Deps): TaskDeps {
  return { ...deps, catalog: new Map([...Object.entries(builtInTasks(deps)), ...deps.app.tasks]) };
}
