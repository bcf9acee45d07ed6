/**
 * What a feed lets out, and in at once: the seam between a kind of feed that can be published to and whoever publishes
 * (the built-in tools, an app's own). A message is checked before anything is asked or sent; sending is tried once.
 */
import type * as z from 'zod';
import type { Json } from '../base/json.ts';
import type { Runtime } from '../base/runtime.ts';

/** `json`: the data is the payload; `text` and `number` make `{ value }` of it. */
export type MqttPayload = 'json' | 'text' | 'number';

/** One message to publish. */
export interface OutboundMessage {
  topic: string;
  /** What the topic's rule says: a value that is sent as JSON, a text, or a number. */
  payload: unknown;
  /** Default: as the rule says. 1: the broker acknowledges it. */
  qos?: 0 | 1;
  /** The broker keeps it for those who subscribe later; only where the rule allows it. */
  retain?: boolean;
  /** MQTT 5. */
  contentType?: string;
  /** After how long the broker drops it undelivered; MQTT 5. */
  expirySeconds?: number;
  /** MQTT 5. */
  userProperties?: Readonly<Record<string, string>>;
}

/** A message that is answered. */
export interface OutboundRequest extends Omit<OutboundMessage, 'retain'> {
  /** Where the answer comes, where the rule leaves that open; default: what the rule makes of the topic. */
  responseTopic?: string;
  /** How many answers to wait for, 1 to 100; default 1. */
  answers?: number;
  /** From 1 to 25,000; default 5,000. */
  timeoutMs?: number;
}

/** What to listen for. */
export interface ReceiveOptions {
  /** A topic filter within the rights of reading. */
  topic: string;
  /** How many messages to wait for, 1 to 1,000; default 1. */
  messages?: number;
  /** From 1 to 60,000, and not beyond the request's own deadline; default 5,000. */
  timeoutMs?: number;
}

/** A message that came. */
export interface InboundMessage {
  topic: string;
  /** JSON where it is that, else the text, else base64. */
  payload: Json;
  /** As it came; null where it is not UTF-8. */
  text: string | null;
  /** The broker kept it from before. */
  retained: boolean;
  /** Epoch ms. */
  receivedAt: number;
  contentType?: string;
  userProperties?: Record<string, string>;
}

/**
 * What became of a message. `acknowledged`: the broker has it. `sent`: at QoS 0, where nobody says more. `refused`: the
 * broker did not take it. `unknown`: it was sent, and then the connection was lost or no acknowledgement came; it may or
 * may not be published. `declined`: a person was asked and did not agree, so nothing was sent.
 */
export type PublishStatus = 'acknowledged' | 'sent' | 'refused' | 'unknown' | 'declined';

export interface PublishOutcome {
  status: PublishStatus;
  /** What the broker said, or why it is not known; null where there is nothing to say. */
  reason: string | null;
  /** True: the broker says that nobody is subscribed; null: it does not tell. */
  unheard: boolean | null;
  topic: string;
  qos: 0 | 1;
  retained: boolean;
  /** Of the payload. */
  bytes: number;
}

export interface RequestOutcome {
  /** `partial`: some of the answers that were asked for; `unanswered`: none, and `published` says what became of the request. */
  status: 'answered' | 'partial' | 'unanswered';
  published: PublishOutcome;
  /** Where answers were waited for. */
  responseTopic: string;
  answers: InboundMessage[];
  /** Messages that came there and were no answers to this. */
  ignored: number;
  waitedMs: number;
  /** Whether an answer proves by its correlation, or its topic, that it is one. */
  correlated: boolean;
}

export interface ReceiveOutcome {
  messages: InboundMessage[];
  /** `bytes`: there was more than one answer may hold; `lost`: the connection broke. */
  ended: 'count' | 'time' | 'bytes' | 'lost';
}

/** How a person is asked before something is published. */
export interface Confirmation {
  /** For people; null: a sentence of ours. The topic and the payload stand below it. */
  message: string | null;
  /** What a client that cannot be asked gets: -32021, or a refusal in words that the model reads. */
  otherwise: 'missing-capability' | 'refuse';
}

