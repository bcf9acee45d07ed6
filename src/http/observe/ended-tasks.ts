/**
 * Counts the tasks that this process ended, by what became of them. Each end is an entry of the log of what changed, in the commit that
 * ends the task, so it is read from what is committed anyway and costs no call.
 */
import type { CommitResult, Operation } from '../../store/store.ts';
import { hasEnded } from '../../tasks/records/header.ts';
import { isTaskLog, taskChange } from '../../tasks/records/task-log.ts';
import { createCounter } from './counted.ts';
import type { Family } from './exposition.ts';

interface EndedTasks {
  /** Takes what was committed. It never throws. */
  committed(operations: readonly Operation[], result: CommitResult): void;
  family(): Family;
}

export function createEndedTasks(): EndedTasks {
  const ended = createCounter({
    name: 'tidegate_tasks_ended_total',
    help: 'Tasks that this process ended, or whose end it was asked for',
    labels: ['task', 'status'],
  });
  return {
    committed(operations, { status }) {
      if (status !== 'committed') return;
      for (const operation of operations) {
        if (operation.kind !== 'append' || !isTaskLog(operation.log)) continue;
        for (const value of operation.entries) {
          const change = taskChange.read({ value });
          if (hasEnded(change)) ended.add(1, change.task, change.status);
        }
      }
    },
    family: () => ended.family(),
  };
}
