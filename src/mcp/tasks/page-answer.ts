/** What `get_task` answers to who asks for a page: a part of it, or why it is not there, and the call that goes on. Pure. */
import * as z from 'zod';
import type { TidegateError } from '../../base/errors.ts';
import { utf8Bytes } from '../../base/json.ts';
import { partOf } from '../../calls/text-part.ts';
import { hasEnded } from '../../tasks/records/header.ts';
import type { TaskPage } from '../../tasks/records/page.ts';
import { failureText } from '../wire/errors.ts';
import { callsMeanwhile, callsToSee, pageCalls } from './next-calls.ts';
import type { SeenTask } from './seen-task.ts';
import { errorOf, inBothHalves, stateLines, stateOf, type TaskState } from './task-state.ts';

export const PageAnswer = z.object({
  pages: z.int().nullable().describe('Pages that the result has; null: not known yet'),
  page: z.object({ number: z.int(), text: z.string(), mimeType: z.string() }).optional(),
  note: z.string().optional().describe('Which part of the page it is, or why it is not there'),
});

type Answer = z.input<typeof TaskState> & z.input<typeof PageAnswer>;

const WITHOUT_RESULT = 'The task ended without a result: there are the pages that it had written by then.';
const UNCOUNTED = 'How many pages the result has is known when the task has ended.';

/** A page of a task that goes on stays as it is: its step has ended. */
export function pageAnswer(seen: SeenTask, page: TaskPage & { number: number }, from: number, limit?: number) {
  const { header } = seen;
  const { number, mimeType } = page;
  const isCounted = number <= header.pages;
  const isLast = number === header.pages;
  const state = { ...stateOf(seen), pages: isCounted ? header.pages : null };
  const lines = stateLines(seen);
  const meanwhile = callsMeanwhile(seen);
  const { text, told, next } = partOf(page.text, from, limit, utf8Bytes(JSON.stringify([state, meanwhile])));
  const note = isCounted
    ? `Page ${number} of ${header.pages}, ${mimeType}${isLast ? ', the last one' : ''}${told}.`
    : `Page ${number}, ${mimeType}${told}. ${hasEnded(header) ? WITHOUT_RESULT : UNCOUNTED}`;
  const sized = limit === undefined ? {} : { limit };
  const goesOn =
    next === null
      ? isLast
        ? []
        : pageCalls('Next page', seen, number + 1, sized)
      : pageCalls('Next page', seen, number, { from: next, ...sized });
  const structured: Answer = { ...state, page: { number, text, mimeType }, note };
  return {
    ...inBothHalves([...lines, note], [...goesOn, ...meanwhile], structured),
    content: [{ type: 'text' as const, text }],
  };
}

export function pageToCome(seen: SeenTask, number: number) {
  const asked = seen.header.status === 'input_required' ? callsMeanwhile(seen) : [];
  const note = `Page ${number} is not there yet. ${UNCOUNTED}`;
  const structured: Answer = { ...stateOf(seen), pages: null, note };
  const calls = [...asked, ...pageCalls(`Page ${number}`, seen, number)];
  return inBothHalves([...stateLines(seen), note], calls, structured);
}

/** The task has ended, and no such page will come. */
export function noPage(seen: SeenTask, missing: TidegateError) {
  const { taskId, header } = seen;
  const { pages, status } = header;
  const none = status === 'completed' ? 'The result has no pages.' : WITHOUT_RESULT;
  const note = pages > 0 ? `The result has ${pages} pages; page ${pages} is the last.` : none;
  const calls = pages === 0 ? callsToSee(seen) : pageCalls('Last page', seen, pages);
  const structured: Answer = { ...stateOf(seen), pages, note, error: errorOf(missing, taskId) };
  return { ...inBothHalves([...failureText(missing, taskId).split('\n'), note], calls, structured), isError: true };
}
