/**
 * The options of a WebSocket feed, as editors show them. Defaults and bounds stand in spec.ts, which is proved equal to
 * these types; rules about several options stand in problems.ts.
 */
import type { FeedPacing } from '../../declare/feed.ts';
import type { JsonObject } from '../../base/json.ts';
import type { Secret, SecretObject } from '../../declare/secret.ts';
import { publicForm } from '../../net/fetch-target.ts';
import type { MessageTest } from '../kit/message-test.ts';

export type { MessageTest } from '../kit/message-test.ts';

/** A message to send: an object goes as JSON, a text as it is. */
export type SocketMessage = string | JsonObject;
/** A message as it is declared: secrets may stand in it. */
type SecretMessage = string | Secret | SecretObject;

/** Where a connection goes on. */
export interface SocketStanding {
  /** The sequence of the last stored item, where the option `sequence` names one. Null before the first. */
  sequence: string | number | null;
  /** Epoch ms up to which nothing is missing. Null before the first burst. */
  since: number | null;
  /** Epoch ms. */
  now: number;
}

type Made<Value> = (at: SocketStanding) => Value | Promise<Value>;

/**
 * `json`: one JSON value a message, also of binary messages, in UTF-8. `ndjson`: several a message. `text` makes
 * `{ value }` of the message, `binary` the same in Base64.
 */
export type SocketPayload = 'json' | 'ndjson' | 'text' | 'binary';

export interface WebSocketOptions extends FeedPacing {
  /** `wss://…`, a secret, or a function that answers it before each connection. Its query is never shown. */
  url: string | Secret | ((at: SocketStanding) => string | Promise<string>);
  /** Sent with the handshake: texts or secrets, or a function that answers texts. The values are never shown, logged or stored. */
  headers?: Record<string, string | Secret> | Made<Record<string, string>>;
  /**
   * Subprotocols, of which the server has to choose one.
   * @default []
   */
  protocols?: readonly string[];
  /**
   * Hosts (`localhost`, `10.0.0.5:8080`) that may be ws or have a private address, for `catchUp` too.
   * @default []
   */
  allow?: readonly string[];
  /** Sent when the connection is open: one message, several, or a function that answers them. Secrets may stand in messages. */
  subscribe?: SecretMessage | readonly SecretMessage[] | Made<SocketMessage | readonly SocketMessage[]>;
  /** Sent before the connection is closed: one message, several, or a function that answers them. */
  unsubscribe?: SecretMessage | readonly SecretMessage[] | Made<SocketMessage | readonly SocketMessage[]>;
  /** Tests for the message by which the server confirms the subscription. The burst waits for it. It is no item. */
  acknowledged?: MessageTest;
  /** Tests for messages by which the server refuses the subscription. The burst then fails. */
  refused?: MessageTest;
  /**
   * Messages that are no items: by their whole text (`pong`), by fields (`{ event: 'heartbeat' }`), several of these, or a
   * function of the message. A text is compared to the last character: a blank or a line end counts.
   */
  ignore?: MessageTest;
  /**
   * How messages read. `json` takes binary messages too, in UTF-8; `ndjson` has several values a message; `text` makes
   * `{ value }` of a message, and `binary` the same in Base64.
   * @default json
   */
  payload?: SocketPayload;
  /**
   * JSON only: path to the items in a message, such as `data`. An object there is one item.
   * @default the message itself
   */
  items?: string;
  /**
   * For sources that replay: path to the sequence in a message. It is stored with the message's items, and `subscribe`,
   * a function, asks for what follows it. What the source then sends again is not missing between bursts; where the sequence
   * counts one by one and it sends less, a `gap` event, reason `not_resumed`, says how much is missing. Where the connection stands
   * and the sequence skips some behind 20 that counted one by one, there is one too, reason `skipped`. Where several messages can have one sequence, let it ask for those with this sequence too: a connection can break between two of them. What is
   * stored is known again by its sequence and its content.
   */
  sequence?: string;
  /** For sources that keep a history over HTTP: what nobody listened to is read there. The streams need an `id`. */
  catchUp?: CatchUp;
  /** A message that is sent regularly while the connection is open. */
  heartbeat?: SocketHeartbeat;
  /** After a silence this long the connection is made again. Many sources are silent when nothing happens. */
  idleMs?: number;
  /**
   * How often a burst connects again; where the connection is held, how often in a row.
   * @default 5
   */
  reconnects?: number;
  /**
   * Longest wait for the handshake, and for the acknowledgement.
   * @default 10,000 ms
   */
  answerMs?: number;
  /**
   * Pause of the feed after a close with 1008 or 1013, or a handshake answered with 429.
   * @default 60,000 ms
   */
  pauseMs?: number;
  /**
   * A larger message becomes a dead letter. One above 4 MiB ends the connection.
   * @default 262,144 B
   */
  maxMessageBytes?: number;
  /**
   * How long items are collected for one commit. Where bursts end a trickle waits longer, see `freshMs`.
   * @default 50 ms
   */
  lingerMs?: number;
  /**
   * The longest that an item of a trickle waits for its commit where bursts end.
   * @default half of `budget.timeMs`
   */
  freshMs?: number;
  /**
   * A time without listening makes a gap event only where it is longer than this.
   * @default 0 ms
   */
  gapAboveMs?: number;
}

