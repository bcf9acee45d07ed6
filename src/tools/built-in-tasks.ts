/** The built-in tasks: those that an app has because it has streams or feeds. */
import type { Task } from '../declare/task.ts';
import type { Deps } from '../streams/deps.ts';
import { exportHistoryTask } from './export-history.ts';
import { replayDeadLettersTask } from './replay-dead-letters.ts';
import { waitForTask } from './wait-for.ts';

/** By name. An app without streams has none, because no feed can fill it. */
export function builtInTasks(deps: Deps): Record<string, Task> {
  const { streams, feeds } = deps.app;
  const fills = [...feeds.values()].some(({ targets }) => targets.length > 0);
  return {
    ...(streams.size > 0 ? { wait_for: waitForTask(deps), export_history: exportHistoryTask(deps) } : {}),
    ...(fills ? { replay_dead_letters: replayDeadLettersTask(deps) } : {}),
  };
}
