/** What entries work on tasks with: the catalog of all that there are, the app's own and those that every app has. */
import { createAppStreams } from '../calls/streams.ts';
import { builtInTasks } from '../tools/built-in-tasks.ts';
import type { Deps } from '../streams/deps.ts';
import type { TaskDeps } from '../tasks/records/find-task.ts';

export function withTasks(deps: Deps): TaskDeps {
  return {
    ...deps,
    streamsFor: createAppStreams,
    catalog: new Map([...Object.entries(builtInTasks(deps)), ...deps.app.tasks]),
  };
}
