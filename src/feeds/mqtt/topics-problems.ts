/** The mistakes in what an MQTT feed declares under `topics` that concern several options at once, or its streams. Pure. */
import * as z from 'zod';
import { withoutJsonForm } from '../../base/schema/json-schema.ts';
import type { JsonObject } from '../../base/json.ts';
import type { FeedTarget } from '../../declare/feed.ts';
import type { Problem } from '../../declare/problem.ts';
import { isBroken } from '../../declare/spec/problems.ts';
import type { MqttOptions, MqttPublishRule } from '../mqtt-session/options.ts';
import { responseFilter } from './publish-rules.ts';
import { routeOf } from '../mqtt-session/route.ts';
import { mqttVersions } from '../mqtt-session/settings.ts';
import { covers, filterMistake } from '../mqtt-session/topic.ts';

/** @param found the problems so far. An option that has one is not checked again. */
export function topicsProblems(
  options: MqttOptions,
  targets: readonly FeedTarget[],
  found: readonly Problem[],
): Problem[] {
  const { topics } = options;
  if (topics === undefined || found.some(({ path }) => path === 'topics')) return [];
  const read = isBroken(found, 'topics.read') ? null : (topics.read ?? null);
  const problems = read === null || isBroken(found, 'topic') ? [] : unreadable(options, read, targets);
  if (found.some(({ path }) => path === 'topics.publish')) return problems;
  for (const [index, given] of (topics.publish ?? []).entries()) {
    const path = `topics.publish.${index}`;
    if (isBroken(found, path)) continue;
    const rule = typeof given === 'string' ? { topic: given } : given;
    problems.push(...ruleProblems(rule, path), ...responseProblems(rule, path, options, read));
  }
  return problems;
}

/** A problem for each stream whose topic is not among those that may be read. */
function unreadable({ topic }: MqttOptions, read: readonly string[], targets: readonly FeedTarget[]): Problem[] {
  return targets.flatMap((target) => {
    const { topic: own } = routeOf(target);
    const filter = own ?? topic;
    if (filter === undefined || isWithin(filter, read)) return [];
    const path = own === undefined ? 'topic' : `streams.${target.stream}.topic`;
    return [outside(path, read, filter)];
  });
}

function isWithin(filter: string, read: readonly string[]): boolean {
  return read.some((wide) => covers(wide, filter));
}

function outside(path: string, read: readonly string[], found: string): Problem {
  return { path, expected: `a filter within topics.read (${read.join(', ')})`, found: JSON.stringify(found) };
}

function ruleProblems({ topic, schema }: MqttPublishRule, path: string): Problem[] {
  const mistake =
    filterMistake(topic) ?? (topic.split('/')[0] === '$SYS' ? 'topics that are not of the broker itself' : null);
  return [
    ...(mistake === null ? [] : [{ path: `${path}.topic`, expected: mistake, found: JSON.stringify(topic) }]),
    ...(schema === undefined || jsonSchemaOf(schema) !== null
      ? []
      : withoutJsonForm(schema, 'input', `${path}.schema`)),
  ];
}

function responseProblems(
  { response, payload, schema }: MqttPublishRule,
  path: string,
  feed: MqttOptions,
  read: readonly string[] | null,
): Problem[] {
  if (response === undefined) return [];
  const { topic, correlation } = response;
  const problems = topic === undefined ? [] : responseTopicProblems(topic, `${path}.response.topic`, read);
  if (topic === undefined && feed.topics?.read === undefined) {
    const expected = 'a topic filter, or topics.read, which it would be within';
    problems.push({ path: `${path}.response.topic`, expected });
  }
  const wrong = (expected: string) => problems.push({ path: `${path}.response.correlation`, expected });
  if (typeof correlation === 'string') {
    if ((payload ?? feed.payload ?? 'json') !== 'json') wrong('JSON payloads, which have fields');
    if (schema !== undefined && namesOf(schema).includes(correlation)) {
      const expected = `a schema without ${correlation}, which each request gets of itself`;
      problems.push({ path: `${path}.schema`, expected });
    }
  } else if (correlation === undefined && !topic?.includes('{id}') && !mqttVersions(feed).includes(5)) {
    wrong('a field or false, because MQTT 3.1.1 has no correlation data; or {id} in the topic');
  }
  return problems;
}

function responseTopicProblems(topic: string, path: string, read: readonly string[] | null): Problem[] {
  const filter = responseFilter(topic);
  const found = JSON.stringify(topic);
  const mistake = filterMistake(filter);
  if (mistake !== null) return [{ path, expected: mistake, found }];
  if (/[{}]/.test(filter)) return [{ path, expected: 'a topic filter, {id} alone in its level', found }];
  return read === null || isWithin(filter, read) ? [] : [outside(path, read, topic)];
}

function namesOf(schema: z.ZodType): string[] {
  const { properties } = (jsonSchemaOf(schema) ?? {}) as { properties?: JsonObject };
  return Object.keys(properties ?? {});
}

/** The JSON Schema of a schema; null if JSON Schema cannot express it. */
function jsonSchemaOf(schema: z.ZodType): object | null {
  try {
    return z.toJSONSchema(schema, { io: 'input' });
  } catch {
    return null;
  }
}
