/**
 * Finds numbers that a schema made of nothing. `z.coerce.number()` takes an empty text, null and an empty list for 0, and
 * `0x10` for 16, and a measure that is missing would become one that is 0. It judges texts, null and lists only: all else
 * is as zod has it. It also tells which schemas can make a number of a text at all, and which hide that they refused
 * one. Pure.
 */
import type * as z from 'zod';
import { defOf, DEEPEST_SCHEMA, schemaParts, type SchemaPath } from './schema-parts.ts';

const DECIMAL = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

const known = new WeakMap<z.ZodType, readonly SchemaPath[]>();

/** The first number in `parsed` that the schema made of no decimal number; null where there is none. It has no words yet. */
export function madeOfNothing(schema: z.ZodType, data: unknown, parsed: unknown): z.core.$ZodIssue | null {
  let paths = known.get(schema);
  if (paths === undefined) known.set(schema, (paths = coercedIn(schema, [], 0)));
  for (const path of paths) {
    const found = wrongAt(data, parsed, path, []);
    if (found !== null) return { code: 'invalid_type', expected: 'number', path: [...found], message: '', input: data };
  }
  return null;
}

function wrongAt(data: unknown, parsed: unknown, [name, ...rest]: SchemaPath, at: readonly string[]): string[] | null {
  if (name === undefined) return typeof parsed === 'number' && !isNumeric(data) ? [...at] : null;
  if (!isContainer(data) || !isContainer(parsed)) return null;
  for (const member of name === null ? Object.keys(parsed) : [name]) {
    if (!Object.hasOwn(data, member) || !Object.hasOwn(parsed, member)) continue;
    const found = wrongAt(data[member], parsed[member], rest, [...at, member]);
    if (found !== null) return found;
  }
  return null;
}

function isNumeric(data: unknown): boolean {
  return typeof data === 'string' ? DECIMAL.test(data) : data !== null && !Array.isArray(data);
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function coercedIn(schema: z.core.$ZodType, at: SchemaPath, depth: number): SchemaPath[] {
  if (depth > DEEPEST_SCHEMA) return [];
  const def = defOf(schema);
  if (def.type === 'number') return def.coerce === true ? [at] : [];
  return schemaParts(def).flatMap(([path, inner]) => coercedIn(inner, [...at, ...path], depth + 1));
}

const makers = new WeakMap<z.ZodType, boolean>();

/** Whether the schema may make a number of a text: by coercion, or by a function of the app. */
export function makesValues(schema: z.ZodType): boolean {
  let makes = makers.get(schema);
  if (makes === undefined) makers.set(schema, (makes = makesIn(schema, 0)));
  return makes;
}

function makesIn(schema: z.core.$ZodType, depth: number): boolean {
  const def = defOf(schema);
  if (def.type === 'number') return def.coerce === true;
  if (depth > DEEPEST_SCHEMA || def.type === 'pipe' || def.type === 'transform' || def.type === 'lazy') return true;
  return schemaParts(def).some(([, inner]) => makesIn(inner, depth + 1));
}

const catchers = new WeakMap<z.ZodType, boolean>();

/** Whether the schema puts something else in the place of what it would refuse (`.catch()`). */
export function catchesValues(schema: z.ZodType): boolean {
  let catches = catchers.get(schema);
  if (catches === undefined) catchers.set(schema, (catches = catchesIn(schema, 0)));
  return catches;
}

function catchesIn(schema: z.core.$ZodType, depth: number): boolean {
  const def = defOf(schema);
  if (depth > DEEPEST_SCHEMA || def.type === 'catch') return true;
  if (def.type === 'pipe') return catchesIn(def.in, depth + 1) || catchesIn(def.out, depth + 1);
  return def.type === 'lazy' || schemaParts(def).some(([, inner]) => catchesIn(inner, depth + 1));
}
