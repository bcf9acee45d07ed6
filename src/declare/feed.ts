/**
 * The seam between `feeds/run/run.ts` and the kinds of feed. A feed declares how it is paced and what to do with what is
 * too much; its `burst` is an async generator that knows the upstream and nothing of the store.
 */
import type { EventMeta } from '../base/event.ts';
import type { Json } from '../base/json.ts';
import type { Connect, Log, OpenedWebSocket, WebSocketListener } from '../base/runtime.ts';
import type * as z from 'zod';
import type { FeedHandle, OutletTypes } from './app-feeds.ts';
import type { Outlet } from './outlet.ts';
import type { Problem } from './problem.ts';

/** One upstream item, before the stream's schema has seen it. */
export interface FeedItem {
  /** The stream it belongs to. */
  stream: string;
  data: unknown;
  /** The record key, where the transport knows it and not the data; see `RouteKind.isKeyed`. */
  key?: string;
  /** Epoch ms, where the transport knows it. */
  time?: number;
  meta?: EventMeta;
  /** Size as it came in; counts against the budget. */
  bytes: number;
  /** Set where the transport could not make data of it: it goes to the dead letters with this reason, `data` being what came. */
  invalid?: { reason: string; field?: string; expected?: string };
}

/**
 * Items that are committed together with the position behind them. When the generator is resumed after a `yield`, the
 * batch is durable: only then may it acknowledge anything upstream. Where the commit fails the generator is ended
 * (`return`) and must not acknowledge.
 */
export interface FeedBatch {
  items: FeedItem[];
  /** Where the next burst goes on. Absent: the position stays. */
  position?: Json;
  /** True on the last batch of a burst that read all there was; the run may then save a commit. */
  last?: boolean;
  /** True on the last batch of a burst that ended at a bound of the feed's own: the upstream has more that can be had at once. */
  more?: boolean;
  /**
   * True: more batches of the same reading follow. From the same position the upstream would give these items again,
   * first and in this order; a burst that ends before the reading does is then continued behind them.
   */
  partial?: boolean;
  /** How many items are known to wait upstream, for the lag. */
  backlog?: number;
}

export interface FeedTarget {
  stream: string;
  /** What the stream says of its share, checked by `Feed.route`; null where the feed stands in its one stream. */
  route: object | null;
  /** Whether its events have ids, by which those that come twice are known; absent where nobody looked. */
  identified?: boolean;
}

export interface BurstContext {
  /** Name under which the feed is declared. */
  feed: string;
  /** The streams that it fills, with what each one's route says. */
  targets: readonly FeedTarget[];
  /** As the last committed batch left it; null before the first. */
  position: Json | null;
  budget: FeedBudget;
  /** Epoch ms at which the burst has to be over; `signal` aborts then. */
  deadline: number;
  signal: AbortSignal;
  now: () => number;
  random: () => number;
  newId: () => string;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /** Guarded: https only, no private addresses but those the feed names, redirects checked, sizes bounded. */
  fetch: (url: string, init?: GuardedInit) => Promise<Response>;
  /** Opens a TCP or TLS byte stream; null where the platform has none. */
  connect: Connect | null;
  /**
   * Guarded as `fetch` is: wss only, no private addresses but those named; redirects are not followed. Rejects with a
   * TidegateError: `invalid_input`, `address_refused`, `upstream` (not reached), or with the signal's reason.
   */
  webSocket: (request: GuardedWebSocket, listener: WebSocketListener, signal: AbortSignal) => Promise<Opening>;
  log: Log;
}

export interface GuardedWebSocket {
  url: string;
  protocols?: readonly string[];
  headers?: Record<string, string>;
  /** Host names or `host:port` that may be ws or resolve to private addresses. */
  allow?: readonly string[];
  /** A larger message ends the connection where the platform can be told; default 4 MiB. */
  maxMessageBytes?: number;
}

/** `refused`: the server answered the handshake with another status than 101. */
export type Opening =
  | { kind: 'open'; socket: OpenedWebSocket }
  | { kind: 'refused'; status: number; retryAfterMs: number | null };

