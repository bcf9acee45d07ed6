/** Reads one response of an HTTP feed: hands over its items in batches, each with the position behind it, and answers where the feed goes on. */
import type { BurstContext, FeedBatch, FeedItem } from '../../declare/feed.ts';
import { readPortions } from './read-body.ts';
import type { FeedAnswer } from './answer.ts';
import { type BodyItem } from './format.ts';
import { cursorIn, defaultPlace, itemsAtCursor, noCursor, tellNoCursor } from './declared-cursor.ts';
import type { HttpSettings } from './spec.ts';
import { nextPage } from './next-page.ts';
import { fullInstant, noTime, tellAhead, tellEmpty, tellLong, standingCursor } from './page-troubles.ts';
import { fingerprint, type HttpPosition, type TimeMark } from './position.ts';
import { writeHttpPosition } from './stored-position.ts';
import { afterRange, beyondEdge, isAheadOfBound, latestOf, withinRange } from './time-range.ts';
import { saysMore } from './page-end.ts';
import { toldPages } from './told-pages.ts';
import { checkPath, type LastPage, marksOf, pageAtCursor, stepOnward } from './way-onward.ts';
import { type Zone, zoneOf } from '../../base/time/zone.ts';
import type { IdleTimeout } from '../../net/idle-timeout.ts';

interface PageReading {
  options: HttpSettings;
  context: BurstContext;
  position: HttpPosition;
  answer: FeedAnswer;
  withinTimeout: IdleTimeout;
  /** Items and bytes that the burst took so far. This page's are added. */
  taken: { items: number; bytes: number };
  /** Fingerprints of the cursors and pages that this burst asked for. The next one is added. */
  asked: Set<string>;
  /** Whether the range of the position is not stored yet. */
  isNewRange: boolean;
}

/** Items and bytes that every store takes in one commit. */
const ONE_COMMIT_ITEMS = 100;
const ONE_COMMIT_BYTES = 64 * 1024;

export interface PageOutcome {
  position: HttpPosition;
  /** Whether the source has more that can be asked for at once. */
  more: boolean;
}

/** A page that was read to its end. */
interface WholePage extends PageReading {
  found: number;
  /** It is the page before, once more, so that none of its items counts. */
  isRepeated: boolean;
  /** Fingerprint of its first items; empty where the size of pages plays no part. */
  mark: string;
  body: unknown;
  cursor: HttpPosition['cursor'];
  /** The last items, which have the cursor; empty where it is not that of an item. */
  atCursor: readonly BodyItem[];
  latest: TimeMark | null;
  due: HttpPosition['due'];
  /** Null where the source has no cursor. */
  lastPage: LastPage | null;
}

