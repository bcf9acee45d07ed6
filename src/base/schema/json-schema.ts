/**
 * Makes JSON Schema 2020-12 of zod schemas. It keeps nothing. A conversion takes longer than most requests, so callers
 * convert each schema once.
 */
import * as z from 'zod';
import { TidegateError } from '../errors.ts';
import type { Json, JsonObject } from '../json.ts';
import { leaveOutStricterWords } from './client-strictness.ts';
import { foreignParts } from './foreign-schema.ts';
import { portableSchema } from './portable-schema.ts';
import { defOf } from './schema-parts.ts';

export const NO_ARGUMENTS: JsonObject = { type: 'object', properties: {}, additionalProperties: false };

/**
 * What is anything is said so: some clients take a schema without any word for a mistake, and some let an object have no names
 * but those that are told.
 */
const ANY_TYPE: readonly JsonObject[] = [
  { type: 'object', additionalProperties: true },
  ...['array', 'string', 'number', 'boolean', 'null'].map((type) => ({ type })),
];

const listed = new WeakMap<z.core.$ZodType, z.ZodType>();

/**
 * A schema that takes more than models are told of: they are shown `shown`. Say what it is in words by `shown.describe(…)`:
 * a description of the schema itself makes another schema.
 */
export function listedAs<Schema extends z.ZodType>(schema: Schema, shown: z.ZodType): Schema {
  listed.set(schema, shown);
  return schema;
}

/**
 * The JSON Schema of an object, in the words that most clients know (portable-schema.ts). It leaves out `$schema`, since MCP
 * assumes 2020-12 without it.
 * @param isPlain leaves out what a model need not read: lengths of texts and lists, that a number begins at 0 or 1, defaults,
 * and that other names are refused. For the tools that come with the package, whose descriptions tell the defaults that
 * matter. What an app declares within them stays as it is.
 * @throws TidegateError `invalid_config` naming `path` where the schema is not one of an object, or has no JSON form.
 */
export function objectSchema(schema: z.ZodType, io: 'input' | 'output', path: string, isPlain = false): JsonObject {
  let converted: JsonObject;
  try {
    converted = toJson(schema, io, isPlain);
  } catch (cause) {
    const places = withoutJsonForm(schema, io, path);
    const lines = places.map(
      ({ path: field, expected, found }) =>
        `${field}: expected ${expected}${found === undefined ? '' : `, found ${found}`}`,
    );
    const [{ path: field, expected } = { path, expected: 'a schema that JSON Schema can express' }] = places;
    throw new TidegateError('invalid_config', lines.join('\n'), { field, expected, cause });
  }
  const { $schema: _dialect, ...rest } = converted;
  return checkObjectSchema(portableSchema(rest), path);
}

function toJson(schema: z.ZodType, io: 'input' | 'output', isPlain: boolean): JsonObject {
  return z.toJSONSchema(schema, {
    io,
    target: 'draft-2020-12',
    override({ zodSchema, jsonSchema }) {
      const node = jsonSchema as JsonObject;
      leaveOutStricterWords(zodSchema, node, io);
      const shown = listed.get(zodSchema);
      if (shown !== undefined) {
        for (const key of Object.keys(node)) delete node[key];
        const { $schema: _dialect, ...rest } = toJson(shown, io, isPlain);
        Object.assign(node, rest);
      } else if (isPlain && zodSchema instanceof z.ZodUnknown) {
        if (Object.keys(node).every((key) => key === 'description')) node.anyOf = [...ANY_TYPE];
      } else if (isPlain && !(zodSchema instanceof z.ZodLazy)) {
        for (const key of ['minLength', 'maxLength', 'minItems', 'maxItems', 'default']) delete node[key];
        if (node.minimum === 0 || node.minimum === 1) delete node.minimum;
        if (node.additionalProperties === false) delete node.additionalProperties;
        // Further names hold anything without being told so.
        if (isOfAnyType(node.additionalProperties)) node.additionalProperties = true;
      }
    },
  }) as JsonObject;
}

function isOfAnyType(schema: Json | undefined): boolean {
  if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return false;
  return Array.isArray(schema.anyOf) && schema.anyOf.length === ANY_TYPE.length;
}

