/**
 * Finds the page that follows a page, and notices pages that lead in a circle. Pure, but for fingerprints.
 *
 * Within a burst every page that was asked for is known. From burst to burst the position remembers one page. It is replaced
 * by a later one whenever the number of pages has doubled (Brent's algorithm), so a circle of any length is noticed after at
 * most three times its length.
 */
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import type { FeedAnswer } from './answer.ts';
import type { HttpPages } from './options.ts';
import { fingerprint, type PageMark } from './position.ts';
import { readPath } from '../../base/json-path.ts';
import { linkTarget } from '../../net/link-header.ts';
import { resolveNext, storeLink } from './next-link.ts';

export interface PageEnd {
  pages: HttpPages;
  /** The page that was read; null for the first. */
  page: PageMark | null;
  answer: FeedAnswer;
  /** The body around the items, JSON only. */
  body: unknown;
  /** How many items the page had. */
  found: number;
  allow: readonly string[];
  /** Fingerprints of the pages that this burst asked for. The next page is added. */
  asked: Set<string>;
}

/**
 * The page that follows; null where there is none.
 * @throws TidegateError `upstream` where that page was asked for before
 */
export async function nextPage(end: PageEnd): Promise<PageMark | null> {
  const { page, asked, answer } = end;
  const at = placeOfNext(end);
  if (at === null) return null;
  const mark = await fingerprint(JSON.stringify(at));
  const current = page === null ? null : await fingerprint(JSON.stringify(page.at));
  if (current !== null) asked.add(current);
  // Some sources name the same page again to say that there are no more.
  if (mark === current && end.found === 0) return null;
  if (asked.has(mark) || page?.seen === mark) throw inCircle(answer.source);
  asked.add(mark);
  const count = (page?.count ?? 0) + 1;
  return { at, count, seen: page === null || isPowerOfTwo(count) ? mark : page.seen };
}

function placeOfNext({ pages, page, answer, body, found, allow }: PageEnd): Json {
  if (pages.by === 'offset') return found < pages.size ? null : offsetOf(page) + found;
  if (pages.by === 'number') return found < (pages.size ?? 1) ? null : numberOf(pages, page) + 1;
  if (pages.by === 'cursor') return asCursor(readPath(body, pages.from));
  if (pages.by === 'time') return null;
  const inBody = pages.from === undefined ? null : readPath(body, pages.from);
  const target = pages.from === undefined ? linkTarget(answer.headers.get('link'), 'next') : asCursor(inBody);
  return target === null ? null : storeLink(resolveNext(String(target), answer.url, allow), answer.base);
}

/** What is sent for a page. Null where nothing is sent, and for a link, which is a URL of its own. */
export function cursorOfPage(pages: HttpPages | undefined, page: PageMark | null): string | number | null {
  if (pages?.by === 'offset') return offsetOf(page);
  if (pages?.by === 'number') return numberOf(pages, page);
  return pages?.by === 'cursor' ? asCursor(page?.at) : null;
}

function offsetOf(page: PageMark | null): number {
  return typeof page?.at === 'number' ? page.at : 0;
}

function numberOf({ first = 1 }: { first?: number }, page: PageMark | null): number {
  return typeof page?.at === 'number' ? page.at : first;
}

/** A value that can be a cursor, a text or a finite number; null for any other. */
export function asCursor(value: unknown): string | number | null {
  return (typeof value === 'string' && value !== '') || Number.isFinite(value) ? (value as string | number) : null;
}

export function inCircle(source: string): TidegateError {
  return new TidegateError('upstream', `${source} answered a cursor that it was asked for before`, {
    field: 'pages',
    expected: 'another cursor with each page, and none with the last',
  });
}

function isPowerOfTwo(count: number): boolean {
  return Number.isInteger(Math.log2(count));
}
