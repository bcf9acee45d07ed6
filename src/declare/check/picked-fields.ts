/**
 * What JSON Schema tells of a field that a declaration or a condition names: what may stand in it, and whether it may be
 * missing. What it does not tell (a schema without types) is left to whoever meets an event.
 */
import type { Json, JsonObject } from '../../base/json.ts';

/** JSON's types; `missing` where an event may come without the field. */
export type Form = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'array' | 'object' | 'missing';

/** What may stand in a field of data of this schema; null where that cannot be told. */
export function formsOfField(schema: JsonObject, field: string): ReadonlySet<Form> | null {
  return formsOfPath(schema, [field]);
}

/** The same of a field in objects within objects; of no names at all: what the data themselves may be. */
export function formsOfPath(schema: JsonObject, path: readonly string[]): ReadonlySet<Form> | null {
  return ofPath(schema, path, { root: schema, others: new Set(['missing']) }, 0);
}

/** The same, where a name that is not declared may well be there, unless the schema lets none through. */
export function formsAt(schema: JsonObject, path: readonly string[]): ReadonlySet<Form> | null {
  return ofPath(schema, path, { root: schema, others: null }, 0);
}

/** Names of the fields that data of this schema have, or that the object at a path has. */
export function fieldNames(schema: JsonObject, below: readonly string[] = []): string[] {
  return [...new Set(namesIn(schema, below, schema, 0))];
}

/** How deep references and unions are followed; a schema of its own kind again would have no end. */
const MOST_DEPTH = 16;

interface Walk {
  root: JsonObject;
  /** Of a name that is not declared where the schema lets others through. */
  others: ReadonlySet<Form> | null;
}

function ofPath(given: Json | undefined, path: readonly string[], walk: Walk, depth: number): ReadonlySet<Form> | null {
  const [field, ...rest] = path;
  if (field === undefined) return formsOf(given, walk.root, depth);
  const schema = resolved(given, walk.root);
  if (schema === null || depth > MOST_DEPTH) return null;
  const either = branches(schema);
  if (either) return union(either.map((branch) => ofPath(branch, path, walk, depth + 1)));
  if (Array.isArray(schema['allOf'])) {
    const all = schema['allOf'].map((part) => ofPath(part, path, walk, depth + 1));
    return all.find((forms) => forms !== null && !forms.has('missing')) ?? union(all);
  }
  if (schema['type'] !== 'object') return schema['type'] === undefined ? null : new Set(['missing']);
  const properties = asObject(schema['properties']);
  const others = schema['additionalProperties'];
  const required = schema['required'];
  if (properties !== null && Object.hasOwn(properties, field)) {
    const missing = !(Array.isArray(required) && required.includes(field));
    return union([ofPath(properties[field], rest, walk, depth + 1), new Set<Form>(missing ? ['missing'] : [])]);
  }
  // A record: which names it has is not told, but what stands under each is.
  if (asObject(others) !== null && Object.keys(others as JsonObject).length > 0)
    return ofPath(others, rest, walk, depth + 1);
  if (others === false) return new Set(['missing']);
  return properties === null ? null : walk.others;
}

function formsOf(given: Json | undefined, root: JsonObject, depth: number): ReadonlySet<Form> | null {
  const schema = resolved(given, root);
  if (schema === null || depth > MOST_DEPTH) return null;
  const either = branches(schema);
  if (either) return union(either.map((branch) => formsOf(branch, root, depth + 1)));
  if (Array.isArray(schema['allOf'])) {
    return schema['allOf'].map((part) => formsOf(part, root, depth + 1)).find((forms) => forms !== null) ?? null;
  }
  if (schema['const'] !== undefined) return new Set([formOf(schema['const'])]);
  if (Array.isArray(schema['enum'])) return new Set(schema['enum'].map(formOf));
  if (Array.isArray(schema['type'])) return new Set(schema['type'] as Form[]);
  return typeof schema['type'] === 'string' ? new Set([schema['type'] as Form]) : null;
}

function namesIn(given: Json | undefined, below: readonly string[], root: JsonObject, depth: number): string[] {
  const schema = resolved(given, root);
  if (schema === null || depth > MOST_DEPTH) return [];
  const [name, ...rest] = below;
  const properties = asObject(schema['properties']) ?? {};
  const parts = [...(branches(schema) ?? []), ...(Array.isArray(schema['allOf']) ? schema['allOf'] : [])];
  return [
    ...(name === undefined ? Object.keys(properties) : namesIn(properties[name], rest, root, depth + 1)),
    ...parts.flatMap((part) => namesIn(part, below, root, depth + 1)),
  ];
}

function branches(schema: JsonObject): Json[] | null {
  const either = schema['anyOf'] ?? schema['oneOf'];
  return Array.isArray(either) ? either : null;
}

function union(all: readonly (ReadonlySet<Form> | null)[]): ReadonlySet<Form> | null {
  const forms = new Set<Form>();
  for (const one of all) {
    if (one === null) return null;
    for (const form of one) forms.add(form);
  }
  return forms;
}

function formOf(value: Json): Form {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'array' : (typeof value as Form);
}

/** Follows `#`, `#/$defs/x`; null for what is no schema object, or a reference to elsewhere. */
function resolved(given: Json | undefined, root: JsonObject): JsonObject | null {
  let schema = asObject(given);
  for (let steps = 0; schema !== null && typeof schema['$ref'] === 'string'; steps += 1) {
    const [start, ...path] = schema['$ref'].split('/');
    if (start !== '#' || steps > MOST_DEPTH) return null;
    schema = path.reduce<JsonObject | null>((at, key) => asObject(at?.[key]), root);
  }
  return schema;
}

function asObject(value: Json | undefined): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}
