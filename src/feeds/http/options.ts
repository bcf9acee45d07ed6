/**
 * The options of an HTTP feed, as editors show them. Defaults and bounds stand in spec.ts, which is proved equal to these
 * types; rules about several options stand in problems.ts.
 */
import type { BurstContext, FeedBatch, FeedPacing } from '../../declare/feed.ts';
import type { Secret } from '../../declare/secret.ts';
import { publicForm } from '../../net/fetch-target.ts';
import type { Politeness } from '../../net/politeness.ts';
import type { TimeFormat } from '../../base/time/source-time.ts';
import type { HttpBody } from '../kit/template.ts';
import type { DocumentFormat, FormatBase, RowFormat } from './format.ts';

/** What a function of the app gets before each request. */
export interface HttpAt {
  /** The source's cursor as it was last committed. Null before the first, and where no `cursor` is declared. */
  position: string | number | null;
  /** Epoch ms. */
  now: number;
  /** Start of the range of time, written as `since.format` says. Null where no `since` is declared. */
  since: string | null;
  /** End of that range. */
  until: string | null;
  /** The page to ask for, as `pages` counts it: its cursor, offset or number. Null for the first page by a cursor. */
  page: string | number | null;
}

/**
 * In `url`, `headers` and `body`, `{since}`, `{until}`, `{now}`, `{cursor}` and `{wait}` are filled in: percent-encoded
 * in a URL, escaped in a body. Other braces stay. A text of a JSON body that is one placeholder and nothing else becomes
 * a number where the value is one, and null where there is no value.
 */
export interface HttpOptions extends FeedPacing {
  /** What is asked: a text, a secret, or a function that answers it before each request. */
  url: string | Secret | ((at: HttpAt) => string | Promise<string>);
  /** Sent with each request: texts or secrets, or a function that answers texts. The values are never shown, logged or stored. */
  headers?:
    | Record<string, string | Secret>
    | ((at: HttpAt) => Record<string, string> | Promise<Record<string, string>>);
  /**
   * `{ json }` or `{ form }`, in which secrets may stand, or a function that answers one without. Makes the request a
   * POST. Never shown, logged or stored.
   */
  body?: HttpBody | { form: Record<string, string | Secret> } | ((at: HttpAt) => HttpBody | Promise<HttpBody>);
  /**
   * `json`, `ndjson`, `csv()`, `rss()` or `sse()`. Where none is declared, the body is JSON or NDJSON by the response's
   * content type, then by the URL's ending (`.ndjson`, `.jsonl`), else JSON. A declared format counts before the
   * content type.
   */
  format?: HttpFormat;
  /**
   * JSON and NDJSON only: the charset of a source that does not send UTF-8, such as `windows-1252`. What `Content-Type`
   * says of it counts for nothing (RFC 8259). `csv()` and `rss()` have an option of their own.
   * @default UTF-8, unless a byte order mark says UTF-16
   */
  charset?: string;
  /**
   * JSON only: path to the items, such as `features` or `data.items`. An object there is one item.
   * @default the body itself
   */
  items?: string;
  /**
   * JSON only, instead of `items`: a function that picks the items out of the body, for items that are nested or whose
   * fields stand apart. It must be pure.
   */
  pick?: (body: unknown) => readonly unknown[];
  /**
   * For sources that go on from a cursor. The cursor is committed together with the events before it, which makes them
   * exactly once also without ids. A burst asks for pages until one is empty or the cursor stays the same.
   * Where no cursor leads beyond the last page, that page is asked for again, and what it had is passed over; of a page above 1,000
   * items it comes twice.
   */
  cursor?: HttpCursor;
  /** For sources that answer in pages. All pages are read again each time, or for each range. Not beside `cursor`. */
  pages?: HttpPages;
  /** For sources that are asked for a range of time. */
  since?: HttpSince;
  /** For sources that keep a request open until they have something to answer (long polling). */
  wait?: HttpWait;
  /**
   * Most requests of a burst. Where there are more pages, the next burst goes on behind them.
   * @default 200
   */
  maxPages?: number;
  /** Limits for the host, shared by all feeds of this process that ask it. Two processes do not know of each other. */
  politeness?: Politeness;
  /**
   * Hosts (`localhost`, `10.0.0.5:8080`) that may be http or have a private address, or to which a page's link may lead.
   * @default []
   */
  allow?: readonly string[];
  /**
   * Most bytes of a body after decompression.
   * @default 10 MiB; for NDJSON, CSV and events the budget's bytes where those are more; for RSS 4 MiB
   */
  maxBytes?: number;
  /**
   * How long the source may be silent, before its headers and between two pieces of the body. The burst's own time
   * bounds the whole.
   * @default 10,000 ms
   */
  timeoutMs?: number;
}

