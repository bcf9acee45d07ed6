/** What an MQTT feed and its routes may declare. The specification, with defaults and bounds, is `spec.ts`. */
import type * as z from 'zod';
import type { FeedPacing } from '../../declare/feed.ts';
import type { Secret } from '../../declare/secret.ts';
import type { Confirmation } from '../../declare/outlet.ts';
import type { MessageTest } from '../kit/message-test.ts';

/**
 * `json`: the data is the payload. `text` and `number` make `{ value }` of it, `binary` the same in Base64. A number is a
 * decimal number, such as `-21.5` or `1e5`.
 */
export type MqttPayload = 'json' | 'text' | 'number' | 'binary';

/** How a payload that is published is written. */
export type MqttPublishPayload = Exclude<MqttPayload, 'binary'>;

export interface MqttOptions extends FeedPacing {
  /**
   * `mqtt://host[:1883]`, `mqtts://host[:8883]`, `ws://…` or `wss://…`. The host may be on a private network, since
   * the operator chose it. A user and password in the URL are used where the options name none. Neither they nor the
   * query are ever shown. A secret may hold it.
   */
  url: string | Secret;
  /**
   * The name under which the broker keeps our session between two bursts; required at QoS 1. Give each feed a
   * clientId of its own: whoever connects with the same one takes the session over. A new clientId is a new session,
   * and what the old session held is lost. Each tenant has a session of its own, as `<clientId>.<tenant>`; `public`,
   * the only one where there is no `authenticate`, has the clientId as it is.
   */
  clientId?: string;
  /** The user at the broker: a text, or a secret. */
  username?: string | Secret;
  /** The password of the user: a text, or better a secret. It is never shown. */
  password?: string | Secret;
  /** Certificates for a `mqtts:` URL. */
  tls?: MqttTls;
  /** Version of the protocol; 4 is MQTT 3.1.1. Default: 5, and 4 where the broker does not know 5. */
  protocolVersion?: 4 | 5;
  /**
   * At 1 the broker keeps messages while the feed is not connected. At 0 only what is published while it is connected
   * arrives, and it may be lost.
   * @default 1
   */
  qos?: 0 | 1;
  /**
   * Topic filter of a feed that stands in its one stream. Streams that use `from(feed, { topic })` have filters of
   * their own.
   */
  topic?: string;
  /**
   * How payloads read where a route does not say. `json`: the payload is the data. `text` and `number` make `{ value
   * }` of it, and `binary` the same in Base64. A number is a decimal number, such as `-21.5` or `1e5`.
   * @default json
   */
  payload?: MqttPayload;
  /**
   * JSON only: path to the items in a payload, such as `data`, where a route does not say. Each item of a list there is
   * an event, an object there is one item, and an empty list is none. Without a path, a payload that is a list is split
   * unless the stream's schema takes lists.
   * @default the payload itself
   */
  items?: string;
  /**
   * Payloads that are no events, where a route does not say: by their whole text (`['unavailable', 'unknown', '']`), by
   * fields (`{ state: 'offline' }`), several of these, or a function of the payload. A text is compared to the last
   * character: a blank or a line end counts.
   */
  ignore?: MessageTest;
  /**
   * For how long the broker is asked to keep the session and its messages after a burst (MQTT 5).
   * @default 86,400 s
   */
  sessionExpirySeconds?: number;
  /**
   * How many messages the broker may send before the first of them is acknowledged. MQTT 5 asks the broker for 1,000
   * by default. MQTT 3.1.1 cannot ask: give what the broker is set to, or nothing, and the feed finds it out.
   */
  receiveMaximum?: number;
  /**
   * How many messages the broker keeps for an absent client; it drops others without a word. Where so many waited, a `gap`
   * event says that others may be missing. `none`: the broker drops nothing. 1,000 is what most brokers are set to.
   * @default 1,000
   */
  brokerQueueLimit?: number | 'none';
  /**
   * A burst ends after this time without a message, in ms, where the connection is not held.
   * @default 500 ms
   */
  idleMs?: number;
  /**
   * How long messages are collected for one commit, in ms.
   * @default 50 ms
   */
  lingerMs?: number;
  /**
   * A larger message is not read and becomes a dead letter. The broker does not learn of this limit, because it would
   * drop such messages without a word.
   * @default 262,144 B
   */
  maxPacketBytes?: number;
  /**
   * Keep-alive interval of the connection; 0: none.
   * @default 60 s
   */
  keepAliveSeconds?: number;
  /**
   * Longest wait for each answer of the broker, in ms.
   * @default 10,000 ms
   */
  answerMs?: number;
  /** Rights of reading and publishing, by topic pattern. An app with something to publish has the tool `publish`. */
  topics?: MqttTopics;
}

