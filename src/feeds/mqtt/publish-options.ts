/** What may be published to a broker and listened to there, as an app declares it: rights by topic pattern, per direction. */
import type * as z from 'zod';
import type { MqttPayload } from '../../declare/outlet.ts';
import type { Confirmation, OutletRule } from '../../declare/outlet.ts';

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

/** A rule with its defaults. */
export interface PublishRule extends OutletRule {
  maxBytes: number;
  contentType: string | null;
  expirySeconds: number | null;
  /** Filters that the answers' topic has to be within, and which of them it is by itself; null: it is the caller's to say. */
  response: { within: readonly string[]; topic: string | null; correlation: string | false | null } | null;
}

export const LONGEST_EXPIRY_SECONDS = 0xffffffff;
const DEFAULT_BYTES = 65_536;

export function publishRules({ publish = [], read = [] }: MqttTopics, feedPayload: MqttPayload): PublishRule[] {
  return publish.map((given) => {
    const rule: MqttPublishRule = typeof given === 'string' ? { topic: given } : given;
    const payload = rule.payload ?? feedPayload;
    const { response } = rule;
    const { topic = null, correlation = null } = response ?? {};
    const within = topic === null ? read : [responseFilter(topic)];
    return {
      topic: rule.topic,
      description: rule.description ?? null,
      schema: rule.schema ?? null,
      payload,
      confirm: confirmationOf(rule.confirm),
      retain: rule.retain ?? false,
      qos: rule.qos ?? 1,
      maxBytes: rule.maxBytes ?? DEFAULT_BYTES,
      contentType: rule.contentType ?? (payload === 'json' ? 'application/json' : null),
      expirySeconds: rule.expirySeconds ?? null,
      answers: response === undefined ? null : (topic ?? read.join(', ')),
      response: response === undefined ? null : { within, topic, correlation },
    };
  });
}

function confirmationOf(confirm: MqttPublishRule['confirm']): Confirmation | null {
  if (confirm === undefined || confirm === false) return null;
  const { message, otherwise }: Exclude<MqttPublishRule['confirm'], boolean | string | undefined> =
    typeof confirm === 'object' ? confirm : typeof confirm === 'string' ? { message: confirm } : {};
  return { message: message ?? null, otherwise: otherwise ?? 'missing-capability' };
}

/** The response topic as a filter, whatever the request. */
export function responseFilter(topic: string): string {
  return topic
    .split('/')
    .map((level) => (level === '{id}' ? '+' : level))
    .join('/');
}
