/**
 * Makes the schema of a form that MCP allows: a flat object of texts, numbers, booleans and choices. This file is pure.
 */
import * as z from 'zod';
import { invalidConfig } from '../../base/errors.ts';
import type { JsonObject } from '../../base/json.ts';
import { withoutJsonForm } from '../../base/schema/json-schema.ts';

const KEPT = ['type', 'title', 'description', 'minLength', 'maxLength', 'minimum', 'maximum', 'format', 'default'];
const CHOICES = ['enum', 'enumNames', 'oneOf', 'anyOf', 'items', 'minItems', 'maxItems'];
const PRIMITIVES = new Set<unknown>(['string', 'number', 'integer', 'boolean']);
const FORMATS = new Set<unknown>(['email', 'uri', 'date', 'date-time']);

/**
 * Makes the schema of a form. It leaves out what MCP cannot express, so the form accepts more than `schema` does. The
 * answer is therefore checked against `schema` too.
 * @throws TidegateError `invalid_config` naming the field below `path` that no form can have
 */
export function flatSchema(schema: z.ZodType, path: string): JsonObject {
  const { type, properties = {}, required } = converted(schema, path);
  if (type !== 'object') throw invalidConfig(path, 'the schema of a flat object');
  const fields = Object.entries(properties as JsonObject).map(([name, declared]) => {
    const field = titledChoice(fieldOf(declared as JsonObject));
    const items = field.items as JsonObject | undefined;
    const isChoice = field.type === 'array' && (items?.enum !== undefined || items?.anyOf !== undefined);
    const isOfOther = field.type !== 'string' && (field.enum !== undefined || field.oneOf !== undefined);
    if (isChoice || (PRIMITIVES.has(field.type) && !isOfOther)) return [name, field];
    throw invalidConfig(
      `${path}.${name}`,
      'a text, a number, a boolean, a choice of texts (z.enum, or with titles z.union of z.literal(…).meta({ title })) or a list of such choices',
    );
  });
  return { type, properties: Object.fromEntries(fields) as JsonObject, ...(required ? { required } : {}) };
}

function fieldOf(declared: JsonObject): JsonObject {
  const kept = Object.entries(declared).filter(
    ([key, value]) => (KEPT.includes(key) && (key !== 'format' || FORMATS.has(value))) || CHOICES.includes(key),
  );
  return Object.fromEntries(kept);
}

/** A union of texts, each with its title, is a choice with words for people. What has no title is called by its text. */
function titledChoice(field: JsonObject): JsonObject {
  const { anyOf: _, ...rest } = field;
  const own = choicesIn(field);
  if (own !== null && field.type === undefined) return { ...rest, type: 'string', oneOf: own };
  const ofList = field.items === undefined ? null : choicesIn(field.items as JsonObject);
  return ofList === null ? field : { ...field, items: { anyOf: ofList } };
}

/** Null: it is no union of texts. */
function choicesIn({ anyOf }: JsonObject): JsonObject[] | null {
  const choices = (anyOf as JsonObject[] | undefined)?.map(({ const: value = null, title = value }) => ({
    const: value,
    title,
  }));
  return choices?.every(({ const: value }) => typeof value === 'string') ? choices : null;
}

function converted(schema: z.ZodType, path: string): JsonObject {
  try {
    return z.toJSONSchema(schema, { io: 'input' }) as JsonObject;
  } catch {
    const [place] = withoutJsonForm(schema, 'input', path);
    throw invalidConfig(place?.path ?? path, place?.expected ?? 'a schema that JSON Schema can express');
  }
}
