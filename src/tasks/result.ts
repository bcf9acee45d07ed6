/** What a task answered, as its header keeps it: checked like a tool's, in pages where it is large and that was declared. */
import type { ToolAnswer } from '../core/declaration/handlers.ts';
import type { Task } from '../core/declaration/task.ts';
import { toolResult, type ToolResult } from '../core/declaration/tool-result.ts';
import { TidegateError } from '../core/errors.ts';
import { utf8Bytes } from '../core/json.ts';
import { type Change, completed } from './header.ts';
import { digestOf } from '../core/digest.ts';
import { inPages, notePaged, numberOf, pagesOfSteps, RESULT_PAGE } from './pages.ts';
import type { Turn } from './turn.ts';

/** Largest result that stands in the header. */
export const RESULT_BYTES = 340_000;

/**
 * The change that ends the task.
 * @throws TidegateError `too_large` for a result above `RESULT_BYTES` without `pages: true`; `internal` for one that its schema does not allow
 */
export async function completedWith(turn: Turn, task: Task, answer: ToolAnswer | string): Promise<Change> {
  const { claim, journal } = turn;
  const result = toolResult(answer, task.output, claim.header.task);
  const before = pagesOfSteps(journal);
  const text = JSON.stringify(result);
  const bytes = utf8Bytes(text);
  if (bytes <= RESULT_BYTES) return completed(result, before);
  if (task.pages !== true) {
    throw new TidegateError('too_large', `the result of ${claim.header.task} has ${bytes} bytes`, {
      field: `tasks.${claim.header.task}.pages`,
      expected: `at most ${RESULT_BYTES} bytes, or pages: true`,
    });
  }
  const pages = inPages(text);
  // Of another text that an earlier entry answered the pages stay behind, before these.
  const digest = digestOf(text);
  for (const [index, page] of pages.entries()) {
    const id = `${RESULT_PAGE} ${digest}:${index + 1}`;
    if (journal.recall(id) !== undefined) continue;
    notePaged(turn, id, {}, { text: page, mimeType: 'application/json' });
    await journal.flush();
  }
  const first = numberOf(journal.recall(`${RESULT_PAGE} ${digest}:1`));
  return completed(pagedResult(result, bytes, first - 1, pages.length), first - 1 + pages.length);
}

/** What stands in a large result's place: how to read the whole. */
function pagedResult({ isError }: ToolResult, bytes: number, before: number, pages: number): ToolResult {
  const text = `The result has ${bytes} bytes: pages ${before + 1} to ${before + pages} hold its JSON, in order.`;
  return { content: [{ type: 'text', text }], ...(isError ? { isError } : {}) };
}