export async function* readPage(page: PageReading): AsyncGenerator<FeedBatch, PageOutcome, undefined> {
  const { options, context, position, answer, taken } = page;
  const { cursor: declared, since } = options;
  const zone = since === undefined ? null : zoneOfTargets(context.targets);
  const begin = position.range?.since ?? 0n;
  const cursorOf = declared === undefined ? null : (declared.of ?? defaultPlace(answer));
  const lastPage = declared === undefined ? null : pageAtCursor(position.tail);
  let cursor: HttpPosition['cursor'] = null;
  let atCursor: readonly BodyItem[] = [];
  let { latest, due } = position;
  let found = 0;
  let { isNewRange } = page;
  const isCounted = options.pages?.by === 'offset' || options.pages?.by === 'number';
  let [isFirst, isRepeated, itemsMark] = [true, false, ''];
  const required = context.targets.map(({ required: names = [] }) => names);
  const fields = context.targets.map(({ fields: names = [] }) => names);
  for await (const portion of readPortions({ ...page, required, fields, now: () => context.now() })) {
    const { body, mark, end } = portion;
    if (isFirst && isCounted) itemsMark = await fingerprint(JSON.stringify(portion.items.map(({ data }) => data)));
    // Some sources answer their last page again where there is no other, or the same one whatever they are asked for.
    if (isFirst) isRepeated = itemsMark !== '' && portion.items.length > 0 && itemsMark === position.page?.behind?.mark;
    isFirst = false;
    const raw = isRepeated ? [] : portion.items;
    const known = position.read !== null && position.read.mark === mark ? position.read.items : 0;
    const readBefore = Math.max(0, known - found);
    const unread = lastPage?.unread(raw, readBefore) ?? raw.slice(readBefore);
    let fresh: readonly BodyItem[] = unread;
    if (since !== undefined) {
      // All items of the page are counted, those too that an earlier burst read: its position stands before the page.
      const edge = await beyondEdge(since, raw, { since: position.since, due }, zone);
      const beyond = new Set(edge.beyond);
      fresh = unread.filter((item) => beyond.has(item));
      ({ due } = edge);
      latest = await latestOf(since, raw, latest, { now: context.now(), begin, zone });
    }
    found += raw.length;
    taken.items += fresh.length;
    for (const { bytes } of fresh) taken.bytes += bytes;
    if (declared !== undefined) {
      const cursorBefore = cursor;
      cursor = cursorIn(declared, cursorOf, raw, body, answer) ?? cursor;
      if (cursorOf === 'item') atCursor = itemsAtCursor(declared, raw, cursor, { before: atCursor, cursorBefore });
    }
    const items = toFeedItems(fresh, context);
    if (isNewRange && (!end || mayBeCut(items, page))) {
      // The rest of a page that is taken in several commits comes again only if exactly the same range is asked for.
      yield { items: [], position: writeHttpPosition(position), partial: true };
    }
    isNewRange = false;
    if (end && isAheadOfBound(position, latest)) tellAhead(context);
    if (!end) {
      const perItem = cursorOf === 'item' && cursor !== null ? { cursor, tail: marksOf(atCursor) } : null;
      if (items.length > 0) yield { items, ...standing(position, perItem, mark, found) };
      continue;
    }
    if (cursorOf === 'item' && cursor === null && found > 0) throw noCursor(declared?.from ?? '', answer.source);
    if (cursorOf === 'body' && cursor === null && found > 0 && position.cursor === null) {
      checkPath('cursor.from', declared?.from ?? '', body, answer.source);
      // Many sources leave the cursor out on their last page, which may be the first. It is told with the first reading alone.
      if (context.position === null) tellNoCursor(context, declared?.from ?? '', body, answer.source);
    }
    const { pages } = options;
    if ((pages?.by === 'cursor' || pages?.by === 'link') && pages.from !== undefined && position.page === null) {
      if (found > 0) checkPath('pages.from', pages.from, body, answer.source);
    }
    if (since?.from !== undefined && latest === null && found > 0) throw noTime(since, raw[0]?.data, answer.source);
    const next = await placeBehind({
      ...page,
      found,
      isRepeated,
      mark: itemsMark,
      body,
      cursor,
      atCursor,
      latest,
      due,
      lastPage,
    });
    yield { items, position: writeHttpPosition(next.position), ...(next.more ? {} : { last: true }) };
    return next;
  }
  return { position, more: false };
}

function mayBeCut(items: readonly FeedItem[], { context: { budget, targets }, taken }: PageReading): boolean {
  const bytes = items.reduce((sum, item) => sum + item.bytes, 0);
  const isLarge = items.length > ONE_COMMIT_ITEMS || bytes > ONE_COMMIT_BYTES;
  return isLarge || taken.items * targets.length > budget.events || taken.bytes * targets.length > budget.bytes;
}

