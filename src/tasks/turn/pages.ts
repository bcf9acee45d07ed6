/** Pages of a task's result, numbered from 1 on. Each is stored in one commit with what made it. */
import { TidegateError } from '../../base/errors.ts';
import { utf8Bytes } from '../../base/json.ts';
import { inPages as piecesOf } from '../../base/text.ts';
import type { RecordType } from '../../store/record.ts';
import { expiryOf } from '../records/header.ts';
import { pageKey, type TaskPage, taskPage } from '../records/page.ts';
import { taskQuota } from '../records/quotas.ts';
import { type Remembered, rememberedPage, rememberedStep, RESULT_PAGE, STEP } from '../records/remembered.ts';
import type { Memory } from './memory.ts';
import type { TaskInHand } from './turn.ts';

/** Largest page, as a JSON text. */
export const PAGE_BYTES = 340_000;
/** Most pages of a result. */
const MOST_TASK_PAGES = 10_000;

/** @throws TidegateError `too_large` or `invalid_input` */
export function checkPage(page: TaskPage): TaskPage {
  const bytes = utf8Bytes(JSON.stringify(page.text));
  const isEmpty = page.text === '';
  if (!isEmpty && bytes <= PAGE_BYTES) return page;
  const expected = `a text of 1 character to ${PAGE_BYTES} bytes as JSON`;
  throw new TidegateError(isEmpty ? 'invalid_input' : 'too_large', `a page has ${bytes} bytes as JSON`, { expected });
}

/** Number of the last page that a step has stored; 0: none has. */
export function lastPageOfSteps(memory: Pick<Memory, 'recallAll'>): number {
  const steps = memory.recallAll(rememberedStep, STEP);
  return lastOf(steps.map(([, step]) => ('page' in step ? step.page : 0)));
}

/** Number of the last page that is stored; 0: none is. */
export function lastPageOf(memory: Pick<Memory, 'recallAll'>): number {
  const pages = memory.recallAll(rememberedPage, RESULT_PAGE).map(([, { page }]) => page);
  return Math.max(lastPageOfSteps(memory), lastOf(pages));
}

function lastOf(pages: readonly (number | undefined)[]): number {
  return pages.reduce<number>((last, page) => Math.max(last, page ?? 0), 0);
}

/** Counts a page before it is stored. @throws TidegateError `rate_limited` */
export async function countPage(
  { scope, claim }: Pick<TaskInHand, 'scope' | 'claim'>,
  { text }: TaskPage,
): Promise<void> {
  await scope.quotas?.take(scope.store, taskQuota(scope.app), claim.header.principal, utf8Bytes(text));
}

/** Remembers a value together with a page behind those that there are. The number of the page goes into the value. */
export function notePaged<Value extends Remembered>(
  { claim, memory, journal }: Pick<TaskInHand, 'claim' | 'memory' | 'journal'>,
  kind: RecordType<Value>,
  id: string,
  valueWith: (page: number) => Value,
  page: TaskPage,
): void {
  const number = lastPageOf(memory) + 1;
  if (number > MOST_TASK_PAGES) {
    throw new TidegateError('too_large', `the result has ${MOST_TASK_PAGES} pages already`, {
      expected: `at most ${MOST_TASK_PAGES} pages`,
    });
  }
  const key = pageKey(claim.tenant, claim.taskId, number);
  const put = taskPage.put(key, page, { expects: null, expiresAt: expiryOf(journal.header()) });
  memory.note(kind, id, valueWith(number), put);
}

/** The text in as many pieces as it takes for each to be a page. */
export function inTaskPages(text: string): string[] {
  return piecesOf(text, PAGE_BYTES);
}
