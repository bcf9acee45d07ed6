/** `cancel_task`: does for clients without the extension what `tasks/cancel` does. */
import * as z from 'zod';
import { type Tool, tool } from '../../declare/tool.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { accountedTasks } from '../../calls/context.ts';
import { IN_TOOLS, naming } from './argument-names.ts';
import { TaskHandle } from './get-task.ts';
import { callsToSee } from './next-calls.ts';
import { inBothHalves, stateLines, stateOf, TaskState } from './task-state.ts';

const Output = TaskState.extend({
  note: z.string().optional().describe('Why it was not cancelled'),
});

const TOO_LATE = 'It had ended before it was to be cancelled, and stays as it is.';

export function cancelTaskTool(tasks: Tasks, { now }: Pick<Runtime, 'now'>): Tool {
  return tool({
    title: 'Task: cancel',
    description: 'Ends a task. What it has done stays done.',
    input: z.strictObject({ task: TaskHandle }),
    output: Output,
    annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    async run({ task }, context) {
      const { principal, deadline } = context;
      const kept = accountedTasks(tasks, context);
      await naming(IN_TOOLS, () => kept.cancel(principal, task, deadline));
      const header = await kept.get(principal, task);
      const state = stateOf(task, header, now());
      const lines = stateLines(task, header);
      if (header.status === 'cancelled') return inBothHalves(lines, [], state);
      return inBothHalves([...lines, TOO_LATE], callsToSee(task, header, now()), { ...state, note: TOO_LATE });
    },
  });
}
