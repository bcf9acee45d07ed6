/** `get_task`: does for clients without the extension what `tasks/get` does, in words and as data. */
import * as z from 'zod';
import { type Tool, tool } from '../../declare/tool.ts';
import type { ContentBlock } from '../../declare/content.ts';
import type { Runtime } from '../../base/runtime.ts';
import type { Header } from '../../tasks/records/header.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { accountedTasks } from '../../calls/context.ts';
import { failureText } from '../wire/errors.ts';
import { READ_ONLY } from '../../calls/schemas.ts';
import { IN_TOOLS, naming } from './argument-names.ts';
import { Handle, handleOf } from './handle.ts';
import type { Poll } from './polling.ts';
import { failureError, resultOf } from './view.ts';
import { taskLines, TaskQuestion, questionsOf } from './task-text.ts';

export const TaskHandle = z.string().min(1).max(64).describe('Handle of the task');

const Input = z.strictObject({
  task: TaskHandle,
  page: z.int().min(1).optional().describe('A page of the result, from 1 on'),
});

const Output = Handle.extend({
  tool: z.string().describe('What was called'),
  message: z.string().nullable().describe('What it is at, or why it ended'),
  questions: z.array(TaskQuestion).describe('What it waits for: answer with answer_task'),
  result: z.unknown().optional().describe('Its structured answer, where it has one'),
  isError: z.boolean().optional().describe('True: it ended, and its result says what went wrong'),
  pages: z.int().describe('Pages that the result has; 0: all of it is here'),
  page: z.object({ number: z.int(), text: z.string(), mimeType: z.string() }).optional(),
});

/** Costs one call to the store, or two with a page. */
export function getTaskTool(tasks: Tasks, poll: Poll, { now }: Pick<Runtime, 'now'>): Tool {
  return tool({
    title: 'Task: status and result',
    description: 'The status of a task that an earlier call began, what it asks, and its result.',
    input: Input,
    output: Output,
    annotations: READ_ONLY,
    async run({ task, page }, context) {
      const { principal } = context;
      const kept = accountedTasks(tasks, context);
      const header = await naming(IN_TOOLS, () => poll(kept, principal, task));
      const found = page === undefined ? null : await kept.page(principal, task, page);
      const at = now();
      const { structuredContent, isError } = header.result ?? {};
      const paged = found && page !== undefined ? { number: page, ...found } : null;
      return {
        text: [...taskLines(task, header, at), ...(paged ? [`Page ${paged.number} of ${header.pages}:`] : [])].join(
          '\n',
        ),
        content: paged ? [{ type: 'text', text: paged.text }] : contentOf(task, header),
        structured: {
          ...handleOf(task, header, at),
          tool: header.task,
          message: header.status === 'failed' ? failureText(failureError(header), task) : header.message,
          questions: questionsOf(header),
          pages: header.pages,
          ...(structuredContent === undefined || paged ? {} : { result: structuredContent }),
          ...(isError ? { isError } : {}),
          ...(paged ? { page: paged } : {}),
        },
      };
    },
  });
}

function contentOf(taskId: string, header: Header): ContentBlock[] {
  return header.status === 'completed' ? resultOf(taskId, header).content : [];
}
