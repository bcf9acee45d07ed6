/**
 * The options of an HTTP feed, as editors show them. Defaults and bounds stand in spec.ts, which is proved equal to these
 * types; rules about several options stand in problems.ts.
 */
import type { BurstContext, FeedBatch, FeedPacing } from '../../declare/feed.ts';
import { publicForm } from '../../net/fetch-target.ts';
import type { Politeness } from '../../net/politeness.ts';
import type { TimeFormat } from '../../base/source-time.ts';
import type { HttpBody } from '../kit/template.ts';
import type { DocumentFormat, FormatBase, RowFormat } from './format.ts';

/** What a function of the app is told before each request. */
export interface HttpAt {
  /** The source's cursor as it was last committed: null before the first, and where no `cursor` is declared. */
  position: string | number | null;
  /** Epoch ms. */
  now: number;
  /** As `since` declares them; null where it is not declared. */
  since: string | null;
  until: string | null;
  /** Of the page that is asked for, by `pages`: its cursor, offset or number; null for the first one by a cursor. */
  page: string | number | null;
}

/**
 * In `url`, `headers` and `body`, `{since}`, `{until}`, `{now}`, `{cursor}` and `{wait}` are filled in: percent-encoded
 * in a URL, escaped in a body. Other braces stay. Texts of a JSON body that are one placeholder and nothing else become
 * a number where it is one, and null where there is none.
 */
export interface HttpOptions extends FeedPacing {
  /** What is asked, or a function that answers it before each request. */
  url: string | ((at: HttpAt) => string | Promise<string>);
  /** Sent with each request, or a function that answers them; their values are never shown, logged or stored. */
  headers?: Record<string, string> | ((at: HttpAt) => Record<string, string> | Promise<Record<string, string>>);
  /** Makes the request a POST. Never shown, logged or stored. */
  body?: HttpBody | ((at: HttpAt) => HttpBody | Promise<HttpBody>);
  /**
   * `json`, `ndjson`, `csv()`, `rss()` or `sse()`. Default: JSON or NDJSON, by the response's content type, then by the
   * URL's ending (`.ndjson`, `.jsonl`), else `json`.
   */
  format?: HttpFormat;
  /** JSON only: where the items are, such as `features` or `data.items`; default: the body itself. An object there is one item. */
  items?: string;
  /** JSON only, instead of `items`: picks them out of the body, where they are nested or their fields stand apart. Pure. */
  pick?: (body: unknown) => readonly unknown[];
  /**
   * For sources that go on from a cursor: what is asked next, committed together with the events before it, so that
   * they are exactly once also without ids. Pages are asked for until one is empty or the cursor stays.
   */
  cursor?: HttpCursor;
  /** For sources that answer in pages, all of which are read anew each time, or of each range. Not beside `cursor`. */
  pages?: HttpPages;
  /** For sources that are asked for a range of time. */
  since?: HttpSince;
  /** For sources that keep a request open until there is something to answer (long polling). */
  wait?: HttpWait;
  /** Most requests of a burst; where there are more pages the next burst goes on. Default 200. */
  maxPages?: number;
  /** Of all feeds of this process that ask the same host. Default: 4 at once, 10 a second. */
  politeness?: Politeness;
  /** Hosts (`localhost`, `10.0.0.5:8080`) that may be http or have a private address, or that a page's link may lead to; default: none. */
  allow?: readonly string[];
  /** Most bytes of a body after decompression. Default: 10 MiB; for NDJSON, CSV and events the budget's bytes where those are more; for RSS 4 MiB. */
  maxBytes?: number;
  /** How long the source may be silent, before its headers and between two pieces of the body; default 10,000. The burst's own time bounds the whole. */
  timeoutMs?: number;
}

export interface HttpCursor {
  /** Path to the cursor, a text or a number: in the body, or in an item; or the name of a header. */
  from: string;
  /**
   * `body`: once a page, JSON only. `item`: of the last item, so the source has to send the oldest first. `header`: of the
   * response. Default: `body`; where each row is an item, `item`.
   */
  of?: 'body' | 'item' | 'header';
  /** Query parameter that carries it. Absent: `{cursor}` stands where it belongs, or a function places it. */
  param?: string;
  /** What is asked first; default: no cursor. */
  initial?: string | number;
}

export type HttpPages =
  /**
   * A link to the next page: the header `Link` with `rel="next"`, or a URL in the body at the path `from`. It stays at the
   * URL's origin, or leads to a host that `allow` names: that one gets no header of the feed but `accept` and the like.
   */
  | { by: 'link'; from?: string }
  /** A text or number in the body at the path `from`; the last page has none. Sent as `param`, or as `{cursor}`. */
  | { by: 'cursor'; from: string; param?: string }
  /** How many items came so far, sent as `param` or as `{cursor}`; a page with fewer than `size` is the last. */
  | { by: 'offset'; size: number; param?: string }
  /** Numbered from `first` on (default 1), sent as `param` or as `{cursor}`; an empty page is the last, or one with fewer than `size`. */
  | { by: 'number'; first?: number; size?: number; param?: string }
  /** A page with `size` items or more has others behind it: they are asked for from the latest time in it, `since.from`. The source sends the oldest first. */
  | { by: 'time'; size: number };

export interface HttpSince {
  /** How times are written: `iso` (8601, UTC), or how many `s`, `ms` or `ns` since 1970. Default `iso`. */
  format?: TimeFormat;
  /**
   * Path to the time in an item; the latest that came is the next `{since}`, and what came with that time is not taken
   * twice. Default: none; the next `{since}` is this time's `{until}`, so the source has to leave out what is at
   * `{until}`, or its items need ids.
   */
  from?: string;
  /** The first `{since}`, epoch ms. Default: `lookbackMs` before the first burst. */
  initialMs?: number;
  /** Default one hour. */
  lookbackMs?: number;
  /** How far each range goes back behind the one before it, for what comes late; the stream then needs ids. Default 0. */
  overlapMs?: number;
  /** How far `{until}` stays behind the clock, for a source that is not complete before. Default 0. */
  delayMs?: number;
  /** Longest range; a feed that was behind catches up in several. Default one day. */
  rangeMs?: number;
  /** Both ends of a range are multiples of this, such as the step of a Prometheus query. Default 1. */
  alignMs?: number;
}

export interface HttpWait {
  /** How long the source may keep a request open; less where the burst is over before. */
  ms: number;
  /** Of the number that is sent; default `s`. */
  unit?: 's' | 'ms';
  /** Query parameter that carries it. Absent: `{wait}` stands where it belongs, or the source needs none. */
  param?: string;
}

/** The feed's source for people: no query, no user, no headers. */
export function describeHttpSource(url: HttpOptions['url']): string {
  if (typeof url === 'function') return 'http, at a URL that the app makes';
  return URL.canParse(url) ? publicForm(new URL(url)) : 'http, at what is no URL';
}

/** A stream of events, which is read in a burst of its own kind. */
export interface EventFormat extends FormatBase {
  reads: 'events';
  load(): Promise<EventBurst>;
}

/** @param signal ends the exchange */
export type EventBurst = (
  options: HttpOptions,
  context: BurstContext,
  signal: AbortSignal,
) => AsyncGenerator<FeedBatch, void, undefined>;

export type DeclaredFormat = RowFormat | DocumentFormat | EventFormat;

export type HttpFormat = 'json' | 'ndjson' | DeclaredFormat;

export function isDeclared(format: unknown): format is DeclaredFormat {
  return typeof format === 'object' && format !== null && 'kind' in format && format.kind === 'format';
}
