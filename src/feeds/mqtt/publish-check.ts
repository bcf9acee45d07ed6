/**
 * Checks a message against the rules of what may be published, before a person is asked or anything is sent. Every refusal
 * names the field that is wrong. Pure.
 */
import * as z from 'zod';
import { asMeant } from '../../base/schema/as-meant.ts';
import { describeIssues, UNWORDED } from '../../base/schema/issue-words.ts';
import { TidegateError } from '../../base/errors.ts';
import { isDeep, type Json, type JsonObject, MOST_DEPTH, utf8Bytes } from '../../base/json.ts';
import type { MqttMessage } from '../mqtt-session/messages.ts';
import type { PublishRule } from './publish-rules.ts';
import { LONGEST_EXPIRY_SECONDS } from '../mqtt-session/spec.ts';
import { wrongField } from './request-bounds.ts';
import { LONGEST_TOPIC_BYTES, topicMatcher } from '../mqtt-session/topic.ts';

/** The message as it goes on the wire, except for fields that the broker's version does not have. */
export interface OutgoingMessage {
  topic: string;
  payload: Uint8Array;
  qos: 0 | 1;
  retain: boolean;
  /** This field and its like are of MQTT 5. `asked` names those that the caller gave. */
  contentType: string | null;
  expirySeconds: number | null;
  userProperties: Readonly<Record<string, string>> | null;
  asked: readonly (keyof MqttMessage)[];
}

const MOST_USER_PROPERTIES = 32;
const USER_PROPERTY_BYTES = 1_024;
const CONTENT_TYPE_BYTES = 256;
const RULES_TOLD = 20;

/** The first rule that matches a topic. @throws TidegateError `invalid_input` naming `topic` */
export function ruleFor(rules: readonly PublishRule[], topic: string): PublishRule {
  const mistake = topicMistake(topic);
  if (mistake !== null) throw wrongField('topic', mistake);
  const rule = rules.find((each) => topicMatcher(each.pattern)(topic) && hasNoOtherGaps(topic, each.pattern));
  if (rule) return rule;
  const gap = topic.split('/').includes('') ? ', without empty levels' : '';
  const patterns = rules.slice(0, RULES_TOLD).map((each) => each.pattern);
  const more = rules.length > RULES_TOLD ? ` and ${rules.length - RULES_TOLD} more` : '';
  throw wrongField('topic', `a topic that one of these patterns matches: ${patterns.join(', ')}${more}${gap}`);
}

