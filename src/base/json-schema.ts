/**
 * Makes JSON Schema 2020-12 of zod schemas, and words of zod's errors. It keeps nothing. A conversion takes longer than
 * most requests, so callers convert each schema once.
 */
import * as z from 'zod';
import { TidegateError } from './errors.ts';
import type { JsonObject } from './json.ts';

export const NO_ARGUMENTS: JsonObject = { type: 'object', additionalProperties: false };

/**
 * The JSON Schema of an object. It leaves out `$schema`, since MCP assumes 2020-12 without it.
 * @throws TidegateError `invalid_config` naming `path` where the schema is not one of an object, or has no JSON form.
 */
export function objectSchema(schema: z.ZodType, io: 'input' | 'output', path: string): JsonObject {
  let converted: JsonObject;
  try {
    converted = z.toJSONSchema(schema, { io, target: 'draft-2020-12' }) as JsonObject;
  } catch (cause) {
    throw new TidegateError('invalid_config', `${path}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      field: path,
      expected: 'a schema that JSON Schema can express',
      cause,
    });
  }
  const { $schema: _dialect, ...rest } = converted;
  return checkObjectSchema(rest, path);
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
