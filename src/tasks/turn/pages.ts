/** Pages of a task's result: texts beside its header, numbered from 1 on, each stored together with what made it. */
import { TidegateError } from '../../base/errors.ts';
import { type Json, type JsonObject, utf8Bytes } from '../../base/json.ts';
import { inPages as piecesOf } from '../../base/text.ts';
import { expiryOf } from '../records/header.ts';
import type { Journal } from './journal.ts';
import { pageKey } from '../records/names.ts';
import type { Turn } from './shared.ts';

export interface Page {
  text: string;
  mimeType: string;
}

/** Of a page, as a JSON text. */
export const PAGE_BYTES = 340_000;
/** Most pages of a result. */
export const MOST_PAGES = 10_000;
/** What pages are remembered under that hold a result too large for the header. */
export const RESULT_PAGE = 'result page';

/** @throws TidegateError `too_large` or `invalid_input` */
export function checkPage(page: Page): Page {
  const bytes = utf8Bytes(JSON.stringify(page.text));
  const isEmpty = page.text === '';
  if (!isEmpty && bytes <= PAGE_BYTES) return page;
  const expected = `a text of 1 character to ${PAGE_BYTES} bytes as JSON`;
  throw new TidegateError(isEmpty ? 'invalid_input' : 'too_large', `a page has ${bytes} bytes as JSON`, { expected });
}

/** Number of the last page that a step has stored; 0: none has. */
export function lastPageOfSteps(journal: Pick<Journal, 'recallAll'>): number {
  return lastPage(journal, 'step ');
}

/** Number of the last page that is stored. */
export function lastPageOf(journal: Pick<Journal, 'recallAll'>): number {
  return Math.max(lastPageOfSteps(journal), lastPage(journal, RESULT_PAGE));
}

/** Of the page that goes with something remembered, from 1 on; 0: none does. */
function numberOf(value: Json | undefined): number {
  const { page } = (value ?? {}) as { page?: Json };
  return typeof page === 'number' ? page : 0;
}

function lastPage({ recallAll }: Pick<Journal, 'recallAll'>, prefix: string): number {
  return recallAll(prefix).reduce((last, [, value]) => Math.max(last, numberOf(value)), 0);
}

/** Remembers something together with a page behind those that there are, whose number stands in it as `page`. */
export function notePaged({ claim, journal }: Turn, id: string, value: JsonObject, { text, mimeType }: Page): void {
  const page = lastPageOf(journal) + 1;
  if (page > MOST_PAGES) {
    throw new TidegateError('too_large', `the result has ${MOST_PAGES} pages already`, {
      expected: `at most ${MOST_PAGES} pages`,
    });
  }
  const key = pageKey(claim.tenant, claim.taskId, page);
  const expiresAt = expiryOf(journal.header());
  journal.note(id, { ...value, page }, { kind: 'put', ...key, value: { text, mimeType }, expects: null, expiresAt });
}

/** In as many pieces as it takes for each to be a page. */
export function inPages(text: string): string[] {
  return piecesOf(text, PAGE_BYTES);
}