export interface SocketHeartbeat {
  /** How often the message is sent. */
  everyMs: number;
  /** What is sent: an object goes as JSON, a text as it is. Secrets may stand in it. */
  message: SecretMessage;
  /** If nothing comes within this time after a heartbeat, the connection is made again. */
  expectMs?: number;
}

/** The time that a history is asked for, epoch ms. */
export interface Hole {
  since: number;
  until: number;
}

export interface CatchUp {
  /** URL with `{since}` and `{until}` in it, a secret, or a function that answers one or several. Each is asked with a GET. */
  url: string | Secret | ((hole: Hole) => string | readonly string[]);
  /** Sent with each request: texts or secrets, or a function that answers texts. The values are never shown, logged or stored. */
  headers?: Record<string, string | Secret> | (() => Record<string, string> | Promise<Record<string, string>>);
  /**
   * Path to the items in the answer.
   * @default the answer itself
   */
  items?: string;
  /**
   * How `{since}` and `{until}` are written.
   * @default iso
   */
  timeFormat?: 'iso' | 'ms' | 's';
  /** Makes an item as the socket sends it of an item of the history. */
  map?: (item: unknown) => unknown;
  /**
   * Whether the history answers its newest item first.
   * @default false
   */
  newestFirst?: boolean;
  /**
   * How much earlier than needed the history is asked, for items that were on their way and for clocks that differ. What
   * comes twice is recognised by its id within the stream's `dedupe`, which has to hold as many events.
   * @default 10,000 ms
   */
  overlapMs?: number;
  /**
   * How much of the history is read before the very first burst.
   * @default 0 ms
   */
  initialMs?: number;
  /**
   * The longest time that is read again. What is older is given up, with a gap event.
   * @default 86,400,000 ms
   */
  mostMs?: number;
  /**
   * Most bytes of the answers for one time that nobody listened, together.
   * @default 10,485,760 B
   */
  maxBytes?: number;
  /**
   * Longest exchange with the history.
   * @default 10,000 ms
   */
  timeoutMs?: number;
}

/** Bytes of a message. A larger one ends the connection, on platforms that can be told this. */
export const LARGEST_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Whether the source can give again what was missed, so that no gap is reported. */
export function isRecoverable({ sequence, catchUp }: WebSocketOptions): boolean {
  return sequence !== undefined || catchUp !== undefined;
}

/** The feed's source for people: no query, no user, no headers. */
export function describeWebSocket(url: WebSocketOptions['url']): string {
  if (typeof url === 'function') return 'websocket, at a URL that the app makes';
  if (typeof url === 'object') return `websocket, at the URL in ${url.name}`;
  return URL.canParse(url) ? publicForm(new URL(url)) : 'websocket, at what is no URL';
}
