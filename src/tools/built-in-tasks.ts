/** The tasks that an app's streams and feeds give without a line of its own. */
import type { Task } from '../declare/task.ts';
import type { Deps } from '../streams/deps.ts';
import { exportHistoryTask } from './export-history.ts';
import { replayDeadLettersTask } from './replay-dead-letters.ts';
import { waitForTask } from './wait-for.ts';

/** By name; none for an app without streams, which no feed fills. */
export function builtInTasks(deps: Deps): Record<string, Task> {
  const { streams, feeds } = deps.app;
  const fills = [...feeds.values()].some(({ targets }) => targets.length > 0);
  return {
    ...(streams.size > 0 ? { wait_for: waitForTask(deps), export_history: exportHistoryTask(deps) } : {}),
    ...(fills ? { replay_dead_letters: replayDeadLettersTask(deps) } : {}),
  };
}
