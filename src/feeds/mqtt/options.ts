/** What an MQTT feed and its routes may declare. The specification, with defaults and bounds, is `spec.ts`. */
import type * as z from 'zod';
import type { TlsOptions } from '../../base/runtime.ts';
import type { FeedPacing } from '../../declare/feed.ts';
import type { Confirmation, MqttPayload } from '../../declare/outlet.ts';

export interface MqttOptions extends FeedPacing {
  /**
   * `mqtt://host[:1883]`, `mqtts://host[:8883]`, `ws://…` or `wss://…`. The host may be on a private network: it is the
   * operator's own choice. A user and password in it are used where none are given beside it; neither they
   * nor its query are ever shown.
   */
  url: string;
  /**
   * Under which the broker keeps our session between two bursts; needed at QoS 1. One feed, one clientId: whoever connects
   * with the same takes the session over. A new clientId is a new session, and what the old one held is lost.
   */
  clientId?: string;
  username?: string;
  password?: string;
  /** For `mqtts:` only. */
  tls?: TlsOptions;
  /** Default: 5, and 4 (which is MQTT 3.1.1) where the broker does not know 5. */
  protocolVersion?: 4 | 5;
  /** Default 1: the broker keeps messages between bursts. 0: only what is published during a burst arrives, and may be lost. */
  qos?: 0 | 1;
  /** Topic filter of a feed that stands in its one stream; streams that say `from(feed, { topic })` have their own. */
  topic?: string;
  /** How payloads read, where a route does not say; default `json`. */
  payload?: MqttPayload;
  /** For how long the broker is asked to keep session and messages after a burst (MQTT 5); default one day. */
  sessionExpirySeconds?: number;
  /** How many messages the broker may send before the first of them is acknowledged; default 1,000. MQTT 3.1.1 has no
   * such request: give what the broker is set to there, or nothing, and it is found out. */
  receiveMaximum?: number;
  /** How many messages the broker keeps for an absent client, where you know it: that many at once make a `gap` event. */
  brokerQueueLimit?: number;
  /** A burst ends after so long without a message; default 500. */
  idleMs?: number;
  /** How long messages are collected for one commit; default 50. */
  lingerMs?: number;
  /** A larger message is not read, and becomes a dead letter; default 256 KiB. The broker is not told, since it would drop it silently. */
  maxPacketBytes?: number;
  /** Default 60; 0: none. */
  keepAliveSeconds?: number;
  /** Longest wait for the broker's answers; default 10,000. */
  answerMs?: number;
  /** What may be read and published, by topic patterns; with something to publish the app has the tool `publish`. */
  topics?: MqttTopics;
}

/** What a stream says of its share of an MQTT feed. */
export interface MqttRoute {
  /** Topic filter, `+` and `#` allowed. Default: the feed's own `topic`. */
  topic?: string;
  /** Which level of the topic is the key, counted from 0. It takes the place of the stream's own `key`. */
  keyLevel?: number;
  /** How this stream's payloads read. Default: as the feed says. */
  payload?: MqttPayload;
}

export interface MqttTopics {
  /**
   * Filters of what may be read: streams are routed from these topics alone, answers to requests come on these alone,
   * and `receive` listens to these alone. Default: what the streams and rules name, and nothing to `receive`.
   */
  read?: readonly string[];
  /** What may be published; the first whose pattern matches a topic holds. A filter alone lets any payload through. */
  publish?: readonly (string | MqttPublishRule)[];
  /** Name of a stream of the app that each publication is appended to; see `publishAudit`. */
  audit?: string;
}

export interface MqttPublishRule {
  /** Topic filter, `+` and `#` allowed. */
  topic: string;
  /** For the model: what is at these topics, and what a message does. */
  description?: string;
  /** What the payload has to be; the model sees it as JSON Schema, and what it makes of the payload is sent. Default: anything. */
  schema?: z.ZodType;
  /** How the payload is written; default: as the feed says, which is `json` unless declared. */
  payload?: MqttPayload;
  /**
   * A person has to agree to each message, in a form of the client's that shows topic and payload. A client that cannot
   * be asked gets -32021, or with `otherwise: 'refuse'` a refusal that its model reads. Needs `TIDEGATE_SECRET`.
   */
  confirm?: boolean | string | { message?: string; otherwise?: Confirmation['otherwise'] };
  /** Where a message does not say; default 1. */
  qos?: 0 | 1;
  /** Whether messages may be retained by the broker; default false. */
  retain?: boolean;
  /** Most bytes of a payload, up to 1,048,576; default 65,536. */
  maxBytes?: number;
  /** MQTT 5, where a message does not say; default for JSON: `application/json`. */
  contentType?: string;
  /** MQTT 5, where a message does not say: after how long the broker drops it undelivered. */
  expirySeconds?: number;
  /** Lets messages be requests, with answers. */
  response?: MqttResponse;
}

export interface MqttResponse {
  /**
   * Where answers come: `+` stands for what the rule's own `+` matched, in order, and `{id}` for an id of the request's
   * own. Wildcards that are left over stay wildcards. Default: where the caller says, within `topics.read`.
   */
  topic?: string;
  /**
   * How an answer says whose it is. Default: by MQTT 5 correlation data, or the `{id}` in its topic. A name: by that
   * field, which requests get too, in the JSON of both. False: it does not; whatever comes there meanwhile is taken for one.
   */
  correlation?: string | false;
}
