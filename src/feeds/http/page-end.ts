/**
 * Decides whether a page that has fewer items than it was asked for is the last. A source may cap its pages below that size, so
 * such a page is the last only where the source says so, or where the size of its pages is known by now. Else one more page is
 * asked for: an empty one, the same again, or an answer that there is no such page, is the end. Pure.
 */
import { isJsonObject } from '../../base/json.ts';
import { linkTarget } from '../../net/link-header.ts';

/** How large the pages of a source are, as far as it was seen: items of the largest short page. 0: there was none. */
export interface SeenSizes {
  /** Behind which another page followed. */
  full: number;
  /** Behind which nothing followed. */
  last: number;
}

export const NO_SIZES: SeenSizes = { full: 0, last: 0 };

/** What the source says in an answer of whether more pages follow; null where it says nothing. */
export function saysMore(
  { body, headers }: { body: unknown; headers: Headers },
  { reached, pages }: { reached: number; pages: number | null },
): boolean | null {
  const link = headers.get('link');
  if (linkTarget(link, 'next') !== null) return true;
  if (link !== null && /\brel="?(?:prev|previous|first|last)\b/i.test(link)) return false;
  const holders = [body, ...AROUND.map((name) => member(body, name))].filter(isJsonObject);
  const all = holders.flatMap((holder) => Object.entries(holder)).map(([name, value]) => [plain(name), value] as const);
  for (const [name, value] of all) {
    if (MORE.has(name) && typeof value === 'boolean') return value;
    if (LAST.has(name) && typeof value === 'boolean') return !value;
  }
  for (const [name, value] of all) if (NEXT.has(name)) return value !== null && value !== '' && value !== false;
  for (const [name, value] of all) if (TOTAL.has(name) && isCount(value)) return value > reached;
  if (pages === null) return null;
  for (const [name, value] of all) if (PAGES.has(name) && isCount(value)) return value > pages;
  return null;
}

/** Where sources tell of their pages, beside the items. */
const AROUND = [
  'meta',
  '_meta',
  'metadata',
  'pagination',
  'paging',
  'page',
  'pageInfo',
  'page_info',
  'info',
  'links',
  '_links',
];
/** Names without capitals and underscores. */
const MORE = new Set(['hasmore', 'hasnext', 'hasnextpage', 'moreavailable', 'ismore']);
const LAST = new Set(['islast', 'islastpage', 'last']);
const NEXT = new Set(['next', 'nextpage', 'nextpageurl', 'nexturl', 'nextlink']);
const TOTAL = new Set([
  'total',
  'totalcount',
  'totalresults',
  'totalitems',
  'totalelements',
  'totalrecords',
  'recordstotal',
  'numfound',
  'nbhits',
]);
const PAGES = new Set(['totalpages', 'pagecount', 'pages', 'lastpage', 'nbpages', 'pagestotal']);

const plain = (name: string) => name.replaceAll('_', '').toLowerCase();
const member = (value: unknown, name: string): unknown =>
  isJsonObject(value) ? (value as Record<string, unknown>)[name] : null;
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 0;

/** Whether to ask for a page behind one that is short. @param says as `saysMore` answers */
export function asksBehind(found: number, { full, last }: SeenSizes, says: boolean | null): boolean {
  if (says !== null) return says;
  return full > 0 ? found >= full : found > last;
}

/** The statuses by which a source says that there is no page behind the last: behind a short page, and behind a full one. */
export function isBeyondLast(status: number, isBehindShort: boolean): boolean {
  return status === 404 || status === 416 || (isBehindShort && (status === 400 || status === 410 || status === 422));
}
