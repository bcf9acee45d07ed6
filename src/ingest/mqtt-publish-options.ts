/**
 * What may be published to a broker and listened to there, as an app declares it: rights by topic pattern, per direction,
 * their defaults, and the mistakes that can be found in them without any I/O.
 */
import * as z from 'zod';
import type { FeedTarget, MqttPayload, Problem } from '../core/declaration/feed.ts';
import { type KnownNames, unknownKeys } from '../core/declaration/known-names.ts';
import type { Confirmation, OutletRule } from '../core/declaration/outlet.ts';
import type { JsonObject } from '../core/json.ts';
import { covers, filterMistake } from './mqtt-topic.ts';

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
   * own. Wildcards that are left over stay wildcards.
   */
  topic: string;
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
  response: { topic: string; correlation: string | false | null } | null;
}

export const LONGEST_EXPIRY_SECONDS = 0xffffffff;
const DEFAULT_BYTES = 65_536;
const MOST_BYTES = 1_048_576;
const MOST_RULES = 50;

export function publishRules({ publish = [] }: MqttTopics, feedPayload: MqttPayload): PublishRule[] {
  return publish.map((given) => {
    const rule: MqttPublishRule = typeof given === 'string' ? { topic: given } : given;
    const payload = rule.payload ?? feedPayload;
    const { response } = rule;
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
      answers: response?.topic ?? null,
      response: response ? { topic: response.topic, correlation: response.correlation ?? null } : null,
    };
  });
}

function confirmationOf(confirm: MqttPublishRule['confirm']): Confirmation | null {
  if (confirm === undefined || confirm === false) return null;
  const { message, otherwise }: Exclude<MqttPublishRule['confirm'], boolean | string | undefined> =
    typeof confirm === 'object' ? confirm : typeof confirm === 'string' ? { message: confirm } : {};
  return { message: message ?? null, otherwise: otherwise ?? 'missing-capability' };
}

const KNOWN: KnownNames<MqttTopics> = { read: true, publish: true, audit: true };
const KNOWN_OF_RULE: KnownNames<MqttPublishRule> = {
  topic: true,
  description: true,
  schema: true,
  payload: true,
  confirm: true,
  qos: true,
  retain: true,
  maxBytes: true,
  contentType: true,
  expirySeconds: true,
  response: true,
};
const KNOWN_OF_RESPONSE: KnownNames<MqttResponse> = { topic: true, correlation: true };
const KNOWN_OF_CONFIRM = { message: true, otherwise: true };

/** @param versions that the feed may speak */
export function topicsProblems(
  topics: MqttTopics,
  feed: { topic: string | undefined; payload: MqttPayload; versions: readonly (4 | 5)[] },
  targets: readonly FeedTarget[],
): Problem[] {
  if (typeof topics !== 'object' || topics === null) return [{ path: 'topics', expected: '{ read, publish, audit }' }];
  const problems = unknownKeys(topics, KNOWN, 'topics');
  const wrong: Wrong = (path, expected, found) =>
    problems.push({ path, expected, ...(found === undefined ? {} : { found: JSON.stringify(found) }) });
  const read = checkRead(topics, wrong);
  for (const { stream, route } of read === null ? [] : targets) {
    const filter = route?.topic ?? feed.topic;
    if (filter === undefined || read?.some((wide) => covers(wide, filter))) continue;
    const path = route?.topic === undefined ? 'topic' : `streams.${stream}.topic`;
    wrong(path, `a filter within topics.read (${read?.join(', ') ?? ''})`, filter);
  }
  const { publish, audit } = topics;
  if (audit !== undefined && (typeof audit !== 'string' || audit === '')) wrong('topics.audit', 'the name of a stream');
  if (publish === undefined) return problems;
  if (!Array.isArray(publish) || publish.length > MOST_RULES) {
    wrong('topics.publish', `a list of at most ${MOST_RULES} topic filters and rules`);
    return problems;
  }
  for (const [index, given] of publish.entries() as ArrayIterator<[number, string | MqttPublishRule]>) {
    const path = `topics.publish.${index}`;
    const rule = typeof given === 'string' ? { topic: given } : given;
    if (typeof rule !== 'object' || rule === null) {
      wrong(path, 'a topic filter, or { topic, … }');
      continue;
    }
    problems.push(...unknownKeys(rule, KNOWN_OF_RULE, path));
    checkRule(rule, path, wrong);
    checkResponse(rule, path, { ...feed, read }, wrong, problems);
  }
  return problems;
}

type Wrong = (path: string, expected: string, found?: unknown) => void;

/** Null where there is none. */
function checkRead({ read }: MqttTopics, wrong: Wrong): readonly string[] | null {
  if (read === undefined) return null;
  if (!Array.isArray(read)) {
    wrong('topics.read', 'a list of topic filters');
    return null;
  }
  for (const [index, filter] of (read as unknown[]).entries()) {
    const mistake = typeof filter === 'string' ? filterMistake(filter) : 'a topic filter';
    if (mistake !== null) wrong(`topics.read.${index}`, mistake, filter);
  }
  return (read as unknown[]).filter((filter) => typeof filter === 'string');
}

