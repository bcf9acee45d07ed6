/**
 * The texts in which `publish` and `request` describe the topics that an app allows: their patterns, and what the payload of
 * each may be. They are made when a client first lists the tools. Their length is bounded: schemas are left out first.
 */
import * as z from 'zod';
import type { Json, JsonObject } from '../../base/json.ts';
import { mergedSchema } from '../../base/schema/merged-schema.ts';
import { portableSchema } from '../../base/schema/portable-schema.ts';
import { shortened } from '../../base/text.ts';
import type { MqttRules, PublishRule } from './publish-rules.ts';

const TOPICS_CHARACTERS = 1_600;
const SENTENCE_CHARACTERS = 160;
const SCHEMAS_CHARACTERS = 4_000;
const TOLD_CHARACTERS = 2_000;

export interface Shown {
  feed: string;
  rule: PublishRule;
}

/** The rules of all feeds for which `wanted` is true. */
export function shownRules(
  outlets: ReadonlyMap<string, MqttRules>,
  wanted: (rule: PublishRule) => boolean,
): readonly Shown[] {
  return [...outlets].flatMap(([feed, { rules }]) => rules.filter(wanted).map((rule) => ({ feed, rule })));
}

/** One line for each pattern. */
export function describeTopics(shown: readonly Shown[], several: boolean): string {
  const forms: ((each: Shown) => string)[] = [
    ({ feed, rule }) => {
      const about = rule.description === null ? '' : `: ${shortened(rule.description, SENTENCE_CHARACTERS)}`;
      return `- ${several ? `${feed}: ` : ''}${rule.pattern}${particulars(rule)}${about}`;
    },
    ({ feed, rule }) => `- ${several ? `${feed}: ` : ''}${rule.pattern}`,
  ];
  for (const form of forms) {
    const text = `Topics (+ stands for one level, # for the rest):\n${shown.map(form).join('\n')}`;
    if (text.length <= TOPICS_CHARACTERS) return text;
  }
  return shortened(`Topics: ${shown.map(({ rule }) => rule.pattern).join(', ')}`, TOPICS_CHARACTERS);
}

function particulars({ confirm, retain, answers }: PublishRule): string {
  const shown = [
    ...(confirm === null ? [] : ['a person is asked each time']),
    ...(retain ? ['may be retained'] : []),
    ...(answers === null ? [] : [`answers on ${answers}`]),
  ];
  return shown.length === 0 ? '' : ` (${shown.join('; ')})`;
}

/** A schema that accepts everything, because the topic's rule decides. Its JSON Schema shows what each topic accepts. */
export function payloadSchema(shown: readonly Shown[]): z.ZodType {
  return z.lazy(() => z.unknown().meta(payloadJsonSchema(shown)));
}

/**
 * The JSON Schema of the payload: one that takes what any of the topics takes, because many clients know no variants. Its
 * description tells what each topic takes.
 */
function payloadJsonSchema(shown: readonly Shown[]): JsonObject {
  const schemas = shown.map(({ rule }) => schemaOf(rule));
  const told = shown.map(({ rule }, index) => toldOf(rule, schemas[index] ?? {}));
  const { description: _ofOne, ...merged } = mergedSchema(schemas);
  const isShort = JSON.stringify(merged).length <= SCHEMAS_CHARACTERS;
  return { ...(isShort ? merged : {}), description: shortened(told.join(' '), TOLD_CHARACTERS) };
}

/** A schema that contains itself is shown up to there. */
function schemaOf({ schema, payload }: PublishRule): JsonObject {
  if (schema === null) return payload === 'json' ? {} : { type: payload === 'text' ? 'string' : 'number' };
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as JsonObject;
  const { $defs: _defs, ...shown } = withoutReferences(portableSchema(rest)) as JsonObject;
  return shown;
}

function withoutReferences(schema: Json): Json {
  if (Array.isArray(schema)) return schema.map(withoutReferences);
  if (schema === null || typeof schema !== 'object') return schema;
  if (typeof schema['$ref'] === 'string') return {};
  return Object.fromEntries(Object.entries(schema).map(([key, value]) => [key, withoutReferences(value ?? null)]));
}

function toldOf({ pattern, payload }: PublishRule, { description, properties, type }: JsonObject): string {
  const fields = Object.keys((properties ?? {}) as JsonObject);
  const form = fields.length > 0 ? fields.join(', ') : typeof type === 'string' ? type : payload;
  return `To ${pattern}: ${form}.${typeof description === 'string' ? ` ${description}` : ''}`;
}
