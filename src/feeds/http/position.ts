/**
 * The position of an HTTP feed: the source's cursor, the current range of time and page, the validators of the next request,
 * and how far a body was read that a burst did not finish. Pure.
 * The validators belong to a body that was read to its end, and to the request that it answered. So the request is stored
 * beside them, as a fingerprint, because it may carry a secret.
 */
import { toBase64Url } from '../../base/base64url.ts';
import { digestOf, hexOf, sha256 } from '../../base/digest.ts';
import { type Json, type JsonObject, asJsonObject } from '../../base/json.ts';
import { NO_SIZES, type SeenSizes } from './page-end.ts';

export interface HttpPosition {
  /** The source's cursor; of a stream of events, the last id. */
  cursor: string | number | null;
  validators: Validators | null;
  /** How far the last body was read; null where it was read to its end. */
  read: PartlyRead | null;
  /** Where the next range of time begins; null before the first. */
  since: TimeMark | null;
  /** The range that is being read; null between two ranges. */
  range: TimeRange | null;
  /** The latest time that came in this range. */
  latest: TimeMark | null;
  /** The next page; null for the first. */
  page: PageMark | null;
  /** The way of a cursor since the source had nothing more; null where it did not move since. */
  way: Way | null;
  /** Of a page that no cursor leads beyond: the marks of its items (see `shortMark`), since it is asked for again. */
  tail: readonly string[];
  /** Epoch ms before which the source wants no connection; null where it named none. */
  notBefore: number | null;
  /** Epoch ms until which a stream of events was listened to that gave no id to go on from; null for every other. */
  heardUntil: number | null;
  /** What a stream of events is remembered by, as `sse/resumption.ts` writes it; empty for every other. */
  heard: string;
  /** How large the source's pages were that had fewer items than they were asked for. */
  sizes: SeenSizes;
}

/** Items ahead of the clock that a position tells of. They take 10 KB of it. */
export const MOST_AHEAD = 600;
/** Characters of a short mark. */
const SHORT_MARK = 8;
/** The last time that a `Date` tells, epoch ms. */
const LAST_MS = 8_640_000_000_000_000n;

interface PartlyRead {
  /** Identity of the body. If the same body comes again, the items that were read are passed over. */
  mark: string;
  items: number;
}

export interface Validators {
  /** Fingerprint of the request. */
  url: string;
  etag: string | null;
  lastModified: string | null;
}

export interface TimeMark {
  /** Nanoseconds. */
  time: bigint;
  /** Fingerprints of the items that have exactly this time. */
  edge: readonly string[];
  /** Items that came with a time behind it, ahead of the clock; at most `MOST_AHEAD`. */
  ahead: readonly AheadItem[];
}

export interface AheadItem {
  /** Nanoseconds. */
  time: bigint;
  /** See `shortMark`. */
  mark: string;
}

export interface TimeRange {
  since: bigint;
  until: bigint;
  /** Whether the range ends before now, so that another one follows at once. */
  more: boolean;
}

/** How a source led on from answer to answer of one reading. */
export interface Way {
  /** How many answers came before. */
  count: number;
  /** Fingerprint of one of the places that it led to. If it comes again, they lead in a circle. */
  seen: string;
}

export interface PageMark extends Way {
  /** Cursor, offset or number; of a link, see `next-link.ts`. */
  at: Json;
  /** The page before, of pages by number or offset: some sources answer their last page again. */
  behind?: PageBefore;
}

export interface PageBefore {
  /** How many items it had, where these were fewer than it was asked for; else 0. */
  items: number;
  /** It had all the items that it was asked for, so that it need not be the last. */
  isFull?: true;
  /** Fingerprint of the items; empty where they were too many for one portion. */
  mark: string;
}

export const NO_POSITION: HttpPosition = {
  cursor: null,
  validators: null,
  read: null,
  since: null,
  range: null,
  latest: null,
  page: null,
  way: null,
  tail: [],
  notBefore: null,
  heardUntil: null,
  heard: '',
  sizes: NO_SIZES,
};

/** The position of a feed by time that is to read from this time on, epoch ms. */
export function positionSince(time: number): Json {
  const since = { time: BigInt(Math.floor(time)) * 1_000_000n, edge: [], ahead: [] };
  return writeHttpPosition({ ...NO_POSITION, since });
}

/** A stored position. One that another kind of feed left counts as none. */
export function readHttpPosition(stored: Json): HttpPosition {
  const fields = asJsonObject(stored) ?? {};
  const { cursor, url, etag, lastModified, mark, items, notBefore, heardUntil } = fields;
  return {
    cursor: typeof cursor === 'string' || typeof cursor === 'number' ? cursor : null,
    validators:
      typeof url === 'string' ? { url, etag: textOrNull(etag), lastModified: textOrNull(lastModified) } : null,
    read: typeof mark === 'string' && typeof items === 'number' ? { mark, items } : null,
    since: readMark(fields['since']),
    range: readRange(fields['range']),
    latest: readMark(fields['latest']),
    page: readPage(fields['page']),
    way: readWay(fields['way']),
    tail: unpackMarks(textOrNull(fields['tail']) ?? ''),
    notBefore: typeof notBefore === 'number' ? notBefore : null,
    heardUntil: typeof heardUntil === 'number' ? heardUntil : null,
    heard: typeof fields['heard'] === 'string' ? fields['heard'] : '',
    sizes: readSizes(fields['sizes']),
  };
}

