/** Reads what an answer tells of the pages of its source, beside the items: in its headers and around them. Pure. */
import { isJsonObject } from '../../base/json.ts';
import { linkTarget } from '../../net/link-header.ts';

/** Null: the answer tells nothing of it. */
export interface ToldPages {
  /** The header `Link` leads to a next page; false where it leads to others alone. */
  link: boolean | null;
  /** `has_more`, `is_last` and the like. */
  more: boolean | null;
  /** `next` and the like lead on. Many sources fill it in on their last page too. */
  next: boolean | null;
  /** How many items there are altogether. Some sources tell here how many are on the page. */
  total: number | null;
  /** How many pages there are altogether. */
  pages: number | null;
}

export function toldPages({ body, headers }: { body: unknown; headers: Headers }): ToldPages {
  const holders = [body, ...AROUND.map((name) => member(body, name))].filter(isJsonObject);
  const named = holders.flatMap((holder) => Object.entries(holder));
  const all = [...named, ...countsIn(headers)].map(([name, value]) => [plain(name), value] as const);
  const told: ToldPages = { link: linkOf(headers), more: null, next: null, total: null, pages: null };
  for (const [name, value] of all) {
    if (typeof value === 'boolean' && MORE.has(name)) told.more ??= value;
    if (typeof value === 'boolean' && LAST.has(name)) told.more ??= !value;
    if (NEXT.has(name)) told.next ??= value !== null && value !== '' && value !== false;
    if (isCount(value) && TOTAL.has(name)) told.total ??= value;
    if (isCount(value) && PAGES.has(name)) told.pages ??= value;
  }
  return told;
}

/** Whether an answer tells anything. */
export function tellsOfPages(told: ToldPages): boolean {
  return Object.values(told).some((one) => one !== null);
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
/** `X-Total-Count`, `X-WP-TotalPages`, `X-Pagination-Page-Count` and the like. */
const COUNT_HEADER = /^x-(?:wp-|pagination-)?(.+)$/;

function linkOf(headers: Headers): boolean | null {
  const link = headers.get('link');
  if (linkTarget(link, 'next') !== null) return true;
  return link !== null && /\brel="?(?:prev|previous|first|last)\b/i.test(link) ? false : null;
}

function countsIn(headers: Headers): [string, unknown][] {
  const counts: [string, unknown][] = [];
  for (const [header, value] of headers) {
    const [, name = ''] = COUNT_HEADER.exec(header) ?? [];
    const isTold = TOTAL.has(plain(name)) || PAGES.has(plain(name));
    if (isTold && /^\d{1,15}$/.test(value)) counts.push([name, Number(value)]);
  }
  return counts;
}

const plain = (name: string) => name.replaceAll(/[_-]/g, '').toLowerCase();
const member = (value: unknown, name: string): unknown =>
  isJsonObject(value) ? (value as Record<string, unknown>)[name] : null;
const isCount = (value: unknown): value is number => typeof value === 'number' && Number.isInteger(value) && value >= 0;
