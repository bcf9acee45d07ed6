/**
 * Makes JSON Schema 2020-12 of zod schemas, and words of zod's errors. It keeps nothing. A conversion takes longer than
 * most requests, so callers convert each schema once.
 */
import * as z from 'zod';
import { TidegateError } from './errors.ts';
import type { JsonObject } from './json.ts';
import { portableSchema } from './portable-schema.ts';

export const NO_ARGUMENTS: JsonObject = { type: 'object', properties: {}, additionalProperties: false };

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
    throw new TidegateError('invalid_config', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      field: path,
      expected: 'a schema that JSON Schema can express',
      cause,
    });
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
      const shown = listed.get(zodSchema);
      if (shown !== undefined) {
        for (const key of Object.keys(node)) delete node[key];
        const { $schema: _dialect, ...rest } = toJson(shown, io, isPlain);
        Object.assign(node, rest);
      } else if (isPlain && !isDeclared(zodSchema)) {
        for (const key of ['minLength', 'maxLength', 'minItems', 'maxItems', 'default']) delete node[key];
        if (node.minimum === 0 || node.minimum === 1) delete node.minimum;
        if (node.additionalProperties === false) delete node.additionalProperties;
      }
    },
  }) as JsonObject;
}

/** Whether the JSON Schema at this place is not made of zod's own types, but given by what an app declares. */
function isDeclared(schema: z.core.$ZodType): boolean {
  return schema instanceof z.ZodLazy || schema instanceof z.ZodUnknown;
}

/** @throws TidegateError `invalid_config` where `type` is not `object`, which MCP requires of tools. */
export function checkObjectSchema(schema: JsonObject, path: string): JsonObject {
  if (schema.type === 'object') return schema;
  throw new TidegateError('invalid_config', `${path}: expected the schema of an object`, {
    field: path,
    expected: 'the schema of an object, such as z.object({ … })',
  });
}

/**
 * Describes a zod error. `field` is the first wrong field; `text` has a line for each, with what was expected of it.
 */
export function describeIssues(error: z.ZodError): { field: string; text: string } {
  const lines = error.issues.map((issue) => {
    const field = issue.path.map(String).join('.') || '(arguments)';
    return { field, text: `${field}: ${issue.message}` };
  });
  return { field: lines[0]?.field ?? '(arguments)', text: lines.map(({ text }) => text).join('\n') };
}
