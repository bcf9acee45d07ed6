/** The mistakes in what an app declares of topics, found without any I/O. */
import * as z from 'zod';
import type { FeedTarget } from '../../declare/feed.ts';
import type { MqttPayload } from '../../declare/outlet.ts';
import type { Problem } from '../../declare/problem.ts';
import { type KnownNames, unknownKeys } from '../../declare/spec/known-names.ts';
import type { JsonObject } from '../../base/json.ts';
import {
  LONGEST_EXPIRY_SECONDS,
  type MqttPublishRule,
  type MqttResponse,
  type MqttTopics,
  responseFilter,
} from './publish-options.ts';
import { covers, filterMistake } from './topic.ts';

const MOST_BYTES = 1_048_576;
const MOST_RULES = 50;

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
  if (typeof response !== 'object' || response === null) return wrong(at, '{ topic, correlation }');
  problems.push(...unknownKeys(response, KNOWN_OF_RESPONSE, at));
  const { topic, correlation } = response;
  if (topic === undefined) {
    if (feed.read === null) wrong(`${at}.topic`, 'a topic filter, or topics.read, which it would be within');
  } else if (typeof topic === 'string') checkResponseTopic(topic, `${at}.topic`, feed.read, wrong);
  else wrong(`${at}.topic`, 'a topic filter', topic);
  if (correlation !== undefined && correlation !== false && (typeof correlation !== 'string' || correlation === '')) {
    wrong(`${at}.correlation`, 'the name of a field, or false', correlation);
  }
  if (typeof correlation === 'string') {
    if ((rule.payload ?? feed.payload) !== 'json') wrong(`${at}.correlation`, 'JSON payloads, which have fields');
    if (rule.schema instanceof z.ZodType && namesOf(rule.schema).includes(correlation)) {
      wrong(`${path}.schema`, `a schema without ${correlation}, which each request gets of itself`);
    }
  }
  if (
    correlation === undefined &&
    !(typeof topic === 'string' && topic.includes('{id}')) &&
    !feed.versions.includes(5)
  ) {
    wrong(`${at}.correlation`, 'a field or false, because MQTT 3.1.1 has no correlation data; or {id} in the topic');
  }
}

function checkResponseTopic(topic: string, path: string, read: readonly string[] | null, wrong: Wrong): void {
  const filter = responseFilter(topic);
  const mistake = filterMistake(filter);
  if (mistake !== null) wrong(path, mistake, topic);
  else if (/[{}]/.test(filter)) wrong(path, 'a topic filter, {id} alone in its level', topic);
  else if (read !== null && !read.some((wide) => covers(wide, filter))) {
    wrong(path, `a filter within topics.read (${read.join(', ')})`, topic);
  }
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