/** Members that are null are left out, but for the cursor. */
export function writeHttpPosition(position: HttpPosition): Json {
  const { cursor, validators, read, since, range, latest, page, way, tail, notBefore, heardUntil, heard, sizes } =
    position;
  return {
    cursor,
    ...validators,
    ...read,
    ...(since === null ? {} : { since: writeMark(since, []) }),
    ...(range === null ? {} : { range: { ...range, since: String(range.since), until: String(range.until) } }),
    // Those ahead stand there once. Beyond the bound they are left out, and taken again if the reading breaks off.
    ...(latest === null ? {} : { latest: writeMark(latest, since?.ahead ?? []) }),
    ...(page === null ? {} : { page: writePage(page) }),
    ...(way === null ? {} : { way: { ...way } }),
    ...(tail.length === 0 ? {} : { tail: tail.join('') }),
    ...(heard === '' ? {} : { heard }),
    ...(sizes.full + sizes.last === 0 ? {} : { sizes: [sizes.full, sizes.last] }),
    ...(notBefore === null ? {} : { notBefore }),
    ...(heardUntil === null ? {} : { heardUntil }),
  };
}

function writeMark({ time, edge, ahead }: TimeMark, known: readonly AheadItem[]): JsonObject {
  const marks = new Set(known.map(({ mark }) => mark));
  const early = ahead.filter(({ mark }) => !marks.has(mark)).slice(0, MOST_AHEAD - marks.size);
  return { time: String(time), edge: [...edge], ...(early.length === 0 ? {} : { early: packAhead(early) }) };
}

/** For each time the milliseconds since the one before, in base 36, and the marks. Times are rounded up. */
function packAhead(items: readonly AheadItem[]): string {
  const byTime = Map.groupBy(items, ({ time }) => msAbove(time));
  let last = 0;
  const parts = [...byTime].sort(([a], [b]) => a - b);
  return parts
    .map(([time, same]) => {
      const step = (time - last).toString(36);
      last = time;
      return `${step}.${same.map(({ mark }) => mark).join('')}`;
    })
    .join(' ');
}

function unpackAhead(text: string): AheadItem[] {
  let last = 0;
  return text.split(' ').flatMap((part) => {
    const [step = '', marks = ''] = part.split('.');
    last += Number.parseInt(step, 36);
    if (!Number.isSafeInteger(last)) return [];
    const time = BigInt(last) * 1_000_000n;
    return unpackMarks(marks).map((mark) => ({ time, mark }));
  });
}

function unpackMarks(marks: string): string[] {
  const count = Math.floor(marks.length / SHORT_MARK);
  return Array.from({ length: count }, (_, index) => marks.slice(index * SHORT_MARK, (index + 1) * SHORT_MARK));
}

function msAbove(time: bigint): number {
  const ms = (time + 999_999n) / 1_000_000n;
  return Number(ms > LAST_MS ? LAST_MS : ms);
}

function readMark(stored: Json | undefined): TimeMark | null {
  const { time, edge, early } = asJsonObject(stored) ?? {};
  const ns = readNs(time);
  if (ns === null || !Array.isArray(edge)) return null;
  const ahead = typeof early === 'string' ? unpackAhead(early) : [];
  return { time: ns, edge: edge.filter((one) => typeof one === 'string'), ahead };
}

function readRange(stored: Json | undefined): TimeRange | null {
  const fields = asJsonObject(stored) ?? {};
  const [since, until] = [readNs(fields['since']), readNs(fields['until'])];
  return since === null || until === null ? null : { since, until, more: fields['more'] === true };
}

function readPage(stored: Json | undefined): PageMark | null {
  const { at, count, seen, behind } = asJsonObject(stored) ?? {};
  if (at === undefined || typeof count !== 'number' || typeof seen !== 'string') return null;
  const { items, mark, isFull } = asJsonObject(behind) ?? {};
  if (typeof items !== 'number' || typeof mark !== 'string') return { at, count, seen };
  return { at, count, seen, behind: { items, mark, ...(isFull === true ? { isFull } : {}) } };
}

function readWay(stored: Json | undefined): Way | null {
  const { count, seen } = asJsonObject(stored) ?? {};
  return typeof count === 'number' && typeof seen === 'string' ? { count, seen } : null;
}

function writePage({ behind, ...page }: PageMark): JsonObject {
  return { ...page, ...(behind === undefined ? {} : { behind: { ...behind } }) };
}

function readSizes(stored: Json | undefined): SeenSizes {
  const [full, last] = Array.isArray(stored) ? stored : [];
  return typeof full === 'number' && typeof last === 'number' ? { full, last } : NO_SIZES;
}

function readNs(stored: Json | undefined): bigint | null {
  return typeof stored === 'string' && /^-?\d{1,30}$/.test(stored) ? BigInt(stored) : null;
}

/** The headers that ask for a body only if it has changed since it was read. */
export function conditionalHeaders(validators: Validators | null, url: string): Record<string, string> {
  if (validators === null || validators.url !== url) return {};
  return {
    ...(validators.etag === null ? {} : { 'if-none-match': validators.etag }),
    ...(validators.lastModified === null ? {} : { 'if-modified-since': validators.lastModified }),
  };
}

/** 64 bits of SHA-256, as hex. */
export async function fingerprint(content: string | Uint8Array<ArrayBuffer>): Promise<string> {
  return hexOf((await sha256(content)).slice(0, 8));
}

/** 48 bits of a digest, as base64url: among a few hundred items two have the same once in 10⁹. */
export function shortMark(content: string): string {
  const pairs = digestOf(content).slice(-12).match(/../g) ?? [];
  return toBase64Url(Uint8Array.from(pairs, (pair) => Number.parseInt(pair, 16)));
}

function textOrNull(value: Json | undefined): string | null {
  return typeof value === 'string' ? value : null;
}