/** What may be published to the topics of a pattern. */
export interface OutletRule {
  /** Topic filter. */
  topic: string;
  description: string | null;
  schema: z.ZodType | null;
  payload: MqttPayload;
  confirm: Confirmation | null;
  retain: boolean;
  qos: 0 | 1;
  /** Where answers come, as declared; null: messages are no requests. */
  answers: string | null;
}

/** What sending is lent: as much of the host and the request as it needs. */
export interface OutletContext {
  /** Name under which the feed is declared. */
  feed: string;
  runtime: Runtime;
  signal: AbortSignal;
  /** Epoch ms by which it has to be over. */
  deadline: number;
}

/** A message that was checked: as it will be sent. */
export interface Checked {
  rule: OutletRule;
  /** As it will go out, for people to see. */
  shown: { topic: string; payload: string; bytes: number; qos: 0 | 1; retain: boolean };
  /** @throws TidegateError `upstream` where nothing was sent */
  send(context: OutletContext): Promise<PublishOutcome>;
}

export interface CheckedRequest extends Omit<Checked, 'send'> {
  /** @throws TidegateError `upstream` where nothing was sent */
  send(context: OutletContext): Promise<RequestOutcome>;
}

/** What a feed offers that can be published to, or listened to at once. */
export interface Outlet {
  /** The first that matches a topic holds. */
  rules: readonly OutletRule[];
  /** Filters of what may be listened to; none: nothing may. */
  read: readonly string[];
  /** Whether contentType, expirySeconds and userProperties can go out. */
  properties: boolean;
  /** Name of the stream that each publication is appended to; null: none. */
  audit: string | null;
  /** Without I/O. @throws TidegateError `invalid_input` or `too_large` naming the field */
  check(message: OutboundMessage): Checked;
  /** Without I/O. @throws TidegateError `invalid_input` or `too_large` naming the field */
  checkRequest(request: OutboundRequest, newId: () => string): CheckedRequest;
  /** @throws TidegateError `invalid_input` naming the field, `upstream` */
  receive(options: ReceiveOptions, context: OutletContext): Promise<ReceiveOutcome>;
}

/** How a feed that is pulled is. */
export interface FeedHealth {
  /** `open`: it failed so often that it is tried again only after a pause; `rejecting`: what it brings does not fit. */
  state: 'ok' | 'rejecting' | 'running' | 'backing-off' | 'open' | 'never-run';
  /** Age of the newest event that it brought, ms; null: it brought none. */
  lagMs: number | null;
  lastError: { code: string; message: string; at: number } | null;
  /** Epoch ms of the last burst that did not fail; null: there was none. */
  lastSuccessAt: number | null;
}

/**
 * The app's feeds as a handler reaches them at once, bound to who calls. What a rule says holds here too: where it wants a
 * confirmation a person is asked, so put nothing that must not run twice before it; several such messages go together
 * (`Promise.all`), since one that is to be confirmed is refused behind another that was sent. The answer is to that very
 * message: make it of the arguments alone, since one that is another each time is asked for each time.
 */
export interface AppFeeds {
  /**
   * Publishes one message, once: nothing is ever sent again by itself.
   * @throws TidegateError `not_found` for the feed; `invalid_input` or `too_large` naming the field; `upstream` where the
   * broker cannot be reached, and nothing was sent.
   */
  publish(feed: string, message: OutboundMessage): Promise<PublishOutcome>;
  /** Publishes one message and waits for its answers. @throws as `publish` */
  request(feed: string, request: OutboundRequest): Promise<RequestOutcome>;
  /** Listens until there are enough messages or the time is over; what was published before is missed, unless it was retained. */
  receive(feed: string, options: ReceiveOptions): Promise<ReceiveOutcome>;
  /** How the bursts of any feed are, by one call to the store. @throws TidegateError `not_found` */
  health(feed: string): Promise<FeedHealth>;
}
