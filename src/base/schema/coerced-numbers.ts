/**
 * Finds numbers that a schema made of nothing. `z.coerce.number()` takes an empty text, null and an empty list for 0, and
 * `0x10` for 16, and a measure that is missing would become one that is 0. It judges texts, null and lists only: all else
 * is as zod has it. It also tells which schemas can make a number of a text at all, and which hide that they refused
 * one. Pure.
 */
import type * as z from 'zod';
import { defOf, DEEPEST_SCHEMA, schemaParts, type SchemaPath } from './schema-parts.ts';

const DECIMAL = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

/** The first number in `parsed` that the schema made of no decimal number; null where there is none. It has no words yet. */
export function madeOfNothing(schema: z.ZodType, data: unknown, parsed: unknown): z.core.$ZodIssue | null {
  if (placesOf(schema).length === 0) return null;
  const path = wrongIn(schema, data, parsed, new Map());
  return path && { code: 'invalid_type', expected: 'number', path, message: '', input: data };
}

/** Data that were looked at by each schema. Several forms of a union may hand on the same. */
type Seen = Map<z.core.$ZodType, Set<unknown>>;

function wrongIn(schema: z.core.$ZodType, data: unknown, parsed: unknown, seen: Seen): string[] | null {
  for (const place of placesOf(schema)) {
    const found = wrongAt(place, 0, data, parsed, seen);
    if (found !== null) return found;
  }
  return null;
}

function wrongAt(place: Place, depth: number, data: unknown, parsed: unknown, seen: Seen): string[] | null {
  const name = place.path[depth];
  if (name === undefined) {
    const { next } = place;
    if (next === null) return typeof parsed === 'number' && !isNumeric(data) ? [] : null;
    return isNew(next, data, seen) ? wrongIn(next, data, parsed, seen) : null;
  }
  if (!isContainer(data) || !isContainer(parsed)) return null;
  for (const member of name === null ? Object.keys(parsed) : [name]) {
    if (!Object.hasOwn(data, member) || !Object.hasOwn(parsed, member)) continue;
    const found = wrongAt(place, depth + 1, data[member], parsed[member], seen);
    if (found !== null) return [member, ...found];
  }
  return null;
}

function isNew(schema: z.core.$ZodType, data: unknown, seen: Seen): boolean {
  if (!isContainer(data)) return true;
  const own = seen.get(schema);
  if (own?.has(data)) return false;
  if (own === undefined) seen.set(schema, new Set([data]));
  else own.add(data);
  return true;
}

/** Where in the data of a schema a coerced number stands, or another schema that has some. */
interface Place {
  path: SchemaPath;
  /** Goes on there. It may be the schema itself, or one above. Null: a coerced number. */
  next: z.core.$ZodType | null;
}

const places = new WeakMap<z.core.$ZodType, readonly Place[]>();

function placesOf(schema: z.core.$ZodType): readonly Place[] {
  let known = places.get(schema);
  if (known === undefined) {
    known = isCoerced(schema) ? [{ path: [], next: null }] : coerces(schema) ? placesIn(schema, []) : [];
    places.set(schema, known);
  }
  return known;
}

/** Ends at objects and lazy schemas, because only they can hold themselves. */
function placesIn(schema: z.core.$ZodType, at: SchemaPath): Place[] {
  return schemaParts(schema).flatMap(([rest, inner]) => {
    const path = [...at, ...rest];
    if (isCoerced(inner)) return [{ path, next: null }];
    if (!coerces(inner)) return [];
    const { type } = defOf(inner);
    return type === 'object' || type === 'lazy' ? [{ path, next: inner }] : placesIn(inner, path);
  });
}

function isCoerced(schema: z.core.$ZodType): boolean {
  const def = defOf(schema);
  return def.type === 'number' && def.coerce === true;
}

function isNumeric(data: unknown): boolean {
  return typeof data === 'string' ? DECIMAL.test(data) : data !== null && !Array.isArray(data);
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

const coercers = new WeakMap<z.core.$ZodType, boolean>();

/** Whether a coerced number stands anywhere in the schema. Each of its schemas is looked at once. */
function coerces(schema: z.core.$ZodType): boolean {
  const known = coercers.get(schema);
  if (known !== undefined) return known;
  const all = new Set([schema]);
  let found = false;
  for (const each of all) {
    found = coercers.get(each) ?? isCoerced(each);
    if (found) break;
    if (!coercers.has(each)) for (const [, inner] of schemaParts(each)) all.add(inner);
  }
  coercers.set(schema, found);
  return found;
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
  return schemaParts(schema).some(([, inner]) => makesIn(inner, depth + 1));
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
  return def.type === 'lazy' || schemaParts(schema).some(([, inner]) => catchesIn(inner, depth + 1));
}