export interface MqttTls {
  /** Certificate authorities to trust in place of the platform's, in PEM: a text, or a secret. */
  ca?: string | Secret;
  /** A client certificate, in PEM: a text, or a secret; it needs `key` beside it. */
  cert?: string | Secret;
  /** The key of the client certificate, in PEM: a text, or better a secret. */
  key?: string | Secret;
  /** Host name for SNI. Default: that of the URL. */
  servername?: string;
}

/** What a stream says of its share of an MQTT feed. */
export interface MqttRoute {
  /** Topic filter, `+` and `#` allowed. Default: the feed's own `topic`. */
  topic?: string;
  /** Which level of the topic is the key, counted from 0. It takes the place of the stream's own `key`. */
  keyLevel?: number;
  /** How this stream's payloads read. Default: as the feed says. */
  payload?: MqttPayload;
  /** JSON only: path to the items in a payload. Default: as the feed says. */
  items?: string;
  /** Payloads that are no events of this stream. Default: as the feed says. */
  ignore?: MessageTest;
}

export interface MqttTopics {
  /**
   * Filters of what may be read: streams take from these topics alone, answers to requests come on these alone, and
   * `receive` listens to these alone. Default: what the streams and rules name; `receive` listens to nothing.
   */
  read?: readonly string[];
  /**
   * What may be published. The first rule whose pattern matches a topic holds. A filter in place of a rule lets any
   * payload through.
   */
  publish?: readonly (string | MqttPublishRule)[];
  /** Name of a stream of the app that gets a record of each publication; see `publishAudit`. */
  audit?: string;
}

export interface MqttPublishRule {
  /** Topic filter, `+` and `#` allowed. */
  topic: string;
  /** For the model: what is at these topics, and what a message does. */
  description?: string;
  /**
   * What the payload has to be. The model sees it as JSON Schema, and what the schema makes of the payload is sent.
   * Default: anything.
   */
  schema?: z.ZodType;
  /** How the payload is written. Default: as the feed says, and `json` where payloads are read as `binary`. */
  payload?: MqttPublishPayload;
  /**
   * A person has to agree to each message, in a form of the client's that shows topic and payload. A client that
   * cannot ask one gets -32021, or with `otherwise: 'refuse'` a refusal that its model reads. Needs
   * `TIDEGATE_SECRET`. Default: nobody is asked.
   */
  confirm?: boolean | string | { message?: string; otherwise?: Confirmation['otherwise'] };
  /**
   * QoS of a message that does not say. At 1 the broker acknowledges it.
   * @default 1
   */
  qos?: 0 | 1;
  /**
   * True: messages may ask the broker to retain them.
   * @default false
   */
  retain?: boolean;
  /**
   * Most bytes of a payload.
   * @default 65,536 B
   */
  maxBytes?: number;
  /** Content type of a message that does not say (MQTT 5). Default: `application/json` for JSON, else none. */
  contentType?: string;
  /**
   * After how long the broker drops a message undelivered, where the message does not say (MQTT 5). Default: never.
   */
  expirySeconds?: number;
  /** Lets messages be requests, with answers. */
  response?: MqttResponse;
}

export interface MqttResponse {
  /**
   * Where answers come. `+` stands for what the rule's own `+` matched, in order, and `{id}` for an id that each
   * request gets. Wildcards that are left over stay wildcards. Default: where the caller says, within `topics.read`.
   */
  topic?: string;
  /**
   * How an answer says which request it belongs to. A name: by that field, which the JSON of requests and answers
   * has. `false`: not at all; whatever comes there meanwhile is taken for an answer. Default: by MQTT 5 correlation
   * data, or by the `{id}` in its topic.
   */
  correlation?: string | false;
}
