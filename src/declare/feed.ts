/**
 * The interface between `feeds/run/run.ts` and the kinds of feed. A feed declares its pacing, and what becomes of items
 * beyond its budget. Its `burst` is an async generator that knows the upstream and does not know the store.
 */
import type { EventMeta } from '../base/event.ts';
import type { Json } from '../base/json.ts';
import type { Connect, Log, OpenedWebSocket, WebSocketListener } from '../base/runtime.ts';
import type * as z from 'zod';
import type { FeedHandle, OutletTypes } from './app-feeds.ts';
import type { Outlet } from './outlet.ts';
import type { Problem } from './problem.ts';
import type { ReadSecret, Secret } from './secret.ts';

/** One item of the upstream, before the stream's schema validates it. */
export interface FeedItem {
  /** Name of the stream that the item belongs to. */
  stream: string;
  data: unknown;
  /** The id that the transport gives, where the stream declares none. Only a feed that is `handed` gives it. */
  id?: string;
  /** The record key, where the transport knows it and the data do not hold it. See `RouteKind.isKeyed`. */
  key?: string;
  /** Event time in epoch ms, where the transport knows it. */
  time?: number;
  meta?: EventMeta;
  /** Size in bytes as it was received. It counts against the budget. */
  bytes: number;
  /**
   * Set where the transport could not turn the item into data. The item then becomes a dead letter with this reason,
   * and `data` is what was received.
   */
  invalid?: { reason: string; field?: string; expected?: string };
}

/**
 * Items that are committed together with the position after them. When the generator resumes after a `yield`, the batch
 * is durable. Only then may the generator acknowledge anything to the upstream. Where the commit fails, the generator
 * is ended (`return`) and must not acknowledge.
 */
export interface FeedBatch {
  items: FeedItem[];
  /** The position where the next burst continues. Absent: the position does not change. */
  position?: Json;
  /** True on the last batch of a burst that read all there was. The run may then save a commit. */
  last?: boolean;
  /**
   * True on the last batch of a burst that ended at a bound of the feed's own, while the upstream has more to read at
   * once.
   */
  more?: boolean;
  /**
   * True: more batches of the same reading follow. From the same position the upstream would give these items again,
   * first and in the same order. A burst that ends before the reading does is then continued after these items.
   */
  partial?: boolean;
  /** How many items are known to wait at the upstream. The lag is computed from it. */
  backlog?: number;
  /**
   * On the last batch of a burst: epoch ms before which the upstream asked not to be asked again. The next burst waits until
   * then, and for an hour at most. A burst that yields this alone has asked the upstream nothing, and counts as no success.
   */
  notBefore?: number;
}

export interface FeedTarget {
  stream: string;
  /** The stream's route options, which `Feed.route` checks. It is null where the feed is declared in its one stream. */
  route: object | null;
  /** True: the stream's events have ids, by which repeated events are found. Absent: nobody checked. */
  identified?: boolean;
  /** The zone that the stream declares for times without one. Null: it declares none. */
  zone?: string | null;
  /** Fields without which the stream refuses every item. Absent or empty: not known. */
  required?: readonly string[];
  /** All fields that its schema names, where that is one of an object. Absent or empty: not known. */
  fields?: readonly string[];
  /** True: the stream's schema takes lists, so a list may be the data of one event. Absent: nobody checked. */
  takesLists?: boolean;
}

export interface BurstContext {
  /** Name under which the feed is declared. */
  feed: string;
  /**
   * Whose streams are filled. Where each tenant has a log of its own (`tenants` of the stream), each has bursts of its own,
   * and what a source gives to one name alone needs it. Else the app's own tenant, `public`.
   */
  tenant: string;
  /** The streams that the feed fills, each with its route options. */
  targets: readonly FeedTarget[];
  /** The position after the last committed batch. It is null before the first. */
  position: Json | null;
  /**
   * Epoch ms at which the run before ended, or, where its process died, was last known to live. Null: the feed never ran.
   */
  ranUntil: number | null;
  budget: FeedBudget;
  /** Epoch ms at which the burst has to end; Infinity where `hold` is given. `signal` aborts at that time. */
  deadline: number;
  /** Aborts when the burst has to end: at `deadline`, when the process ends, and when the lease is lost. */
  signal: AbortSignal;
  /** Given where the burst may keep its connection for as long as the process lives. Null: it ends by `deadline`. */
  hold: Hold | null;
  now: () => number;
  random: () => number;
  newId: () => string;
  /** The text of one of the feed's `secrets`. */
  secret: ReadSecret;
  sleep: (ms: number, signal?: AbortSignal) => Promise<void>;
  /**
   * A guarded fetch. It allows https only and no private addresses except those that the feed names, checks redirects,
   * and bounds sizes.
   */
  fetch: (url: string, init?: GuardedInit) => Promise<Response>;
  /** Opens a TCP or TLS byte stream. It is null where the platform has none. */
  connect: Connect | null;
  /**
   * Opens a WebSocket, guarded as `fetch` is: wss only, and no private addresses except those that are named. It
   * follows no redirects. It rejects with a TidegateError (`invalid_input`, `address_refused`, or `upstream` where the
   * upstream was not reached) or with the signal's reason.
   */
  webSocket: (request: GuardedWebSocket, listener: WebSocketListener, signal: AbortSignal) => Promise<Opening>;
  log: Log;
}

