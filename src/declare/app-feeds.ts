/**
 * The app's feeds, as a handler uses them directly: it publishes, sends a request and waits for its answers, listens,
 * and reads how a feed is doing. These types have what every kind of feed shares. Each kind of feed adds the fields of
 * its own messages.
 */
import type { Json } from '../base/json.ts';

/**
 * What became of a message. `acknowledged`: the upstream confirmed that it has the message. `sent`: the message was
 * sent, and the upstream confirms nothing. `refused`: the upstream did not take the message. `unknown`: the message was
 * sent, and then the connection was lost or no acknowledgement came, so the message may or may not be published.
 * `declined`: a person was asked and did not agree, so nothing was sent.
 */
export type PublishStatus = 'acknowledged' | 'sent' | 'refused' | 'unknown' | 'declined';

/** A kind adds fields of its own, such as where the message went. */
export interface PublishOutcome {
  status: PublishStatus;
  /** What the upstream said, or why the outcome is not known. It is null where there is nothing to say. */
  reason: string | null;
  /** True: the upstream says that nobody is subscribed. Null: the upstream does not say. */
  unheard: boolean | null;
}

/** A message that was received. A kind adds fields of its own. */
export interface InboundMessage {
  /** The parsed JSON where the payload is JSON, else the text where it is UTF-8, else base64. */
  payload: Json;
  /** The payload as it was received. It is null where the payload is not UTF-8. */
  text: string | null;
  /** Epoch ms. */
  receivedAt: number;
}

export interface RequestOutcome {
  /**
   * `partial`: some of the answers came that were asked for. `unanswered`: no answer came, and `published` says what
   * became of the request.
   */
  status: 'answered' | 'partial' | 'unanswered';
  published: PublishOutcome;
  answers: InboundMessage[];
  /** How many messages came to where the answers were expected, but did not answer this request. */
  ignored: number;
  waitedMs: number;
  /** True: each answer carries the proof that it belongs to this request. */
  correlated: boolean;
}

export interface ReceiveOutcome {
  messages: InboundMessage[];
  /** `bytes`: there were more messages than one answer may hold. `lost`: the connection broke. */
  ended: 'count' | 'time' | 'bytes' | 'lost';
}

/** The types of what one kind of feed sends and receives. For `mqtt` they are `MqttOutlet`. */
export interface OutletTypes {
  /** One message to publish. */
  message: object;
  /** One message that others have to answer. */
  request: object;
  /** What to listen for. */
  wanted: object;
  outcome: PublishOutcome;
  answer: RequestOutcome;
  heard: ReceiveOutcome;
}

/** The fields of a feed's declaration by which a handler finds the feed, with the types of its kind. */
export interface FeedHandle<Out extends OutletTypes = OutletTypes> {
  kind: 'feed';
  /** Never present. It only carries the types. */
  readonly outletTypes?: Out;
}

/**
 * A feed, by its declaration or by its name. A declaration gives the types of its messages. A name gives no types, so
 * its messages are checked only when they are sent. The call can name the types itself:
 * `feeds.publish<MqttOutlet>('plant', …)`.
 */
export type FeedRef<Out extends OutletTypes> = string | FeedHandle<Out>;

/** How a feed that is pulled is doing. */
export interface FeedHealth {
  /**
   * `open`: the feed failed so often that it is tried again only after a pause. `rejecting`: what the feed brings does
   * not fit its streams. `missing`: events are known to be missing, and none came since. `overdue`: no host has run the
   * feed since it was due. `stalled`: the process that runs it stands still or is gone. `unread`: a newer release wrote the feed's record, and this release cannot read it.
   * `paused`: an operator stopped it.
   */
  state:
    | 'ok'
    | 'rejecting'
    | 'missing'
    | 'running'
    | 'backing-off'
    | 'open'
    | 'overdue'
    | 'stalled'
    | 'never-run'
    | 'unread'
    | 'paused';
  /** Age of the newest event that the feed brought, in ms. Null: it brought none. */
  lagMs: number | null;
  lastError: { code: string; message: string; at: number } | null;
  /** Epoch ms of the last burst that did not fail. Null: there was none. */
  lastSuccessAt: number | null;
}

/**
 * The feeds, bound to the principal of the call. Where a feed's rule requires a confirmation, a person is asked, and
 * the handler then runs again from its beginning with the answer. So put nothing before the call that must not run
 * twice. Send several messages that need a confirmation together (`Promise.all`): once one of them was sent, a later
 * one is refused. An answer counts for one message only. Make the message from the arguments alone, because a message
 * that differs on each run is asked for on each run.
 */
export interface AppFeeds {
  /**
   * Publishes one message, once. A message is never sent again automatically.
   * @throws TidegateError `not_found` for the feed; `invalid_input` or `too_large` naming the field; `upstream` where
   * the upstream could not be reached and nothing was sent.
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
  /**
   * Listens until there are enough messages or the time is over. It misses messages that were published before, unless
   * the upstream keeps them.
   */
  receive<Out extends OutletTypes = OutletTypes>(
    feed: FeedRef<Out>,
    wanted: NoInfer<Out['wanted']>,
  ): Promise<Out['heard']>;
  /**
   * Reads how the bursts of a feed are doing. Takes one store call.
   * @throws TidegateError `not_found`
   */
  health(feed: FeedRef<OutletTypes>): Promise<FeedHealth>;
}