/** What to declare in place of what JSON has no form for, by zod's name of it. */
const INSTEAD: Readonly<Record<string, readonly [found: string, expected: string]>> = {
  date: ['z.date()', 'z.iso.datetime() for a text, or z.number() for a count of ms: JSON has no dates'],
  transform: ['.transform(…)', '.transform(…).pipe(…) with a schema of what it makes, such as z.number()'],
  bigint: ['z.bigint()', 'z.int(), or z.string() for more than 15 digits: JSON has no bigint'],
  map: ['z.map(…)', 'z.record(z.string(), …): JSON has no maps'],
  set: ['z.set(…)', 'z.array(…): JSON has no sets'],
  undefined: ['z.undefined()', '.optional() behind the type of the field'],
  void: ['z.void()', '.optional() behind the type of the field'],
  nan: ['z.nan()', 'z.number().nullable(): JSON has no NaN'],
  symbol: ['z.symbol()', 'z.string(): JSON has no symbols'],
  custom: ['z.custom() or z.instanceof()', 'z.json(), or the type that it has in JSON with .refine(…)'],
  function: ['z.function()', 'data: JSON has no functions'],
  literal: ['a literal of undefined or a bigint', 'a literal that is a text, a number, true, false or null'],
};

/**
 * Each place of a schema that JSON Schema cannot express, with what to declare there; the schema itself where no place is
 * known. Only asked where a conversion failed.
 */
export function withoutJsonForm(
  schema: z.ZodType,
  io: 'input' | 'output',
  path: string,
): { path: string; expected: string; found?: string }[] {
  const foreign = foreignParts(schema, path);
  if (foreign.length > 0) return foreign;
  const places = new Map<string, { path: string; expected: string; found: string }>();
  const message = convertAll(schema, io, (type, at) => {
    const [found, expected] = INSTEAD[type] ?? [];
    if (found !== undefined && expected !== undefined) places.set(at, { path: `${path}${at}`, expected, found });
  });
  if (places.size > 0) return [...places.values()].toReversed();
  return [{ path, expected: 'a schema that JSON Schema can express', found: message ?? 'another one' }];
}

/** Calls `visit` for each part that has no form. Answers why it ended early; null: it did not. */
function convertAll(
  schema: z.ZodType,
  io: 'input' | 'output',
  visit: (type: string, at: string) => void,
): string | null {
  try {
    z.toJSONSchema(schema, {
      io,
      unrepresentable: 'any',
      override({ zodSchema, jsonSchema, path }) {
        if (Object.keys(jsonSchema).length === 0 || isOddLiteral(zodSchema))
          visit((zodSchema as unknown as z.ZodType).def.type, asWritten(path));
      },
    });
    return null;
  } catch (thrown) {
    return thrown instanceof Error ? thrown.message : String(thrown);
  }
}

function isOddLiteral(schema: z.core.$ZodType): boolean {
  const def = defOf(schema);
  return def.type === 'literal' && def.values.some((value) => typeof value === 'bigint' || value === undefined);
}

/** A place of a JSON Schema as a place of the data: `.rooms[].since`. */
function asWritten(path: readonly (string | number)[]): string {
  let text = '';
  for (let at = 0; at < path.length; at += 1) {
    const key = path[at];
    if (key === 'properties') text += `.${String(path[(at += 1)])}`;
    else if (key === 'items' || key === 'prefixItems') text += '[]';
    else if (key === 'additionalProperties') text += '.*';
    if (key === 'prefixItems') at += 1;
  }
  return text;
}

/** @throws TidegateError `invalid_config` where `type` is not `object`, which MCP requires of tools. */
export function checkObjectSchema(schema: JsonObject, path: string): JsonObject {
  if (schema.type === 'object') return schema;
  const isUnion = schema.anyOf !== undefined || schema.oneOf !== undefined;
  const found = isUnion ? 'a union' : typeof schema.type === 'string' ? `one of type ${schema.type}` : 'another one';
  const expected = 'the schema of an object, such as z.object({ … })';
  throw new TidegateError('invalid_config', `${path}: expected ${expected}, found ${found}`, { field: path, expected });
}