/** What is expected of a topic name that is not valid; null if it is valid (MQTT 5.0, section 4.7). */
function topicMistake(topic: unknown): string | null {
  if (typeof topic !== 'string' || topic === '') return 'a topic';
  if (utf8Bytes(topic) > LONGEST_TOPIC_BYTES) return `a topic of at most ${LONGEST_TOPIC_BYTES} bytes`;
  if (/[+#]/.test(topic)) return 'one topic, without the wildcards + and #';
  // A broker may end the connection for a control character, and a text that is not valid Unicode would become another
  // topic.
  if (/\p{Cc}|\p{Surrogate}/u.test(topic)) return 'a topic without null and control characters, in well-formed Unicode';
  if (/^\$(SYS|share)(\/|$)/i.test(topic)) return 'a topic that is not of the broker itself';
  return null;
}

/** Whether a level of the topic is empty only where the pattern's is: `/plant/+` has such topics, `plant/+` has not. */
function hasNoOtherGaps(topic: string, pattern: string): boolean {
  const wanted = pattern.split('/');
  return topic.split('/').every((level, index) => level !== '' || wanted[index] === '');
}

/**
 * Makes the message that goes out.
 * @param correlation a field that is added to the payload, with its value
 * @throws TidegateError `invalid_input`, `too_large`
 */
export function outgoing(
  message: MqttMessage,
  rule: PublishRule,
  correlation: { field: string; id: string } | null = null,
): OutgoingMessage & { shown: string } {
  const { topic, retain = false, qos = rule.qos } = message;
  if (retain && !rule.retain) throw wrongField('retain', `false: messages to ${rule.pattern} are not retained`);
  if (qos !== 0 && qos !== 1) throw wrongField('qos', '0 or 1');
  checkProperties(message);
  const { text, shown } = written(message.payload, rule, correlation);
  const payload = new TextEncoder().encode(text);
  if (payload.length > rule.maxBytes) {
    throw new TidegateError('too_large', `The payload has ${payload.length} bytes`, {
      field: 'payload',
      expected: `at most ${rule.maxBytes} bytes`,
    });
  }
  const asked = (['contentType', 'expirySeconds', 'userProperties'] as const).filter(
    (name) => message[name] !== undefined,
  );
  return {
    topic,
    payload,
    shown,
    qos,
    retain,
    contentType: message.contentType ?? rule.contentType,
    expirySeconds: message.expirySeconds ?? rule.expirySeconds,
    userProperties: message.userProperties ?? null,
    asked,
  };
}

/** Writes the payload. `shown` lacks the field that we add, because nobody has to agree to that. */
function written(
  payload: unknown,
  rule: PublishRule,
  correlation: { field: string; id: string } | null,
): { text: string; shown: string } {
  if (payload === undefined) throw wrongField('payload', 'a payload');
  if (rule.payload === 'json' && isDeep(payload as Json)) throw wrongField('payload', `at most ${MOST_DEPTH} levels`);
  const value =
    rule.schema === null ? asImplied(payload, rule, correlation !== null) : checked(payload, rule.schema, rule);
  if (rule.payload === 'text') {
    if (typeof value !== 'string' || /\p{Surrogate}/u.test(value)) throw wrongField('payload', 'a text');
    return { text: value, shown: JSON.stringify(value) };
  }
  if (rule.payload === 'number') {
    if (typeof value !== 'number' || !Number.isFinite(value)) throw wrongField('payload', 'a number');
    return { text: String(value), shown: String(value) };
  }
  const json: unknown = JSON.stringify(value);
  if (typeof json !== 'string') throw wrongField('payload', 'a JSON value');
  if (correlation === null) return { text: json, shown: json };
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw wrongField('payload', `an object, which gets the field ${correlation.field}`);
  }
  if (Object.hasOwn(value, correlation.field)) {
    throw wrongField(`payload.${correlation.field}`, 'to be left out: each request gets its own');
  }
  return { text: JSON.stringify({ ...(value as JsonObject), [correlation.field]: correlation.id }), shown: json };
}

/** What a payload is without a schema, by how it is written. */
const IMPLIED = { text: z.string(), number: z.number() };
const OBJECT = z.looseObject({});

/** A payload is an argument of a tool, and is taken as it was meant. What it has to be is looked at later. */
function asImplied(payload: unknown, { payload: kind }: PublishRule, getsField: boolean): unknown {
  if (kind !== 'json') return asMeant(IMPLIED[kind], payload);
  return getsField ? asMeant(OBJECT, payload) : payload;
}

/** The same with a schema, which says what is wrong. */
function checked(payload: unknown, schema: z.ZodType, { pattern }: PublishRule): unknown {
  const asGiven = schema.safeParse(payload);
  if (asGiven.success) return asGiven.data;
  const meant = asMeant(schema, payload);
  const parsed = schema.safeParse(meant, UNWORDED);
  if (parsed.success) return parsed.data;
  const { field, text } = describeIssues(schema, meant, parsed.error, 'payload');
  throw new TidegateError('invalid_input', `The payload is not what ${pattern} takes`, { field, expected: text });
}

function checkProperties({ contentType, expirySeconds, userProperties }: MqttMessage): void {
  if (contentType !== undefined && !isText(contentType, CONTENT_TYPE_BYTES)) {
    throw wrongField('contentType', `1 to ${CONTENT_TYPE_BYTES} bytes without control characters`);
  }
  if (expirySeconds !== undefined) {
    const whole = Number.isInteger(expirySeconds) && expirySeconds >= 1 && expirySeconds <= LONGEST_EXPIRY_SECONDS;
    if (!whole) throw wrongField('expirySeconds', `a whole number from 1 to ${LONGEST_EXPIRY_SECONDS}`);
  }
  const entries = Object.entries(userProperties ?? {});
  if (entries.length > MOST_USER_PROPERTIES) throw wrongField('userProperties', `at most ${MOST_USER_PROPERTIES}`);
  for (const [name, value] of entries) {
    if (isText(name, USER_PROPERTY_BYTES) && (value === '' || isText(value, USER_PROPERTY_BYTES))) continue;
    throw wrongField(
      'userProperties',
      `names and values of at most ${USER_PROPERTY_BYTES} bytes without control characters`,
    );
  }
}

function isText(value: unknown, mostBytes: number): boolean {
  return (
    typeof value === 'string' && value !== '' && utf8Bytes(value) <= mostBytes && !/\p{Cc}|\p{Surrogate}/u.test(value)
  );
}
