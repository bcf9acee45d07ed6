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
    const field = fieldOf(declared as JsonObject);
    const items = field.items as JsonObject | undefined;
    const isChoice = field.type === 'array' && (items?.enum !== undefined || items?.anyOf !== undefined);
    const isOfOther = field.type !== 'string' && (field.enum !== undefined || field.oneOf !== undefined);
    if (isChoice || (PRIMITIVES.has(field.type) && !isOfOther)) return [name, field];
    throw invalidConfig(`${path}.${name}`, 'a text, a number, a boolean, a choice of texts or a list of such choices');
  });
  return { type, properties: Object.fromEntries(fields) as JsonObject, ...(required ? { required } : {}) };
}

function fieldOf(declared: JsonObject): JsonObject {
  const kept = Object.entries(declared).filter(
    ([key, value]) => (KEPT.includes(key) && (key !== 'format' || FORMATS.has(value))) || CHOICES.includes(key),
  );
  return Object.fromEntries(kept);
}

function converted(schema: z.ZodType, path: string): JsonObject {
  try {
    return z.toJSONSchema(schema, { io: 'input' }) as JsonObject;
  } catch {
    const [place] = withoutJsonForm(schema, 'input', path);
    throw invalidConfig(place?.path ?? path, place?.expected ?? 'a schema that JSON Schema can express');
  }
}