/**
 * Given to a feed that `listens` on a host that stays up. A burst is then a unit of commit, not of connection: the feed
 * yields a batch soon after something came, and goes on until `signal` aborts or the connection is lost for good. While a
 * batch is committed the generator stands still, so it must not read on without a bound. `budget` bounds one batch, and
 * nothing is given up for it. `fetch`, `webSocket` and `connect` make sure that the lease is still held, and reject
 * (`cancelled`) where it is lost.
 */
export interface Hold {
  /**
   * Says that the connection stands from now on, or that it does not. A feed counts as well once it brought an event, and,
   * where nothing comes, once its connection has stood for 30 seconds. Behind a failure an event is not enough: the
   * connection that brought it has to stand for 5 seconds, so that one which breaks each time is dialled less and less.
   */
  standing(stands: boolean): void;
  /** Says that the source answered what it was asked, with something or with nothing new. The feed then counts as well. */
  answered(): void;
  /** How many items of the feed were taken in so far that fit their streams, those that were known too. */
  fitted(): number;
}

export interface GuardedWebSocket {
  url: string;
  protocols?: readonly string[];
  headers?: Record<string, string>;
  /** Host names or `host:port` that may use ws or resolve to private addresses. */
  allow?: readonly string[];
  /**
   * Most bytes of one message; default 4 MiB. A larger message ends the connection, where the platform supports such a
   * bound.
   */
  maxMessageBytes?: number;
}

/** How opening a WebSocket ended. `refused`: the server answered the handshake with a status other than 101. */
export type Opening =
  | { kind: 'open'; socket: OpenedWebSocket }
  | { kind: 'refused'; status: number; retryAfterMs: number | null };

/** The options of the guarded fetch beside the usual ones. */
export interface GuardedInit {
  method?: 'GET' | 'POST';
  headers?: Record<string, string>;
  body?: string;
  signal?: AbortSignal;
  /** Host names or `host:port` that may use http or resolve to private addresses. */
  allow?: readonly string[];
  /** Most bytes of the body after decompression; default 10 MiB. Reading more throws `too_large`. */
  maxBytes?: number;
  /** Most redirects; default 3. */
  maxRedirects?: number;
  /** Longest time of the whole exchange, in ms; default 10 s. */
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
   * Most bytes that a burst takes in, counted as they were received.
   * @default 10,485,760 B
   */
  bytes: number;
}

/** What becomes of items beyond the budget, where the upstream cannot give them again. */
export type Overflow = 'dead-letter' | 'drop-oldest' | 'drop-newest';

/**
 * Keeps only some items of a feed, for each stream and key, before anything is stored. `field` is not typed, because a
 * feed does not know what data its streams hold. An event without that field is kept.
 */
export type Sampling =
  /** Keeps every nth item. */
  | { every: number }
  /**
   * Keeps one item for each window of `windowMs` of event time: its first or last item, the item with the least or
   * greatest `field`, or the mean of `field`.
   */
  | { windowMs: number; reduce: 'first' | 'last' }
  | { windowMs: number; reduce: 'min' | 'max' | 'mean'; field: string };

