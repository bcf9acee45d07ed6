/**
 * The position of an HTTP feed: the source's cursor, the current range of time and page, the validators of the next request,
 * and how far a body was read that a burst did not finish. Pure.
 * The validators belong to a body that was read to its end, and to the request that it answered. So the request is stored
 * beside them, as a fingerprint, because it may carry a secret.
 */
import { toBase64Url } from '../../base/base64url.ts';
import { digestOf, hexOf, sha256 } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
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
  /** The latest time that came in this range, up to the page that is asked for next. */
  latest: TimeMark | null;
  /** Of the items at `since`, how many the pages of this range still have to bring again; null: all of its edge. */
  due: EdgeCounts | null;
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
export const SHORT_MARK = 8;

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
  /** The items that have exactly this time. */
  edge: EdgeCounts;
  /** Items that came with a time behind it, ahead of the clock; at most `MOST_AHEAD`. */
  ahead: readonly AheadItem[];
}

/**
 * How many items there are of each content, by its fingerprint. Infinity: any number, since earlier releases did not count them.
 */
export type EdgeCounts = ReadonlyMap<string, number>;

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
  /** The source said that another page follows it; false: that it is the last. Absent: it did not say. */
  follows?: boolean;
  /** How many items there are altogether, as the source told last. */
  total?: number;
  /** How many pages there are altogether. */
  pages?: number;
  /** How many pages were empty since, although more were said to follow. */
  empty?: number;
}

export const NO_POSITION: HttpPosition = {
  cursor: null,
  validators: null,
  read: null,
  since: null,
  range: null,
  latest: null,
  due: null,
  page: null,
  way: null,
  tail: [],
  notBefore: null,
  heardUntil: null,
  heard: '',
  sizes: NO_SIZES,
};

/** The headers that ask for a body only if it has changed since it was read. */
export function conditionalHeaders(validators: Validators | null, url: string): Record<string, string> {
  if (validators === null || validators.url !== url) return {};
  return {
    ...(validators.etag === null ? {} : { 'if-none-match': validators.etag }),
    ...(validators.lastModified === null ? {} : { 'if-modified-since': validators.lastModified }),
  };
}

/**
 * The validators that are kept behind a 304: those that it has take the place of those of the same request, since its source says that
 * they too stand for the body that was read.
 */
export function validatorsBehind(kept: Validators | null, told: Validators | null): Validators | null {
  if (kept === null || told === null || kept.url !== told.url) return kept;
  const [etag, lastModified] = [told.etag ?? kept.etag, told.lastModified ?? kept.lastModified];
  return etag === kept.etag && lastModified === kept.lastModified ? kept : { ...kept, etag, lastModified };
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
