/** Finds the page that follows a page. Pure, but for fingerprints. */
import type { Json } from '../../base/json.ts';
import type { FeedAnswer } from './answer.ts';
import type { HttpPages } from './options.ts';
import { asksBehind, endOfFull, promisesMore, saysMore, type SeenSizes } from './page-end.ts';
import type { PageBefore, PageMark } from './position.ts';
import { asCursor, placeIn, stepOnward } from './way-onward.ts';
import { linkTarget } from '../../net/link-header.ts';
import { resolveNext, storeLink } from './next-link.ts';
import { type ToldPages, toldPages } from './told-pages.ts';

interface PageEnd {
  pages: HttpPages;
  /** The page that was read; null for the first. */
  page: PageMark | null;
  answer: FeedAnswer;
  /** The body around the items, JSON only. */
  body: unknown;
  /** How many items the page had. */
  found: number;
  /** It is the page before, once more. */
  isRepeated: boolean;
  /** Fingerprint of the first of them, or of all. */
  mark: string;
  sizes: SeenSizes;
  allow: readonly string[];
  /** Fingerprints of the pages that this burst asked for. The next page is added. */
  asked: Set<string>;
}

/** Some sources say that more follows behind every page, and behind the last one too. */
export const MOST_EMPTY_IN_A_ROW = 20;

interface NextPage {
  /** Null where there is none. */
  page: PageMark | null;
  /** What is known of the sizes of pages. */
  sizes: SeenSizes;
  /** The source said that more follows, but too many pages in a row were empty. */
  isGivenUp: boolean;
}

/** @throws TidegateError `upstream` where the page that follows was asked for before */
export async function nextPage(end: PageEnd): Promise<NextPage> {
  const { page, asked, answer, found } = end;
  const { at, behind, isGivenUp = false } = placeOfNext({ ...end, sizes: sizesBehind(end) });
  const sizes = found === 0 && at !== null ? end.sizes : sizesBehind(end);
  if (at === null) return { page: null, sizes, isGivenUp };
  // Some sources name the same page again to say that there are no more.
  const isSame = page !== null && JSON.stringify(at) === JSON.stringify(page.at);
  const { more } = toldPages({ body: end.body, headers: answer.headers });
  if (isSame && (found === 0 || more === false)) return { page: null, sizes, isGivenUp };
  const way = await stepOnward(page, { from: page?.at ?? null, to: at, asked, source: answer.source, field: 'pages' });
  return { page: { at, ...way, ...(behind ? { behind } : {}) }, sizes, isGivenUp };
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
  isGivenUp?: boolean;
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
function placeBehind(end: PageEnd, size: number | undefined, next: number): Place {
  const { pages, page, found, mark, sizes } = end;
  const told = toldSoFar(end);
  if (found === 0) return placeBehindEmpty(end, told, size, next);
  const number = numberBehind(pages, next);
  const perPage = page?.behind?.items || size;
  const reached = number === null ? next : perPage === undefined ? null : (number - 1) * perPage + found;
  const place = { reached, pages: number };
  const follows = promisesMore(told, place) ? true : null;
  if (size !== undefined && found < size) {
    const asks = asksBehind(found, sizes, saysMore(told, place));
    return asks ? { at: next, behind: { items: found, mark, ...kept(follows, told) } } : { at: null };
  }
  const ended = endOfFull(told, place);
  if (ended === 'surely') return { at: null };
  const isFull = size === undefined ? {} : { isFull: true as const };
  return { at: next, behind: { items: 0, mark, ...isFull, ...kept(ended === 'likely' ? false : follows, told) } };
}

/** An empty page is the last, unless the source counts on more: what it had may have been filtered out. */
function placeBehindEmpty(
  { pages, page, isRepeated }: PageEnd,
  told: ToldPages,
  size: number | undefined,
  next: number,
): Place {
  const before = page?.behind ?? { items: 0, mark: '' };
  const number = numberBehind(pages, next);
  const perPage = before.items || size;
  const at = number === null ? next + (perPage ?? 0) : next;
  const reached = number === null ? at : perPage === undefined ? null : number * perPage;
  if (isRepeated || !promisesMore(told, { reached, pages: number })) return { at: null };
  const empty = (before.empty ?? 0) + 1;
  if (empty > MOST_EMPTY_IN_A_ROW) return { at: null, isGivenUp: true };
  return { at, behind: { items: before.items, mark: before.mark, empty, ...kept(true, told) } };
}

/** How many pages were read when `next` follows; null: pages are not counted. */
function numberBehind(pages: HttpPages, next: number): number | null {
  return pages.by === 'number' ? next - (pages.first ?? 1) : null;
}

/** What this answer tells of the pages, with the totals that one before told. */
function toldSoFar({ page, body, answer: { headers } }: PageEnd): ToldPages {
  const { total = null, pages = null } = page?.behind ?? {};
  const told = toldPages({ body, headers });
  return { ...told, total: told.total ?? total, pages: told.pages ?? pages };
}

function kept(follows: boolean | null, { total, pages }: ToldPages): Pick<PageBefore, 'follows' | 'total' | 'pages'> {
  return {
    ...(follows === null ? {} : { follows }),
    ...(total === null ? {} : { total }),
    ...(pages === null ? {} : { pages }),
  };
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
