/** Says what stands where a schema of zod 4 is meant: one of zod 3, of another library, fields without an object, or none. Pure. */
import type * as z from 'zod';
import { defOf, DEEPEST_SCHEMA, schemaParts, type SchemaPath } from './schema-parts.ts';

const isZod = (value: unknown): boolean => typeof value === 'object' && value !== null && '_zod' in value;

/** @returns what was expected in place of a value, and what it is */
export function zodExpected(value: unknown, example = 'z.object({ … })'): string {
  const schema = `a zod schema, such as ${example}`;
  if (value === undefined) return schema;
  if (typeof value !== 'object' || value === null) return `${schema}, found ${nameOf(value)}`;
  if ('_zod' in value) return `${schema}; this one is of zod/mini: import * as z from 'zod'`;
  if ('_def' in value) return `${schema}; this one is of zod 3: npm install zod@4, and import * as z from 'zod'`;
  const { vendor } = ('~standard' in value ? value['~standard'] : {}) as { vendor?: unknown };
  if (typeof vendor === 'string') return `${schema}; this one is of ${vendor}`;
  const fields = Object.values(value);
  if (Array.isArray(value)) return `${schema}, found a list`;
  if (fields.length > 0 && fields.every(isZod)) return 'z.object({ … }) around these fields';
  return 'type' in value || 'properties' in value ? `${schema}, or z.fromJSONSchema(…) around this one` : schema;
}

function nameOf(value: unknown): string {
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}

/** The places within a schema at which something else stands than a schema of zod 4, which zod itself does not tell. */
export function foreignParts(schema: z.core.$ZodType, path: string): { path: string; expected: string }[] {
  return partsOf(schema, [], []).map(([at, value, around]) => {
    if (value !== undefined) return { path: path + written(at), expected: zodExpected(value, 'z.string()') };
    // With zod 3 a record of one schema was right.
    const isRecord = around !== undefined && defOf(around).type === 'record';
    const expected = isRecord ? 'two schemas, as in z.record(z.string(), …)' : zodExpected(value, 'z.string()');
    return { path: path + written(isRecord ? at.slice(0, -1) : at), expected: `${expected}, found undefined` };
  });
}

/** A value that is no schema, with its path and the schema that it is a part of. */
type Foreign = [at: SchemaPath, value: unknown, around: z.core.$ZodType | undefined];

/** @param above What holds the schema. One that contains itself is not looked through again. */
function partsOf(schema: z.core.$ZodType, at: SchemaPath, above: readonly z.core.$ZodType[]): Foreign[] {
  if (!isZod(schema)) return [[at, schema, above.at(-1)]];
  if (above.length > DEEPEST_SCHEMA || above.includes(schema)) return [];
  return schemaParts(schema).flatMap(([path, inner]) => partsOf(inner, [...at, ...path], [...above, schema]));
}

function written(at: SchemaPath): string {
  return at.map((name) => (name === null ? '[]' : `.${name}`)).join('');
}
