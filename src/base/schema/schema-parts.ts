/** What a zod schema is made of, for code that goes through data and their schema together. Pure. */
import type * as z from 'zod';

/** A path through data; `null` stands for each member of a list or a record. */
export type SchemaPath = readonly (string | null)[];

/** How deep a schema is followed, so that one that holds itself ends. */
export const DEEPEST_SCHEMA = 16;

/** The definition of a schema, which says its kind and its parts. */
export type Def = z.core.$ZodTypes['_zod']['def'];

export function defOf(schema: z.core.$ZodType): Def {
  // oxlint-disable-next-line no-underscore-dangle -- the name by which zod lends its definitions to libraries
  return (schema as z.core.$ZodTypes)._zod.def;
}

/** The schemas that a schema hands its data to, each with the path of what it hands on. */
export function schemaParts(schema: z.core.$ZodType): (readonly [SchemaPath, z.core.$ZodType])[] {
  const def = defOf(schema);
  switch (def.type) {
    case 'object':
      return Object.entries(def.shape).map(([name, inner]) => [[name], inner]);
    case 'array':
      return [[[null], def.element]];
    case 'tuple':
      return def.items.map((inner, index) => [[String(index)], inner]);
    case 'record':
      return [[[null], def.valueType]];
    case 'union':
      return def.options.map((inner) => [[], inner]);
    case 'intersection':
      return [def.left, def.right].map((inner) => [[], inner]);
    case 'pipe':
      return [[[], def.in]];
    case 'lazy':
      // oxlint-disable-next-line no-underscore-dangle -- zod keeps it here, and its getter may make another one each time
      return [[[], (schema as z.core.$ZodLazy)._zod.innerType]];
    case 'optional':
    case 'nullable':
    case 'nonoptional':
    case 'default':
    case 'prefault':
    case 'catch':
    case 'readonly':
      return [[[], def.innerType]];
    default:
      return [];
  }
}

/** The names that the objects at this place of the data may have, in the order of their declaration. */
export function namesAt(schema: z.core.$ZodType, path: readonly string[]): string[] {
  return [...new Set(schemasAt(schema, path, 0).flatMap((each) => namesOf(each)))];
}

/** The name of an object at this place that has this name within it, as `condition.perKey`; null where none has. */
export function nameWithin(schema: z.core.$ZodType, path: readonly string[], name: string): string | null {
  const outer = namesAt(schema, path).find((each) => namesAt(schema, [...path, each]).includes(name));
  return outer === undefined ? null : `${outer}.${name}`;
}

function namesOf(schema: z.core.$ZodType): string[] {
  const def = defOf(schema);
  return def.type === 'object' ? Object.keys(def.shape) : [];
}

/** The schemas that may judge what stands at this place. */
function schemasAt(schema: z.core.$ZodType, path: readonly string[], depth: number): z.core.$ZodType[] {
  if (depth > DEEPEST_SCHEMA) return [];
  const [name, ...rest] = path;
  const here = name === undefined ? [schema] : [];
  const below = schemaParts(schema).flatMap(([[part], inner]) => {
    if (part === undefined) return schemasAt(inner, path, depth + 1);
    return name !== undefined && (part === null || part === name) ? schemasAt(inner, rest, depth + 1) : [];
  });
  return [...here, ...below];
}