/** Where the next burst goes on if this one ends within a body: behind a cursor, within the same body, or behind the items that the run remembers. */
function standing(
  position: HttpPosition,
  perItem: Pick<HttpPosition, 'cursor' | 'tail'> | null,
  mark: string | null,
  items: number,
): Pick<FeedBatch, 'position' | 'partial'> {
  const within = { ...position, validators: null, read: null };
  if (perItem !== null) return { position: writeHttpPosition({ ...within, ...perItem }) };
  if (mark !== null) return { position: writeHttpPosition({ ...within, read: { mark, items } }) };
  // The same items come again only if the same range is asked for.
  return position.range === null ? { partial: true } : { position: writeHttpPosition(within), partial: true };
}

async function placeBehind(page: WholePage): Promise<PageOutcome> {
  const { options, position, answer, latest, due, asked } = page;
  const { pages, since, cursor: declared, allow } = options;
  const within = { ...position, validators: null, read: null, latest, due };
  if (declared !== undefined && isMoved(page)) {
    const step = { from: position.cursor, to: page.cursor, asked, source: answer.source, field: 'cursor' as const };
    const way = await stepOnward(position.way, step);
    const isEmpty = page.found === 0;
    const more = !isEmpty || options.wait !== undefined || goesOn(page);
    // A source that is waited for may begin its count anew before it has something.
    return {
      position: {
        ...within,
        cursor: page.cursor,
        tail: marksOf(page.atCursor),
        way: isEmpty && options.wait !== undefined ? null : way,
      },
      more,
    };
  }
  if (pages === undefined && stands(page)) throw standingCursor(answer.source);
  if (page.lastPage !== null && page.found > 0) within.tail = page.lastPage.marks() ?? tellLong(page.context);
  if (pages !== undefined) {
    const next = await nextPage({ ...page, pages, page: position.page, sizes: position.sizes, allow });
    within.sizes = next.sizes;
    if (next.isGivenUp) tellEmpty(page.context, answer.source);
    if (next.page !== null) return { position: { ...within, page: next.page }, more: true };
  }
  if (pages?.by === 'time' && page.found >= pages.size) {
    const rest = withinRange(within, latest);
    if (rest === null) throw fullInstant(answer.source);
    return { position: rest, more: true };
  }
  // Validators of one page do not show whether other pages have changed.
  const validators = position.page === null ? answer.validators : null;
  return endOfReading(options, { ...within, validators }, latest, since !== undefined);
}

/** The position behind the last page, or where there was nothing new. */
export function endOfReading(
  { since }: HttpSettings,
  position: HttpPosition,
  latest: TimeMark | null,
  mayGoOn: boolean,
): PageOutcome {
  const behind = since === undefined ? position : afterRange(since, position, latest);
  return {
    position: { ...behind, page: null, way: null, latest: null, due: null },
    more: mayGoOn && (position.range?.more ?? false),
  };
}

/** Whether a page without items says that more follow. */
function goesOn({ body, answer: { headers } }: WholePage): boolean {
  return saysMore(toldPages({ body, headers }), { reached: Number.POSITIVE_INFINITY, pages: null }) === true;
}

/** Whether a source says that more follows behind items that all have the cursor it was asked with: what follows is out of reach. */
function stands({ position, cursor, found, body, answer: { headers } }: WholePage): boolean {
  return found > 0 && cursor !== null && cursor === position.cursor && toldPages({ body, headers }).more === true;
}

/** Whether the cursor has moved on. An empty page moves it too: what follows may stand behind many of them. */
function isMoved({ position, cursor }: WholePage): boolean {
  return cursor !== null && cursor !== position.cursor;
}

/** The zone of times that are written without one, where all streams of the feed declare the same. Null: UTC. */
function zoneOfTargets(targets: BurstContext['targets']): Zone | null {
  const [name, ...others] = new Set(targets.map(({ zone }) => zone ?? null));
  return name === undefined || name === null || others.length > 0 ? null : zoneOf(name);
}

export function toFeedItems(items: readonly BodyItem[], { targets }: BurstContext): FeedItem[] {
  return targets.flatMap(({ stream }) => items.map((item) => ({ stream, ...item })));
}
