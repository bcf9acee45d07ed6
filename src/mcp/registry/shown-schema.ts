/**
 * The JSON Schemas that tools are listed with. Each schema is converted once, however many registries show it: there is one for each
 * part of the app that some caller may use, and converting was most of making it. A schema of zod never changes.
 */
import type * as z from 'zod';
import type { JsonObject } from '../../base/json.ts';
import { objectSchema } from '../../base/schema/json-schema.ts';

type Forms = Partial<Record<`${'input' | 'output'} ${boolean}`, JsonObject>>;

const converted = new WeakMap<z.ZodType, Forms>();

/** As `objectSchema`, with its errors. Nobody may change what it answers. */
export function shownSchema(schema: z.ZodType, io: 'input' | 'output', path: string, isPlain: boolean): JsonObject {
  const forms = converted.get(schema) ?? {};
  converted.set(schema, forms);
  return (forms[`${io} ${isPlain}`] ??= objectSchema(schema, io, path, isPlain));
}
