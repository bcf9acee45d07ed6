/**
 * The texts in which `publish` and `request` describe the topics that an app allows: their patterns, and the JSON Schema of
 * each payload. They are made when a client first lists the tools. Their length is bounded: schemas are left out first.
 */
import * as z from 'zod';
import type { Json, JsonObject } from '../../base/json.ts';
import { shortened } from '../../base/text.ts';
import type { MqttRules, PublishRule } from './publish-rules.ts';

const TOPICS_CHARACTERS = 4_000;
const SENTENCE_CHARACTERS = 160;
const SCHEMAS_CHARACTERS = 16_000;

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

/** The JSON Schema of the payload. Its references fit its place at `properties.payload` of a tool's input. */
export function payloadJsonSchema(shown: readonly Shown[]): JsonObject {
  const one = shown.length === 1;
  let left = SCHEMAS_CHARACTERS;
  const schemas = shown.map(({ rule }, index) => {
    const place = one ? '#/properties/payload' : `#/properties/payload/anyOf/${index}`;
    const schema = moved(schemaOf(rule), place) as JsonObject;
    left -= JSON.stringify(schema).length;
    const said = typeof schema.description === 'string' ? ` ${schema.description}` : '';
    return { ...(left < 0 ? {} : schema), description: `To ${rule.pattern}.${said}` };
  });
  return one ? { ...schemas[0] } : { anyOf: schemas, description: 'What the topic takes' };
}

function schemaOf({ schema, payload }: PublishRule): JsonObject {
  if (schema === null) return payload === 'json' ? {} : { type: payload === 'text' ? 'string' : 'number' };
  const { $schema: _dialect, ...rest } = z.toJSONSchema(schema, { io: 'input' }) as JsonObject;
  return rest;
}

/** Moves the references of a schema that name its own root, or places below it, to its new place. */
function moved(schema: Json, place: string): Json {
  if (Array.isArray(schema)) return schema.map((each) => moved(each, place));
  if (schema === null || typeof schema !== 'object') return schema;
  return Object.fromEntries(
    Object.entries(schema).map(([key, value]) => [
      key,
      key === '$ref' && typeof value === 'string' && value.startsWith('#')
        ? `${place}${value.slice(1)}`
        : moved(value, place),
    ]),
  );
}