export interface HttpCursor {
  /** Path to the cursor, a text or a number, in the body or in an item; or the name of a header. */
  from: string;
  /**
   * `body`: once a page, JSON only. `item`: of the last item, which requires a source that sends the oldest first; it may begin with the
   * item of the cursor once more.
   * `header`: of the response. The cursor of a body or a header has to lead behind its items, or these need ids.
   * @default `body`; where each row is an item, `item`
   */
  of?: 'body' | 'item' | 'header';
  /** Query parameter that carries the cursor. Not needed where `{cursor}` stands in its place, or a function places it. */
  param?: string;
  /**
   * The cursor of the first request.
   * @default none
   */
  initial?: string | number;
}

export type HttpPages =
  /**
   * A link to the next page: the header `Link` with `rel="next"`, or a URL in the body at the path `from`. It must stay at
   * the URL's origin, or lead to a host that `allow` names. That host gets `accept` and `user-agent`, and no other header.
   */
  | { by: 'link'; from?: string }
  /** A text or number in the body at the path `from`; the last page has none. Sent as `param`, or as `{cursor}`. */
  | { by: 'cursor'; from: string; param?: string }
  /** How many items came so far, sent as `param` or as `{cursor}`. A page with fewer than `size` items is the last, unless the source caps its pages below that. */
  | { by: 'offset'; size: number; param?: string }
  /** Numbered from `first` (default 1), sent as `param` or as `{cursor}`. An empty page is the last, unless the source says that more follow, or one with fewer than `size` items, unless the source caps its pages below that. */
  | { by: 'number'; first?: number; size?: number; param?: string }
  /** By time: a page with `size` items or more has others behind it, which are asked for from the latest time in it (`since.from`). The source must send the oldest first. */
  | { by: 'time'; size: number };

export interface HttpSince {
  /**
   * How times are written: `iso` (8601), or the count of `s`, `ms`, `us` or `ns` since 1970.
   * @default iso
   */
  format?: TimeFormat;
  /**
   * Path to the time in an item. The latest time that came is the next `{since}`, and the items of that time are
   * counted: those that come again are left out, and a further alike one is taken. Without it the next `{since}` is this range's `{until}`; the source then has to leave out what is at
   * `{until}`, or its items need ids.
   */
  from?: string;
  /**
   * The first `{since}`, epoch ms.
   * @default `lookbackMs` before the first burst
   */
  initialMs?: number;
  /**
   * How far before the first burst the first range begins.
   * @default 3,600,000 ms
   */
  lookbackMs?: number;
  /**
   * How far each range reaches back into the one before it, for items that come late. The stream then needs ids.
   * @default 0 ms
   */
  overlapMs?: number;
  /**
   * How far `{until}` stays behind the clock, for a source that needs time until it is complete.
   * @default 0 ms
   */
  delayMs?: number;
  /**
   * Longest range. A feed that is behind catches up in several.
   * @default 86,400,000 ms
   */
  rangeMs?: number;
  /**
   * Both ends of a range are multiples of this, such as the step of a Prometheus query.
   * @default 1 ms
   */
  alignMs?: number;
}

export interface HttpWait {
  /** How long the source may keep a request open. It is less where the burst ends before. */
  ms: number;
  /**
   * Unit of the number that is sent.
   * @default s
   */
  unit?: 's' | 'ms';
  /** Query parameter that carries the number. Not needed where `{wait}` stands in its place, or the source needs none. */
  param?: string;
}

/** The feed's source for people: the origin alone. */
export function describeHttpSource(url: HttpOptions['url']): string {
  if (typeof url === 'function') return 'http, at a URL that the app makes';
  if (typeof url === 'object') return `http, at the URL in ${url.name}`;
  return URL.canParse(url) ? publicForm(new URL(url)) : 'http, at what is no URL';
}

/** A stream of events, which is read in a burst of its own kind. */
export interface EventFormat extends FormatBase {
  reads: 'events';
  load(): Promise<EventBurst>;
}

/** @param signal ends the exchange */
type EventBurst = (
  options: HttpOptions,
  context: BurstContext,
  signal: AbortSignal,
) => AsyncGenerator<FeedBatch, void, undefined>;

export type DeclaredFormat = RowFormat | DocumentFormat | EventFormat;

export type HttpFormat = 'json' | 'ndjson' | DeclaredFormat;

export function isDeclared(format: unknown): format is DeclaredFormat {
  return typeof format === 'object' && format !== null && 'kind' in format && format.kind === 'format';
}
