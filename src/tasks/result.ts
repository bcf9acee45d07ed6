/** What a task answered, as its header keeps it: checked like a tool's, in pages where it is large and that was declared. */
import type { ToolAnswer } from '../core/declaration/handlers.ts';
import type { Task } from '../core/declaration/task.ts';
import { toolResult, type ToolResult } from '../core/declaration/tool-result.ts';
import { TidegateError } from '../core/errors.ts';
import { utf8Bytes } from '../core/json.ts';
import type { Put } from '../store/store.ts';
import { type Change, completed, expiryOf } from './header.ts';
import { pageKey } from './names.ts';
import type { Turn } from './turn.ts';
import { PAGE_BYTES } from './turn-context.ts';

/** Largest result that stands in the header. */
export const RESULT_BYTES = 340_000;

/**
 * The change that ends the task.
 * @throws TidegateError `too_large` for a result above `RESULT_BYTES` without `pages: true`; `internal` for one that its schema does not allow
 */
export async function completedWith(turn: Turn, task: Task, answer: ToolAnswer | string): Promise<Change> {
  const { claim, journal } = turn;
  const result = toolResult(answer, task.output, claim.header.task);
  const written = countPages(turn);
  const text = JSON.stringify(result);
  const bytes = utf8Bytes(text);
  if (bytes <= RESULT_BYTES) return completed(result, written);
  if (task.pages !== true) {
    throw new TidegateError('too_large', `the result of ${claim.header.task} has ${bytes} bytes`, {
      field: `tasks.${claim.header.task}.pages`,
      expected: `at most ${RESULT_BYTES} bytes, or pages: true`,
    });
  }
  const { tenant } = claim.header.principal;
  const pages = cut(text, PAGE_BYTES);
  for (const [index, page] of pages.entries()) {
    const key = pageKey(tenant, claim.taskId, written + index + 1);
    const value = { text: page, mimeType: 'application/json' };
    const id = `result page:${index + 1}`;
    if (journal.recall(id) !== undefined) continue;
    const put: Put = { kind: 'put', ...key, value, expects: null, expiresAt: expiryOf(journal.header()) };
    journal.note(id, { bytes: utf8Bytes(page) }, put);
    await journal.flush();
  }
  return completed(pagedResult(result, bytes, written, pages.length), written + pages.length);
}

function countPages({ journal }: Turn): number {
  let count = 0;
  while (journal.recall(count === 0 ? 'page' : `page:${count + 1}`) !== undefined) count += 1;
  return count;
}

/** What stands in a large result's place: how to read the whole. */
function pagedResult({ isError }: ToolResult, bytes: number, before: number, pages: number): ToolResult {
  const text = `The result has ${bytes} bytes: pages ${before + 1} to ${before + pages} hold its JSON, in order.`;
  return { content: [{ type: 'text', text }], ...(isError ? { isError } : {}) };
}

/** In pieces of at most `most` bytes, never within a character. */
function cut(text: string, most: number): string[] {
  const bytes = new TextEncoder().encode(text);
  const decoder = new TextDecoder();
  const pieces: string[] = [];
  for (let from = 0; from < bytes.length;) {
    let to = Math.min(bytes.length, from + most);
    while (to < bytes.length && ((bytes[to] ?? 0) & 0xc0) === 0x80) to -= 1;
    pieces.push(decoder.decode(bytes.subarray(from, to)));
    from = to;
  }
  return pieces;
}
