/** What a task answered, as its header keeps it: checked like a tool's, in pages where it is large and that was declared. */
import type { ToolAnswer } from '../../declare/tool.ts';
import type { Task } from '../../declare/task.ts';
import { toolResult, type ToolResult } from '../../declare/check/tool-result.ts';
import { TidegateError } from '../../base/errors.ts';
import { utf8Bytes } from '../../base/json.ts';
import { type Change, completed } from '../records/header.ts';
import { digestOf } from '../../base/digest.ts';
import { inPages, lastPageOf, lastPageOfSteps, notePaged, RESULT_PAGE } from './pages.ts';
import type { Turn } from './shared.ts';

/** Largest result that stands in the header. */
export const RESULT_BYTES = 340_000;

/**
 * The change that ends the task.
 * @throws TidegateError `too_large` for a result above `RESULT_BYTES` without `pages: true`; `internal` for one that its schema does not allow
 */
export async function completedWith(turn: Turn, task: Task, answer: ToolAnswer | string): Promise<Change> {
  const { claim, journal } = turn;
  const result = toolResult(answer, task.output, claim.header.task);
  const text = JSON.stringify(result);
  const bytes = utf8Bytes(text);
  if (bytes <= RESULT_BYTES) return completed(result, lastPageOfSteps(journal));
  if (task.pages !== true) {
    throw new TidegateError('too_large', `the result of ${claim.header.task} has ${bytes} bytes`, {
      field: `tasks.${claim.header.task}.pages`,
      expected: `at most ${RESULT_BYTES} bytes, or pages: true`,
    });
  }
  const pages = inPages(text);
  // Those of another text that an earlier entry answered stay before these, and these follow each other: where another
  // text's came in between they are written anew.
  const digest = digestOf(text);
  const begun = lastPageOf(journal);
  const same = journal
    .recallAll(`${RESULT_PAGE} ${digest}@`)
    .map(([, value]) => value as { page: number; first: number });
  const first = same.find(({ page }) => page === begun)?.first ?? begun + 1;
  for (const [index, page] of pages.entries()) {
    const id = idOf(digest, first, index + 1);
    if (journal.recall(id) !== undefined) continue;
    notePaged(turn, id, { first }, { text: page, mimeType: 'application/json' });
    await journal.flush();
  }
  return completed(pagedResult(result, bytes, first - 1, pages.length), first - 1 + pages.length);
}

/** Of piece `number` of a text whose pages begin at `first`. */
function idOf(digest: string, first: number, number: number): string {
  return `${RESULT_PAGE} ${digest}@${first}:${number}`;
}

/** What stands in a large result's place: how to read the whole. */
function pagedResult({ isError }: ToolResult, bytes: number, before: number, pages: number): ToolResult {
  const text = `The result has ${bytes} bytes: pages ${before + 1} to ${before + pages} hold its JSON, in order.`;
  return { content: [{ type: 'text', text }], ...(isError ? { isError } : {}) };
}