/** The pacing options of every kind of feed. */
export interface FeedPacing {
  /**
   * Time from the start of one burst to the start of the next, in ms.
   * @default 60,000 ms
   */
  everyMs?: number;
  /**
   * How old the newest event may be before the feed counts as late on `/healthz/feeds`, in ms. Default: age does not count, only how
   * bursts end.
   */
  lateAfterMs?: number;
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

/** What somebody saw who looked at a source. Neither text holds a secret. */
export interface SourceFact {
  status: 'ok' | 'warn' | 'fail';
  /** One line. */
  what: string;
  why?: string;
  /** What to do about it. */
  fix?: string;
}

/** What `Feed.probe` saw. */
export interface FeedProbe {
  /** Items as a burst would hand them over; a few are enough. */
  items: readonly FeedItem[];
  facts: readonly SourceFact[];
}

/** A declared feed. `Out` holds the types of what its kind sends and receives. */
export interface Feed<Out extends OutletTypes = OutletTypes> extends FeedHandle<Out> {
  /** `http`, `mqtt`, `function`, … */
  type: string;
  /**
   * A description of the upstream for operators and agents, such as `https://example.org/feed.json`. It never holds a
   * secret.
   */
  source: string;
  /** The secrets that its options hold. Each is set when a burst begins, unless it is optional. Absent: none. */
  secrets?: readonly Secret[];
  pacing: FeedPacing;
  /**
   * True where the upstream gives items again that were not committed. Items beyond the budget are then left for the
   * next burst.
   */
  replayable: boolean;
  /**
   * What a reading brings. `whole`: all that the upstream lists, whatever was read before. `onward`: what lies behind the position, which is
   * committed with the events, so that each comes once also without an id. Absent: the feed does not know, or nothing is read.
   */
  reads?: 'whole' | 'onward';
  /** True where each reading may list again what an earlier one listed. Absent: what was read before comes only where it was not committed. */
  relists?: boolean;
  /**
   * What the feed holds at its upstream and no other feed of the app may hold too, such as a session by its name. Two
   * feeds with equal `held` are a mistake in the option at `path`. Absent: nothing.
   */
  claim?: { path: string; held: string };
  /**
   * True where the upstream forgets what was committed once it was told so, as a broker does: a store that went back to an earlier
   * state cannot read it again. Absent: what the position stands before can be read again, as far as the upstream keeps it.
   */
  acknowledges?: boolean;
  /**
   * True where the upstream speaks by itself, so that its bursts keep the connection on a host that stays up
   * (`BurstContext.hold`). Absent: each burst ends.
   */
  listens?: boolean;
  /**
   * True where the platform hands over what comes, each item with an id, and nothing is pulled: the feed has no bursts. Absent: it
   * is pulled.
   */
  handed?: true;
  /**
   * What is lost where the connection is not held, or nothing is handed over, in a whole sentence for readers of its streams, and what an
   * operator can do about it. Absent: nothing, or the feed tells it in another way.
   */
  loses?: { what: string; fix: string };
  /** Options of it that not every platform has, such as `tls.ca`. Absent: it has none. */
  asks?: readonly string[];
  /**
   * The position from which the next burst reads what the source has from a time on, epoch ms. Absent: its readings know no time,
   * so an operator can reset it to its beginning alone.
   */
  positionAt?(time: number): Promise<Json>;
  /** Finds the mistakes in the declaration, without any I/O. */
  problems(targets: readonly FeedTarget[]): Problem[];
  burst(context: BurstContext): AsyncIterable<FeedBatch>;
  /**
   * Looks at the source for `tidegate doctor`, beside a server that may run the same feed: it takes nothing from the source, ends
   * nobody's session, and leaves nothing behind. Absent: `doctor` begins a burst and ends it before it is told that anything is
   * stored, and does not try a feed that `acknowledges`.
   */
  probe?(context: BurstContext): Promise<FeedProbe>;
  /** The options that a stream may give for its share of this feed, with `from`. Absent: a stream may give none. */
  route?: RouteKind;
  /** Makes the outlet, once the declaration was found to be right. Absent: the feed only takes in. */
  outlet?(): Outlet;
}

/** A stream's share of a feed that fills several streams. `from` returns it. */
export interface FeedRoute<Options extends object = object> {
  kind: 'route';
  /** Name under which the app declares the feed. */
  feed: string;
  /** The stream's options for its share. The kind of feed defines which options there are: see `Feed.route`. */
  options: Options;
}

/** The options that a kind of feed allows in a route. */
export interface RouteKind {
  /** The specification of the options, as a strict object. `defineApp` checks each route against it. */
  spec: z.ZodObject;
  /** True: the items of this route bring a record key in `FeedItem.key`, so the stream is keyed. */
  isKeyed(options: never): boolean;
}

/**
 * Whose a stream is. `shared`: it has one log, which callers of every tenant read. `each`: every tenant has a log of its own.
 */
export type StreamTenants = 'shared' | 'each';

/** A feed as `ingest` runs it. */
export interface DeclaredFeed {
  name: string;
  feed: Feed;
  targets: readonly FeedTarget[];
  /** Whose runs there are: `each` tenant has one of its own where each has a log of its own, and none names it by its events. */
  tenants: StreamTenants;
  /** Whether events of a stream that it fills name their tenant. One run, in the app's name, then fills the logs of many. */
  namesTenants: boolean;
  everyMs: number;
  budget: FeedBudget;
  overflow: Overflow;
  sample: Sampling | null;
  /** Null: the feed only takes in. */
  outlet: Outlet | null;
}
