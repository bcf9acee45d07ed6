/** What a task answered, as its header keeps it: checked like a tool's, and in pages where it is large and declares `pages`. */
import type { ToolAnswer } from '../../declare/tool.ts';
import type { Task } from '../../declare/task.ts';
import { toolResult, type ToolResult } from '../../declare/check/tool-result.ts';
import { digestOf } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import { utf8Bytes } from '../../base/json.ts';
import { type HeaderChange, completed } from '../records/changes.ts';
import { rememberedPage, RESULT_PAGE } from '../records/remembered.ts';
import { countPage, inTaskPages, lastPageOf, lastPageOfSteps, notePaged } from './pages.ts';
import type { TaskInHand } from './turn.ts';

/** Largest result that stands in the header. */
const RESULT_BYTES = 340_000;

/**
 * The change that ends the task.
 * @throws TidegateError `too_large` for a result above `RESULT_BYTES` without `pages: true`; `internal` for one that its schema does not allow
 */
export async function completedWith(hand: TaskInHand, task: Task, answer: ToolAnswer | string): Promise<HeaderChange> {
  const { claim, memory, journal } = hand;
  const result = toolResult(answer, task.output, claim.header.task);
  const text = JSON.stringify(result);
  const bytes = utf8Bytes(text);
  if (bytes <= RESULT_BYTES) return completed(result, lastPageOfSteps(memory));
  if (task.pages !== true) {
    throw new TidegateError('too_large', `the result of ${claim.header.task} has ${bytes} bytes`, {
      field: `tasks.${claim.header.task}.pages`,
      expected: `at most ${RESULT_BYTES} bytes, or pages: true`,
    });
  }
  const pages = inTaskPages(text);
  // The pages of one text follow each other. Pages of another text, which an earlier turn answered, stay before them; where
  // pages of another text came in between, this text is written anew.
  const digest = digestOf(text);
  const begun = lastPageOf(memory);
  const same = memory.recallAll(rememberedPage, `${RESULT_PAGE} ${digest}@`).map(([, value]) => value);
  const first = same.find(({ page }) => page === begun)?.first ?? begun + 1;
  for (const [index, piece] of pages.entries()) {
    const id = idOf(digest, first, index + 1);
    if (memory.has(id)) continue;
    const page = { text: piece, mimeType: 'application/json' };
    await countPage(hand, page);
    notePaged(hand, rememberedPage, id, (number) => ({ first, page: number }), page);
    await journal.flush();
  }
  return completed(pagedResult(result, bytes, first - 1, pages.length), first - 1 + pages.length);
}

/** The id of piece `number` of a text whose pages begin at `first`. */
function idOf(digest: string, first: number, number: number): string {
  return `${RESULT_PAGE} ${digest}@${first}:${number}`;
}

/** What the header keeps in place of a large result: how to read the whole. */
function pagedResult({ isError }: ToolResult, bytes: number, before: number, pages: number): ToolResult {
  const text = `The result has ${bytes} bytes: pages ${before + 1} to ${before + pages} hold its JSON, in order.`;
  return { content: [{ type: 'text', text }], ...(isError ? { isError } : {}) };
}
