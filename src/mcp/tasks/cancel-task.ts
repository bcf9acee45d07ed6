/** `cancel_task`: does for clients without the extension what `tasks/cancel` does. */
import * as z from 'zod';
import { type Tool, tool } from '../../declare/tool.ts';
import { TASKS_SCOPE } from '../../base/scopes.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { accountedTasks } from '../../calls/context.ts';
import { listedAs } from '../../base/schema/json-schema.ts';
import { TaskQuestion } from './questions.ts';
import { IN_TOOLS, naming } from './argument-names.ts';
import { TaskHandle } from './get-task.ts';
import { callsToSee } from './next-calls.ts';
import type { See } from './seen-task.ts';
import { inBothHalves, stateLines, stateOf, TaskState } from './task-state.ts';

const Output = TaskState.extend({
  note: z.string().optional().describe('Why it was not cancelled'),
  questions: listedAs(z.array(TaskQuestion), z.array(z.looseObject({}))),
});

const TOO_LATE = 'It had ended before it was to be cancelled, and stays as it is.';

export function cancelTaskTool(tasks: Tasks, see: See): Tool {
  return tool({
    title: 'Task: cancel',
    scopes: [TASKS_SCOPE],
    description: 'Ends a task. What it has done stays done.',
    input: z.strictObject({ task: TaskHandle }),
    output: Output,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    async run({ task }, context) {
      const { principal, deadline } = context;
      const kept = accountedTasks(tasks, context);
      await naming(IN_TOOLS, () => kept.cancel(principal, task, deadline));
      const seen = see(task, await kept.get(principal, task));
      const state = stateOf(seen);
      const lines = stateLines(seen);
      if (seen.header.status === 'cancelled') return inBothHalves(lines, [], state);
      return inBothHalves([...lines, TOO_LATE], callsToSee(seen), { ...state, note: TOO_LATE });
    },
  });
}
