/**
 * The app's feeds as a handler reaches them at once: to publish, to ask and be answered, to listen, and to see how they
 * are. What a message is made of is its kind's own; here stands what every kind has.
 */
import type { Json } from '../base/json.ts';

/**
 * What became of a message. `acknowledged`: whoever takes it upstream has it. `sent`: it was sent where nobody says more.
 * `refused`: it was not taken. `unknown`: it was sent, and then the connection was lost or no acknowledgement came; it may
 * or may not be published. `declined`: a person was asked and did not agree, so nothing was sent.
 */
export type PublishStatus = 'acknowledged' | 'sent' | 'refused' | 'unknown' | 'declined';

/** A kind adds fields of its own, such as where the message went. */
export interface PublishOutcome {
  status: PublishStatus;
  /** What was said upstream, or why the outcome is not known; null where there is nothing to say. */
  reason: string | null;
  /** True: nobody is subscribed, as upstream says; null: it does not say. */
  unheard: boolean | null;
}

/** A message that came. A kind adds fields of its own. */
export interface InboundMessage {
  /** JSON where it is that, else the text, else base64. */
  payload: Json;
  /** As it came; null where it is not UTF-8. */
  text: string | null;
  /** Epoch ms. */
  receivedAt: number;
}

export interface RequestOutcome {
  /** `partial`: some of the answers that were asked for; `unanswered`: none, and `published` says what became of the request. */
  status: 'answered' | 'partial' | 'unanswered';
  published: PublishOutcome;
  answers: InboundMessage[];
  /** Messages that came where answers were waited for, and were no answers to this request. */
  ignored: number;
  waitedMs: number;
  /** Whether an answer proves by itself that it is one. */
  correlated: boolean;
}

export interface ReceiveOutcome {
  messages: InboundMessage[];
  /** `bytes`: there was more than one answer may hold; `lost`: the connection broke. */
  ended: 'count' | 'time' | 'bytes' | 'lost';
}

/** The types of what one kind of feed sends and answers; `mqtt` has `MqttOutlet`. */
export interface OutletTypes {
  /** One message to publish. */
  message: object;
  /** A message that is to be answered. */
  request: object;
  /** What to listen for. */
  wanted: object;
  outcome: PublishOutcome;
  answer: RequestOutcome;
  heard: ReceiveOutcome;
}

/** The part of a feed's declaration by which a handler finds it again, with the types of its kind. */
export interface FeedHandle<Out extends OutletTypes = OutletTypes> {
  kind: 'feed';
  /** Never present: it carries the types. */
  readonly outletTypes?: Out;
}

/**
 * A feed by its declaration, which gives the types of its messages, or by name. What a name stands for only the app knows,
 * so its messages are checked when they are sent, unless the kind's types are named: `feeds.publish<MqttOutlet>('plant', …)`.
 */
export type FeedRef<Out extends OutletTypes> = string | FeedHandle<Out>;

/** How a feed that is pulled is. */
export interface FeedHealth {
  /**
   * `open`: it failed so often that it is tried again only after a pause; `rejecting`: what it brings does not fit;
   * `unread`: a newer release wrote its record, which this one cannot read.
   */
  state: 'ok' | 'rejecting' | 'running' | 'backing-off' | 'open' | 'never-run' | 'unread';
  /** Age of the newest event that it brought, ms; null: it brought none. */
  lagMs: number | null;
  lastError: { code: string; message: string; at: number } | null;
  /** Epoch ms of the last burst that did not fail; null: there was none. */
  lastSuccessAt: number | null;
}

/**
 * The feeds, bound to whoever calls. Where a feed's rule wants a confirmation, a person is asked here too, and the handler
 * is entered again with the answer: put nothing before it that must not run twice. Send several messages that are to be
 * confirmed together (`Promise.all`), because one behind another that was sent is refused. An answer is good for one
 * message: make the message of the arguments alone, because a message that differs each time is asked for each time.
 */
export interface AppFeeds {
  /**
   * Publishes one message, once: nothing is ever sent again by itself.
   * @throws TidegateError `not_found` for the feed; `invalid_input` or `too_large` naming the field; `upstream` where
   * nothing could be reached, and nothing was sent.
   */
  publish<Out extends OutletTypes = OutletTypes>(
    feed: FeedRef<Out>,
    message: NoInfer<Out['message']>,
  ): Promise<Out['outcome']>;
  /** Publishes one message and waits for its answers. @throws as `publish` */
  request<Out extends OutletTypes = OutletTypes>(
    feed: FeedRef<Out>,
    request: NoInfer<Out['request']>,
  ): Promise<Out['answer']>;
  /** Listens until there are enough messages or the time is over. What was published before is missed, unless it is kept upstream. */
  receive<Out extends OutletTypes = OutletTypes>(
    feed: FeedRef<Out>,
    wanted: NoInfer<Out['wanted']>,
  ): Promise<Out['heard']>;
  /** How the bursts of any feed are, by one call to the store. @throws TidegateError `not_found` */
  health(feed: FeedRef<OutletTypes>): Promise<FeedHealth>;
}
