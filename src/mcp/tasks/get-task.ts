/** `get_task`: does for clients without the extension what `tasks/get` does, in words and as data. */
import * as z from 'zod';
import { type Tool, tool } from '../../declare/tool.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { hasEnded, type Header } from '../../tasks/records/header.ts';
import type { TaskPage } from '../../tasks/records/page.ts';
import type { Tasks } from '../../tasks/work/service.ts';
import { accountedTasks } from '../../calls/context.ts';
import { failureText } from '../wire/errors.ts';
import { READ_ONLY } from '../../calls/schemas.ts';
import { IN_TOOLS, naming } from './argument-names.ts';
import { callsMeanwhile, callsToSee, pageCall } from './next-calls.ts';
import type { Poll } from './polling.ts';
import { answerContent, answerOf, TaskAnswer } from './task-result.ts';
import { errorOf, inBothHalves, stateLines, stateOf, TaskState } from './task-state.ts';

export const TaskHandle = z.string().min(1).max(64).describe('Handle of the task');

const Input = z.strictObject({
  task: TaskHandle,
  page: z.int().min(1).optional().describe('A page of the result, from 1 on'),
});

const Output = TaskState.extend({
  ...TaskAnswer.shape,
  pages: z.int().nullable().describe('Pages that the result has; null: not known yet'),
  page: z.object({ number: z.int(), text: z.string(), mimeType: z.string() }).optional(),
  note: z.string().optional().describe('What there is to know of that page'),
});

type Answer = z.input<typeof Output>;

const WITHOUT_RESULT = 'The task ended without a result: there are the pages that it had written by then.';

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
      if (page === undefined) return wholeAnswer(task, header, now());
      const found = await naming(IN_TOOLS, () => kept.page(principal, task, page)).catch(missingPage);
      if (!(found instanceof TidegateError)) return pageAnswer(task, header, { number: page, ...found }, now());
      return hasEnded(header) ? noPage(task, header, found, now()) : pageToCome(task, header, page, now());
    },
  });
}

function wholeAnswer(taskId: string, header: Header, now: number) {
  const { pages } = header;
  const more = pages === 0 ? [] : [`The result has ${pages} pages.`];
  const calls = pages === 0 ? callsMeanwhile(taskId, header, now) : [pageCall('First page', taskId, 1, header, now)];
  const structured: Answer = { ...stateOf(taskId, header, now), ...answerOf(header), pages: pagesOf(header) };
  return {
    ...inBothHalves([...stateLines(taskId, header), ...more], calls, structured),
    content: answerContent(taskId, header),
  };
}

/** A page of a task that goes on stays as it is: its step has ended. */
function pageAnswer(taskId: string, header: Header, page: TaskPage & { number: number }, now: number) {
  const { number, mimeType, text } = page;
  const isCounted = number <= header.pages;
  const isLast = number === header.pages;
  const note = isCounted
    ? `Page ${number} of ${header.pages}, ${mimeType}${isLast ? ', the last one' : ''}.`
    : `Page ${number}, ${mimeType}. ${hasEnded(header) ? WITHOUT_RESULT : 'How many pages the result has is known when the task has ended.'}`;
  const next = isLast ? [] : [pageCall('Next page', taskId, number + 1, header, now)];
  const pages = isCounted ? header.pages : null;
  const structured: Answer = { ...stateOf(taskId, header, now), pages, page: { number, text, mimeType }, note };
  return {
    ...inBothHalves(
      [...stateLines(taskId, header), note],
      [...next, ...callsMeanwhile(taskId, header, now)],
      structured,
    ),
    content: [{ type: 'text' as const, text }],
  };
}

function pageToCome(taskId: string, header: Header, number: number, now: number) {
  const note = `Page ${number} is not there yet. How many pages the result has is known when the task has ended.`;
  const asked = header.status === 'input_required' ? callsMeanwhile(taskId, header, now) : [];
  const calls = [...asked, pageCall(`Page ${number}`, taskId, number, header, now)];
  const structured: Answer = { ...stateOf(taskId, header, now), pages: null, note };
  return inBothHalves([...stateLines(taskId, header), note], calls, structured);
}

/** The task has ended, and no such page will come. */
function noPage(taskId: string, header: Header, missing: TidegateError, now: number) {
  const { pages } = header;
  const note =
    pages > 0
      ? `The result has ${pages} pages; page ${pages} is the last.`
      : header.status === 'completed'
        ? 'The result has no pages.'
        : WITHOUT_RESULT;
  const calls = pages === 0 ? callsToSee(taskId, header, now) : [pageCall('Last page', taskId, pages, header, now)];
  const error = errorOf(missing, taskId);
  const structured: Answer = { ...stateOf(taskId, header, now), pages, note, error };
  return { ...inBothHalves([failureText(missing, taskId), note], calls, structured), isError: true };
}

function pagesOf(header: Header): number | null {
  return hasEnded(header) ? header.pages : null;
}

function missingPage(thrown: unknown): TidegateError {
  if (thrown instanceof TidegateError && thrown.field === 'page') return thrown;
  throw thrown;
}
