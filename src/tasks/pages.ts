/** Pages of a task's result: texts beside its header, numbered from 1 on, each stored together with the step that made it. */
import { TidegateError } from '../core/errors.ts';
import { type Json, utf8Bytes } from '../core/json.ts';
import type { Put } from '../store/store.ts';
import { expiryOf } from './header.ts';
import type { Journal } from './journal.ts';
import { pageKey } from './names.ts';
import type { Turn } from './turn.ts';

export interface Page {
  text: string;
  mimeType: string;
}

/** Of a page, as a JSON text. */
export const PAGE_BYTES = 340_000;
/** Most pages of a result. */
export const MOST_PAGES = 10_000;
/** Under which it is remembered how many there are. */
const COUNT = 'pages';

/** @throws TidegateError `too_large` or `invalid_input` */
export function checkPage(page: Page): Page {
  const bytes = utf8Bytes(JSON.stringify(page.text));
  const isEmpty = page.text === '';
  if (!isEmpty && bytes <= PAGE_BYTES) return page;
  const expected = `a text of 1 character to ${PAGE_BYTES} bytes as JSON`;
  throw new TidegateError(isEmpty ? 'invalid_input' : 'too_large', `a page has ${bytes} bytes as JSON`, { expected });
}

/** How many pages are remembered. */
export function countPages({ recall }: Pick<Journal, 'recall'>): number {
  return (recall(COUNT) as { count: number } | undefined)?.count ?? 0;
}

/** Remembers something together with pages behind those that there are. */
export function noteWithPages(
  { claim, journal }: Turn,
  id: string,
  value: Exclude<Json, null>,
  pages: readonly Page[],
): void {
  let count = countPages(journal);
  const puts = pages.map(({ text, mimeType }): Put => {
    count += 1;
    if (count > MOST_PAGES) {
      throw new TidegateError('too_large', `the result has ${MOST_PAGES} pages already`, {
        expected: `at most ${MOST_PAGES} pages`,
      });
    }
    const key = pageKey(claim.tenant, claim.taskId, count);
    return { kind: 'put', ...key, value: { text, mimeType }, expects: null, expiresAt: expiryOf(journal.header()) };
  });
  journal.note(id, value, puts);
  if (puts.length > 0) journal.noteWithIt(COUNT, { count });
}

/** In pieces of at most `most` bytes, never within a character. */
export function cut(text: string, most: number): string[] {
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