/** What the guarded fetch takes beside the usual. */
export interface GuardedInit {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
  /** Host names or `host:port` that may be http or resolve to private addresses. */
  allow?: readonly string[];
  /** Body bytes, after decompression; default 10 MiB. Reading past it throws `too_large`. */
  maxBytes?: number;
  /** Default 3. */
  maxRedirects?: number;
  /** For the whole exchange, default 10 s. */
  timeoutMs?: number;
}

export interface FeedBudget {
  /**
   * Longest burst, in ms.
   * @default 20,000 ms
   */
  timeMs: number;
  /**
   * Most events that a burst takes in.
   * @default 10,000
   */
  events: number;
  /**
   * Most bytes that a burst takes in, counted as they came.
   * @default 10,485,760 B
   */
  bytes: number;
}

/** What becomes of items beyond the budget where the upstream cannot give them again. */
export type Overflow = 'dead-letter' | 'drop-oldest' | 'drop-newest';

/**
 * Thins a feed per stream and key, before anything is stored. `field` is not typed, since a feed does not know what its
 * streams hold; an event without it passes.
 */
export type Sampling =
  /** Every nth item. */
  | { every: number }
  /** One item per window of `windowMs` of event time: its last, or the one with the least or greatest `field`, or the mean of it. */
  | { windowMs: number; reduce: 'first' | 'last' }
  | { windowMs: number; reduce: 'min' | 'max' | 'mean'; field: string };

/** Pacing that every kind of feed takes. */
export interface FeedPacing {
  /**
   * Time from the start of one burst to the start of the next, in ms.
   * @default 60,000 ms
   */
  everyMs?: number;
  /** The bounds of one burst. */
  budget?: Partial<FeedBudget>;
  /**
   * What becomes of items beyond the budget, where the upstream cannot give them again.
   * @default dead-letter
   */
  overflow?: Overflow;
  /** Thins the feed per stream and key, before anything is stored. Default: every item is stored. */
  sample?: Sampling;
}

/** A declared feed; `Out` has the types of what its kind sends and answers. */
export interface Feed<Out extends OutletTypes = OutletTypes> extends FeedHandle<Out> {
  /** `http`, `mqtt`, `function`, … */
  type: string;
  /** Shown to operators and agents; never a secret: `https://example.org/feed.json`. */
  source: string;
  pacing: FeedPacing;
  /** True where the upstream gives again what was not committed: what is beyond the budget is then left for the next burst. */
  replayable: boolean;
  /** Mistakes in the declaration, found without any I/O. */
  problems(targets: readonly FeedTarget[]): Problem[];
  burst(context: BurstContext): AsyncIterable<FeedBatch>;
  /** What a stream may say of its share of this feed, with `from`. Absent: nothing. */
  route?: RouteKind;
  /** Made when the declaration was found to be right. Absent: it only takes in. */
  outlet?(): Outlet;
}

/** A stream's share of a feed that fills several streams: what `from` answers. */
export interface FeedRoute<Options extends object = object> {
  kind: 'route';
  /** Name under which the app declares the feed. */
  feed: string;
  /** What the stream says of its share. Which options there are is the kind's to say: see `Feed.route`. */
  options: Options;
}

/** What a kind of feed lets streams say of their share. */
export interface RouteKind {
  /** The specification of the options, as a strict object: `defineApp` checks each route by it. */
  spec: z.ZodObject;
  /** Whether the items of this route bring a record key of their own, in `FeedItem.key`: the stream is keyed by it then. */
  isKeyed(options: never): boolean;
}

/** A feed as `ingest` runs it. */
export interface DeclaredFeed {
  name: string;
  feed: Feed;
  targets: readonly FeedTarget[];
  everyMs: number;
  budget: FeedBudget;
  overflow: Overflow;
  sample: Sampling | null;
  /** Null: it only takes in. */
  outlet: Outlet | null;
}
