/** Decides which messages answer a request, and makes the form in which callers see a message. Pure. */
import type { Json } from '../../base/json.ts';
import { readSourceJson } from '../../base/source-json.ts';
import type { MqttInbound } from '../mqtt-session/messages.ts';
import type { Publication } from '../mqtt-session/packets.ts';
import type { PublishRule } from './publish-rules.ts';
import { wrongField } from './request-bounds.ts';
import { covers, filterMistake, topicMatcher } from '../mqtt-session/topic.ts';

export interface ResponsePlan {
  /** The filter to subscribe to. It is a topic if no wildcard is left over. */
  filter: string;
  /** The response topic that a request carries with MQTT 5; null if it has wildcards. */
  topic: string | null;
  /** What shows that a message is an answer; null: correlation data alone. */
  by: 'topic' | { field: string } | 'none' | null;
}

/**
 * Decides on which topics the answers to a request come.
 * @param given the topic that the caller names, within what the rule leaves open
 * @throws TidegateError `invalid_input` naming the field
 */
export function planResponse(
  rule: PublishRule,
  requestTopic: string,
  given: string | undefined,
  id: string,
): ResponsePlan {
  const { response } = rule;
  if (response === null) {
    throw wrongField('topic', `a topic that answers are declared for: messages to ${rule.pattern} have none`);
  }
  const { within, topic, correlation } = response;
  const mistake = given === undefined ? null : filterMistake(given);
  if (mistake !== null) throw wrongField('responseTopic', mistake);
  const filter = given ?? (topic === null ? null : filled(topic, matchedBy(rule.pattern, requestTopic), id));
  if (filter === null || (given !== undefined && !within.some((wide) => covers(wide, given)))) {
    throw wrongField('responseTopic', `a topic within ${within.join(', ')}`);
  }
  const own = given === undefined && topic?.split('/').includes('{id}') === true;
  const by = own
    ? 'topic'
    : typeof correlation === 'string'
      ? { field: correlation }
      : correlation === false
        ? 'none'
        : null;
  return { filter, topic: /[+#]/.test(filter) ? null : filter, by };
}

/** The levels of a topic that the `+` of a pattern match, in order. */
function matchedBy(pattern: string, topic: string): string[] {
  const levels = topic.split('/');
  return pattern.split('/').flatMap((level, index) => (level === '+' ? [levels[index] ?? ''] : []));
}

function filled(declared: string, stands: string[], id: string): string {
  const left = [...stands];
  return declared
    .split('/')
    .map((level) => (level === '{id}' ? id : level === '+' ? (left.shift() ?? '+') : level))
    .join('/');
}

/** Makes the test whether a message is an answer to the request with this id. */
export function answerTest({ filter, by }: ResponsePlan, id: string): (publication: Publication) => boolean {
  const matches = topicMatcher(filter);
  return (publication) => {
    // A retained message is older than the request, so it cannot be an answer.
    if (publication.cmd === 'oversized' || publication.retain || !matches(publication.topic)) return false;
    if (by === 'topic' || by === 'none') return true;
    const data = publication.properties?.correlationData;
    if (data !== undefined && new TextDecoder().decode(data) === id) return true;
    if (by === null) return false;
    const { payload } = inboundOf(publication, 0);
    return typeof payload === 'object' && payload !== null && !Array.isArray(payload) && payload[by.field] === id;
  };
}

const utf8 = new TextDecoder('utf-8', { fatal: true });

export function inboundOf(publication: Exclude<Publication, { cmd: 'oversized' }>, receivedAt: number): MqttInbound {
  const bytes = Buffer.from(publication.payload);
  const text = textOf(bytes);
  const { contentType, userProperties } = publication.properties ?? {};
  return {
    topic: publication.topic,
    payload: text === null ? bytes.toString('base64') : jsonOf(text),
    text,
    retained: publication.retain,
    receivedAt,
    ...(contentType === undefined ? {} : { contentType }),
    ...(userProperties === undefined ? {} : { userProperties: firstOfEach(userProperties) }),
  };
}

function textOf(bytes: Uint8Array): string | null {
  try {
    return utf8.decode(bytes);
  } catch {
    return null;
  }
}

function jsonOf(text: string): Json {
  try {
    return readSourceJson(text) as Json;
  } catch {
    return text;
  }
}

/** The first value of each name. A name may come several times (MQTT 5.0, section 3.3.2.3.7). */
function firstOfEach(properties: Readonly<Record<string, string | string[]>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(properties).map(([name, value]) => [name, Array.isArray(value) ? (value[0] ?? '') : value]),
  );
}
