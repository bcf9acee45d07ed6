/** The rules by which a message may be published, made from what an app declares. Pure. */
import type * as z from 'zod';
import type { Checked, Confirmation, Outlet, OutletContext, OutletRule } from '../../declare/outlet.ts';
import { withDefaults } from '../../declare/spec/options.ts';
import type {
  MqttListening,
  MqttMessage,
  MqttOutcome,
  MqttReceiveOutcome,
  MqttRequest,
  MqttRequestOutcome,
} from '../mqtt-session/messages.ts';
import type { MqttPayload, MqttPublishPayload, MqttPublishRule, MqttTopics } from '../mqtt-session/options.ts';
import { ruleSpec } from '../mqtt-session/spec.ts';

/** A rule with its defaults. */
export interface PublishRule extends OutletRule {
  description: string | null;
  schema: z.ZodType | null;
  payload: MqttPublishPayload;
  retain: boolean;
  qos: 0 | 1;
  /** The topic of answers as declared; null: messages cannot be requests. */
  answers: string | null;
  maxBytes: number;
  contentType: string | null;
  expirySeconds: number | null;
  /**
   * The filters that the response topic has to be within, and the declared topic; with a null `topic` the caller names
   * it.
   */
  response: { within: readonly string[]; topic: string | null; correlation: string | false | null } | null;
}

/** The outlet of an MQTT feed, with its own types and what the tools need to describe it. */
export interface MqttRules extends Outlet {
  /** The first rule that matches a topic applies. */
  rules: readonly PublishRule[];
  /** Whether messages can carry contentType, expirySeconds and userProperties. */
  properties: boolean;
  check(message: MqttMessage): Checked<MqttOutcome>;
  checkRequest(request: MqttRequest, newId: () => string): Checked<MqttRequestOutcome>;
  receive(wanted: MqttListening, context: OutletContext): Promise<MqttReceiveOutcome>;
}

export function publishRules({ publish = [], read = [] }: MqttTopics, feedPayload: MqttPayload): PublishRule[] {
  return publish.map((given) => {
    const declared: MqttPublishRule = typeof given === 'string' ? { topic: given } : given;
    const { response, ...rule } = withDefaults(ruleSpec, declared);
    const payload = rule.payload ?? (feedPayload === 'binary' ? 'json' : feedPayload);
    const { topic = null, correlation = null } = response ?? {};
    const within = topic === null ? read : [responseFilter(topic)];
    return {
      pattern: rule.topic,
      description: rule.description ?? null,
      schema: rule.schema ?? null,
      payload,
      confirm: confirmationOf(rule.confirm),
      retain: rule.retain ?? false,
      qos: rule.qos,
      maxBytes: rule.maxBytes,
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

/** A filter that covers the response topics of all requests. */
export function responseFilter(topic: string): string {
  return topic
    .split('/')
    .map((level) => (level === '{id}' ? '+' : level))
    .join('/');
}
