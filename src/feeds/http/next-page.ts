/** Finds the page that follows a page. Pure, but for fingerprints. */
import type { Json } from '../../base/json.ts';
import type { FeedAnswer } from './answer.ts';
import type { HttpPages } from './options.ts';
import { asksBehind, saysMore, type SeenSizes } from './page-end.ts';
import type { PageBefore, PageMark } from './position.ts';
import { asCursor, placeIn, stepOnward } from './way-onward.ts';
import { linkTarget } from '../../net/link-header.ts';
import { resolveNext, storeLink } from './next-link.ts';

interface PageEnd {
  pages: HttpPages;
  /** The page that was read; null for the first. */
  page: PageMark | null;
  answer: FeedAnswer;
  /** The body around the items, JSON only. */
  body: unknown;
  /** How many items the page had. */
  found: number;
  /** Fingerprint of the first of them, or of all. */
  mark: string;
  sizes: SeenSizes;
  allow: readonly string[];
  /** Fingerprints of the pages that this burst asked for. The next page is added. */
  asked: Set<string>;
}

/**
 * The page that follows, null where there is none; and what is known of the sizes of pages.
 * @throws TidegateError `upstream` where that page was asked for before
 */
export async function nextPage(end: PageEnd): Promise<{ page: PageMark | null; sizes: SeenSizes }> {
  const { page, asked, answer, found } = end;
  const sizes = sizesBehind(end);
  const { at, behind } = placeOfNext({ ...end, sizes });
  if (at === null) return { page: null, sizes };
  // Some sources name the same page again to say that there are no more.
  if (found === 0 && page !== null && JSON.stringify(at) === JSON.stringify(page.at)) return { page: null, sizes };
  const way = await stepOnward(page, { from: page?.at ?? null, to: at, asked, source: answer.source, field: 'pages' });
  return { page: { at, ...way, ...(behind ? { behind } : {}) }, sizes };
}

/** What a page, or that there is none, tells of the one before it. */
export function sizesBehind({ page, found, sizes }: Pick<PageEnd, 'page' | 'found' | 'sizes'>): SeenSizes {
  const short = page?.behind?.items ?? 0;
  if (short === 0) return sizes;
  return found > 0 ? { ...sizes, full: Math.max(sizes.full, short) } : { ...sizes, last: Math.max(sizes.last, short) };
}

interface Place {
  at: Json;
  behind?: PageBefore;
}

function placeOfNext(end: PageEnd): Place {
  const { pages, page, answer, body, found, allow } = end;
  if (pages.by === 'offset') return placeBehind(end, pages.size, offsetOf(page) + found);
  if (pages.by === 'number') return placeBehind(end, pages.size, numberOf(pages, page) + 1);
  if (pages.by === 'cursor') return { at: placeIn('pages.from', pages.from, body, answer.source) };
  if (pages.by === 'time') return { at: null };
  const target =
    pages.from === undefined
      ? linkTarget(answer.headers.get('link'), 'next')
      : placeIn('pages.from', pages.from, body, answer.source);
  return { at: target === null ? null : storeLink(resolveNext(String(target), answer, allow), answer.base) };
}

/** The page at `next`, unless the one that was read is the last. */
function placeBehind(
  { pages, page, answer, body, found, mark, sizes }: PageEnd,
  size: number | undefined,
  next: number,
): Place {
  if (found === 0) return { at: null };
  if (size === undefined) return { at: next, behind: { items: 0, mark } };
  if (found >= size) return { at: next, behind: { items: 0, mark, isFull: true } };
  const number = pages.by === 'number' ? next - (pages.first ?? 1) : null;
  const reached = number === null ? next : (number - 1) * (page?.behind?.items || size) + found;
  const says = saysMore({ body, headers: answer.headers }, { reached, pages: number });
  return asksBehind(found, sizes, says) ? { at: next, behind: { items: found, mark } } : { at: null };
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