function checkRule(rule: MqttPublishRule, path: string, wrong: Wrong): void {
  const { topic, schema, payload, confirm, qos, retain, maxBytes, expirySeconds } = rule;
  const mistake = typeof topic === 'string' ? filterMistake(topic) : 'a topic filter';
  if (mistake !== null) wrong(`${path}.topic`, mistake, topic);
  else if (topic.split('/')[0] === '$SYS') wrong(`${path}.topic`, 'topics that are not of the broker itself', topic);
  if (schema !== undefined) checkSchema(schema, `${path}.schema`, wrong);
  if (payload !== undefined && !['json', 'text', 'number'].includes(payload)) {
    wrong(`${path}.payload`, 'one of json, text, number', payload);
  }
  for (const name of ['description', 'contentType'] as const) {
    const text: unknown = rule[name];
    if (text !== undefined && (typeof text !== 'string' || text === '')) wrong(`${path}.${name}`, 'a text', text);
  }
  if (qos !== undefined && qos !== 0 && qos !== 1) wrong(`${path}.qos`, '0 or 1', qos);
  if (retain !== undefined && typeof retain !== 'boolean') wrong(`${path}.retain`, 'true or false', retain);
  if (!isWithin(maxBytes, MOST_BYTES)) wrong(`${path}.maxBytes`, `a whole number from 1 to ${MOST_BYTES}`, maxBytes);
  if (!isWithin(expirySeconds, LONGEST_EXPIRY_SECONDS)) {
    wrong(`${path}.expirySeconds`, `a whole number from 1 to ${LONGEST_EXPIRY_SECONDS}`, expirySeconds);
  }
  checkConfirm(confirm, `${path}.confirm`, wrong);
}

function checkConfirm(confirm: unknown, path: string, wrong: Wrong): void {
  if (confirm === undefined || typeof confirm === 'boolean') return;
  const expected = 'true, a text for people, or { message, otherwise }';
  if (typeof confirm === 'string' ? confirm === '' : typeof confirm !== 'object' || confirm === null) {
    return wrong(path, expected, confirm);
  }
  if (typeof confirm === 'string') return;
  const { message, otherwise } = confirm as { message?: unknown; otherwise?: unknown };
  for (const problem of unknownKeys(confirm, KNOWN_OF_CONFIRM, path)) wrong(problem.path, problem.expected);
  if (message !== undefined && (typeof message !== 'string' || message === '')) wrong(`${path}.message`, 'a text');
  if (otherwise !== undefined && otherwise !== 'missing-capability' && otherwise !== 'refuse') {
    wrong(`${path}.otherwise`, 'missing-capability or refuse', otherwise);
  }
}

function checkSchema(schema: unknown, path: string, wrong: Wrong): void {
  if (!(schema instanceof z.ZodType)) return wrong(path, 'a zod schema, such as z.object({ … })');
  try {
    z.toJSONSchema(schema, { io: 'input' });
  } catch {
    wrong(path, 'a zod schema that JSON Schema can express');
  }
}

function checkResponse(
  rule: MqttPublishRule,
  path: string,
  feed: { payload: MqttPayload; versions: readonly (4 | 5)[]; read: readonly string[] | null },
  wrong: Wrong,
  problems: Problem[],
): void {
  const { response } = rule;
  if (response === undefined) return;
  const at = `${path}.response`;
  if (typeof response !== 'object' || response === null || typeof response.topic !== 'string') {
    return wrong(at, '{ topic, correlation }');
  }
  problems.push(...unknownKeys(response, KNOWN_OF_RESPONSE, at));
  const { topic, correlation } = response;
  const filter = responseFilter(topic);
  const mistake = filterMistake(filter);
  if (mistake !== null) wrong(`${at}.topic`, mistake, topic);
  else if (/[{}]/.test(filter)) wrong(`${at}.topic`, 'a topic filter, {id} alone in its level', topic);
  if (feed.read !== null && !feed.read.some((wide) => covers(wide, filter))) {
    wrong(`${at}.topic`, `a filter within topics.read (${feed.read.join(', ')})`, topic);
  }
  if (correlation !== undefined && correlation !== false && (typeof correlation !== 'string' || correlation === '')) {
    wrong(`${at}.correlation`, 'the name of a field, or false', correlation);
  }
  if (typeof correlation === 'string') {
    if ((rule.payload ?? feed.payload) !== 'json') wrong(`${at}.correlation`, 'JSON payloads, which have fields');
    if (rule.schema instanceof z.ZodType && namesOf(rule.schema).includes(correlation)) {
      wrong(`${path}.schema`, `a schema without ${correlation}, which each request gets of itself`);
    }
  }
  if (correlation === undefined && !topic.includes('{id}') && !feed.versions.includes(5)) {
    wrong(`${at}.correlation`, 'a field or false, because MQTT 3.1.1 has no correlation data; or {id} in the topic');
  }
}

/** The response topic as a filter, whatever the request. */
export function responseFilter(topic: string): string {
  return topic
    .split('/')
    .map((level) => (level === '{id}' ? '+' : level))
    .join('/');
}

function namesOf(schema: z.ZodType): string[] {
  try {
    const { properties } = z.toJSONSchema(schema, { io: 'input' }) as { properties?: JsonObject };
    return Object.keys(properties ?? {});
  } catch {
    return [];
  }
}

/** What is not declared is left to its default. */
function isWithin(value: unknown, most: number): boolean {
  return value === undefined || (typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= most);
}
