/**
 * Decides whether a page is the last. One that has fewer items than it was asked for need not be, since a source may cap its
 * pages below that size: such a page is the last only where the source says so, or where the size of its pages is known by now.
 * Else one more page is asked for: an empty one, the same again, or an answer that there is no such page, is the end. None of
 * these is where the source told that more follows. Pure.
 */
import type { ToldPages } from './told-pages.ts';

/** How large the pages of a source are, as far as it was seen: items of the largest short page. 0: there was none. */
export interface SeenSizes {
  /** Behind which another page followed. */
  full: number;
  /** Behind which nothing followed. */
  last: number;
}

export const NO_SIZES: SeenSizes = { full: 0, last: 0 };

/** How far a source was read; null: nobody can tell. */
interface PagePlace {
  /** Items, with those of the page. */
  reached: number | null;
  /** Pages, with this one. */
  pages: number | null;
}

/** What the source says in an answer of whether more pages follow; null where it says nothing. */
export function saysMore(told: ToldPages, place: PagePlace): boolean | null {
  return told.link ?? told.more ?? told.next ?? isBelow(place.reached, told.total) ?? isBelow(place.pages, told.pages);
}

/**
 * Whether the source counts on another page, so that an empty page, and none, is not the end. A link to a next page is no such
 * word, because many sources give one on the last page and behind it.
 */
export function promisesMore(told: ToldPages, place: PagePlace): boolean {
  if (told.more !== null) return told.more;
  if (told.link === false) return false;
  return isBelow(place.reached, told.total) === true || isBelow(place.pages, told.pages) === true;
}

/**
 * Whether the source says that a full page is the last. `surely`: it need not be asked for another one. `likely`: it is, because a
 * total may be estimated or that of the page; and if it refuses that page, this one was the last.
 */
export function endOfFull(told: ToldPages, place: PagePlace): 'surely' | 'likely' | null {
  if (saysMore(told, place) !== false) return null;
  const isSure = told.link === false || told.more === false || isBelow(place.pages, told.pages) === false;
  return isSure ? 'surely' : 'likely';
}

/** Whether to ask for a page behind one that is short. @param says as `saysMore` answers */
export function asksBehind(found: number, { full, last }: SeenSizes, says: boolean | null): boolean {
  if (says !== null) return says;
  return full > 0 ? found >= full : found > last;
}

/** What is known of the page before one that the source refuses. */
export interface Follows {
  /** It had fewer items than it was asked for, or the source said that it is the last. */
  short: boolean;
  /** The source said that another page follows. */
  promised: boolean;
}

/** The statuses by which a source says that there is no page behind the last: behind a short page, and behind a full one. */
export function isBeyondLast(status: number, { short, promised }: Follows): boolean {
  if (promised) return false;
  return status === 404 || status === 416 || (short && (status === 400 || status === 410 || status === 422));
}

function isBelow(reached: number | null, told: number | null): boolean | null {
  return reached === null || told === null ? null : reached < told;
}
