/**
 * The options of a WebSocket feed, as editors show them. Defaults and bounds stand in spec.ts, which is proved equal to
 * these types; rules about several options stand in problems.ts.
 */
import type { FeedPacing } from '../../declare/feed.ts';
import type { JsonObject } from '../../base/json.ts';
import { publicForm } from '../../net/fetch-target.ts';
import type { MessageTest } from './message-test.ts';

export type { MessageTest } from './message-test.ts';

/** What is sent: an object as JSON, a text as it is. */
export type SocketMessage = string | JsonObject;

/** Where a connection goes on. */
export interface SocketStanding {
  /** Of the last item that is stored, where `sequence` names one; null before the first. */
  sequence: string | number | null;
  /** Epoch ms up to which nothing is missing; null before the first burst. */
  since: number | null;
  now: number;
}

type Given<Value> = Value | ((at: SocketStanding) => Value | Promise<Value>);

/** `json` also of binary messages, in UTF-8; `ndjson`: several a message; `text` makes `{ value }` of it, `binary` the same in Base64. */
export type SocketPayload = 'json' | 'ndjson' | 'text' | 'binary';

export interface WebSocketOptions extends FeedPacing {
  /** `wss://…`, or a function that answers it before each connection. Its query is never shown. */
  url: string | ((at: SocketStanding) => string | Promise<string>);
  /** Sent with the handshake, or a function that answers them; their values are never shown, logged or stored. */
  headers?: Given<Record<string, string>>;
  /** Subprotocols, of which the server has to take one. */
  protocols?: readonly string[];
  /** Hosts (`localhost`, `10.0.0.5:8080`) that may be ws or have a private address, for `catchUp` too; default: none. */
  allow?: readonly string[];
  /** Sent when the connection is open: one, several, or a function that answers them. */
  subscribe?: Given<SocketMessage | readonly SocketMessage[]>;
  /** Sent before the connection is closed. */
  unsubscribe?: Given<SocketMessage | readonly SocketMessage[]>;
  /** Of the message that says that the subscription stands; it is waited for. Such messages are no items. */
  acknowledged?: MessageTest;
  /** Of messages that say that the subscription is refused: the burst fails. */
  refused?: MessageTest;
  /** Of messages that are no items. */
  ignore?: MessageTest;
  /** How messages read; default `json`. */
  payload?: SocketPayload;
  /** JSON: where in a message the items are, such as `data`; default: the message itself. An object there is one item. */
  items?: string;
  /**
   * For sources that replay: path to the sequence in a message. It is stored with the message's items, and `subscribe`, a
   * function, asks for what follows it; so nothing is missing between bursts.
   */
  sequence?: string;
  /** For sources that keep a history over HTTP: what was not listened to is read there. The streams need an `id`. */
  catchUp?: CatchUp;
  heartbeat?: SocketHeartbeat;
  /** A silence so long is a stall: the connection is made again. Default: none, since many sources are silent when nothing happens. */
  idleMs?: number;
  /** How often a burst connects again; default 5. */
  reconnects?: number;
  /** Longest wait for the handshake, and for the acknowledgement; default 10,000. */
  answerMs?: number;
  /** After a close with 1008 or 1013, or a handshake answered with 429; default 60,000. */
  pauseMs?: number;
  /** A larger message becomes a dead letter, and one above 4 MiB ends the connection; default 256 KiB. */
  maxMessageBytes?: number;
  /** How long items are collected for one commit; default 50. A trickle waits longer: see `freshMs`. */
  lingerMs?: number;
  /** The longest that an item of a trickle waits for its commit; default: half of `budget.timeMs`. */
  freshMs?: number;
  /** A shorter time that was not listened to makes no gap event; default 0. */
  gapAboveMs?: number;
}

export interface SocketHeartbeat {
  /** How often the message is sent. */
  everyMs: number;
  message: SocketMessage;
  /** When nothing came so long after one, the connection is made again; default: that is not looked at. */
  expectMs?: number;
}

/** What is asked for over HTTP, epoch ms. */
export interface Hole {
  since: number;
  until: number;
}

export interface CatchUp {
  /** With `{since}` and `{until}` in it, or a function that answers one or several; a GET each. */
  url: string | ((hole: Hole) => string | readonly string[]);
  headers?: Record<string, string> | (() => Record<string, string> | Promise<Record<string, string>>);
  /** Where in the answer the items are; default: the answer itself. */
  items?: string;
  /** Of `{since}` and `{until}`; default `iso`. */
  timeFormat?: 'iso' | 'ms' | 's';
  /** Makes an item as the socket sends it of one of the history. */
  map?: (item: unknown) => unknown;
  /** The history answers its newest item first; default false. */
  newestFirst?: boolean;
  /** How much earlier it is asked for, for what was on its way and for clocks that differ; default 10,000. What comes twice
   * by that is known by its id within the stream's `dedupe`, which has to be as many events. */
  overlapMs?: number;
  /** Before the very first burst; default 0: none of it. */
  initialMs?: number;
  /** What was not listened to before that is given up, with a gap event; default one day. */
  mostMs?: number;
  /** Of the answers for one hole together; default 10 MiB. */
  maxBytes?: number;
  /** Default 10,000. */
  timeoutMs?: number;
}

/** A larger message ends the connection, where the platform can be told. */
export const LARGEST_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Whether what was missed can be had again, so that no gap need be told. */
export function isRecoverable({ sequence, catchUp }: WebSocketOptions): boolean {
  return sequence !== undefined || catchUp !== undefined;
}

/** The feed's source for people: no query, no user, no headers. */
export function describeWebSocket(url: WebSocketOptions['url']): string {
  if (typeof url === 'function') return 'websocket, at a URL that the app makes';
  return URL.canParse(url) ? publicForm(new URL(url)) : 'websocket, at what is no URL';
}
