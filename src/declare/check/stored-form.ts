/**
 * The schema of a form from what was sent of it (`flat-schema.ts`), where the handler's own schema is not at hand. It knows what such a
 * form can have and nothing else of JSON Schema: all of it would be 20 KiB in every bundle. This file is pure.
 */
import * as z from 'zod';
import type { Json, JsonObject } from '../../base/json.ts';

export function formSchemaOf({ properties = {}, required = [] }: JsonObject): z.ZodType {
  const needed = new Set(required as string[]);
  const fields = Object.entries(properties as JsonObject).map(([name, declared]) => {
    const field = declared as JsonObject;
    const schema = fieldSchema(field);
    if (field['default'] !== undefined) return [name, schema.default(field['default'])] as const;
    return [name, needed.has(name) ? schema : schema.optional()] as const;
  });
  return z.looseObject(Object.fromEntries(fields));
}

function fieldSchema(field: JsonObject): z.ZodType {
  const choices = choicesOf(field);
  if (choices !== null) return choices;
  const { type, minItems, maxItems, minimum, maximum } = field;
  if (type === 'boolean') return z.boolean();
  if (type === 'array') {
    const list = z.array(choicesOf(field['items'] as JsonObject) ?? z.string());
    return bounded(list, minItems, maxItems);
  }
  if (type === 'string') return textSchema(field);
  return bounded(type === 'integer' ? z.number().int() : z.number(), minimum, maximum);
}

/** Null: the field is no choice. */
function choicesOf({ enum: values, oneOf, anyOf }: JsonObject): z.ZodType | null {
  const titled = (oneOf ?? anyOf) as { const: Json }[] | undefined;
  const all = (values as Json[] | undefined) ?? titled?.map((each) => each.const);
  return all === undefined ? null : z.enum(all.map(String) as [string, ...string[]]);
}

function textSchema({ format, minLength, maxLength }: JsonObject): z.ZodType {
  const text = bounded(z.string(), minLength, maxLength);
  if (format === 'email') return text.check(z.email());
  if (format === 'uri') return text.check(z.url());
  if (format === 'date') return text.check(z.iso.date());
  return format === 'date-time' ? text.check(z.iso.datetime({ offset: true })) : text;
}

interface Boundable<Self> {
  min(least: number): Self;
  max(most: number): Self;
}

function bounded<Schema extends Boundable<Schema>>(schema: Schema, least: unknown, most: unknown): Schema {
  const above = typeof least === 'number' ? schema.min(least) : schema;
  return typeof most === 'number' ? above.max(most) : above;
}
