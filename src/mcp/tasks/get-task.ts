/** `get_task`: does for clients without the extension what `tasks/get` does, in words and as data. */
import * as z from 'zod';
import { type Tool, tool } from '../../declare/tool.ts';
import { TASKS_SCOPE } from '../../base/scopes.ts';
import { TidegateError } from '../../base/errors.ts';
import { hasEnded } from '../../tasks/records/header.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { accountedTasks } from '../../calls/context.ts';
import { READ_ONLY } from '../../calls/schemas.ts';
import { IN_TOOLS, naming } from './argument-names.ts';
import { noPage, PageAnswer, pageAnswer, pageToCome } from './page-answer.ts';
import type { Poll } from './polling.ts';
import { resultAnswer, ResultPart } from './result-parts.ts';
import type { See } from './seen-task.ts';
import { TaskAnswer } from './task-result.ts';
import { TaskState } from './task-state.ts';

export const TaskHandle = z.string().min(1).max(64).describe('Handle of the task');

const Input = z.strictObject({
  task: TaskHandle,
  page: z.int().min(1).optional().describe('Of the result, from 1 on'),
  /** Characters of the page, or of the result, to leave out, and most to answer. The calls that answers print have them. */
  from: z.int().min(0).default(0),
  limit: z.int().min(1).optional(),
});

const Output = TaskState.extend({ ...TaskAnswer.shape, ...PageAnswer.shape, ...ResultPart.shape });

/**
 * Costs one call to the store, or two with a page. Pages and results that are larger than what a client gives a model by default
 * come in parts.
 */
export function getTaskTool(tasks: Tasks, poll: Poll, see: See): Tool {
  return tool({
    title: 'Task: status and result',
    scopes: [TASKS_SCOPE],
    description: 'A task that an earlier call began: its status, what it asks, its result.',
    input: Input,
    output: Output,
    annotations: READ_ONLY,
    async run({ task, page, from, limit }, context) {
      const { principal } = context;
      const kept = accountedTasks(tasks, context);
      const header = await naming(IN_TOOLS, () => poll(kept, principal, task, page !== undefined || from > 0));
      const seen = see(task, header);
      if (page === undefined) return resultAnswer(seen, from, limit);
      const found = await naming(IN_TOOLS, () => kept.page(principal, task, page)).catch(missingPage);
      if (!(found instanceof TidegateError)) return pageAnswer(seen, { number: page, ...found }, from, limit);
      return hasEnded(header) ? noPage(seen, found) : pageToCome(seen, page);
    },
  });
}

function missingPage(thrown: unknown): TidegateError {
  if (thrown instanceof TidegateError && thrown.field === 'page') return thrown;
  throw thrown;
}
