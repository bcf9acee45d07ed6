/**
 * What JSON Schema says of a field that a declaration or a condition names: which types it may hold, and whether it may
 * be missing. Where a schema does not say (a schema without types), the code that handles each event has to check.
 */
import { type Json, type JsonObject, asJsonObject } from '../../base/json.ts';

/** JSON's types, and `missing` where an event may come without the field. */
export type Form = 'string' | 'number' | 'integer' | 'boolean' | 'null' | 'array' | 'object' | 'missing';

/** What a field of data of this schema may hold. Null: the schema does not say. */
export function formsOfField(schema: JsonObject, field: string): ReadonlySet<Form> | null {
  return formsOfPath(schema, [field]);
}

/** The same for a field within nested objects. For an empty path: what the data themselves may be. */
export function formsOfPath(schema: JsonObject, path: readonly string[]): ReadonlySet<Form> | null {
  return ofPath(schema, path, { root: schema, others: new Set(['missing']) }, 0);
}

/** The same, but a name that is not declared may be there, unless the schema forbids other names. */
export function formsAt(schema: JsonObject, path: readonly string[]): ReadonlySet<Form> | null {
  return ofPath(schema, path, { root: schema, others: null }, 0);
}

/** Names of the fields of data of this schema, or of the object at a path. */
export function fieldNames(schema: JsonObject, below: readonly string[] = []): string[] {
  return [...new Set(namesIn(schema, below, schema, 0))];
}

/** How deep references and unions are followed. The bound exists because a schema that contains itself has no end. */
export const SCHEMA_DEPTH = 16;

interface Walk {
  root: JsonObject;
  /** The forms of a name that is not declared, where the schema allows other names. */
  others: ReadonlySet<Form> | null;
}

function ofPath(given: Json | undefined, path: readonly string[], walk: Walk, depth: number): ReadonlySet<Form> | null {
  const [field, ...rest] = path;
  if (field === undefined) return formsOf(given, walk.root, depth);
  const schema = schemaOf(given, walk.root);
  if (schema === null || depth > SCHEMA_DEPTH) return null;
  const either = branchesOf(schema);
  if (either) return union(either.map((branch) => ofPath(branch, path, walk, depth + 1)));
  if (Array.isArray(schema['allOf'])) {
    const all = schema['allOf'].map((part) => ofPath(part, path, walk, depth + 1));
    return all.find((forms) => forms !== null && !forms.has('missing')) ?? union(all);
  }
  if (schema['type'] !== 'object') return schema['type'] === undefined ? null : new Set(['missing']);
  const properties = asJsonObject(schema['properties']);
  const others = schema['additionalProperties'];
  const required = schema['required'];
  if (properties !== null && Object.hasOwn(properties, field)) {
    const missing = !(Array.isArray(required) && required.includes(field));
    return union([ofPath(properties[field], rest, walk, depth + 1), new Set<Form>(missing ? ['missing'] : [])]);
  }
  // In a record the schema does not say which names there are, but it says what each one holds.
  if (asJsonObject(others) !== null && Object.keys(others as JsonObject).length > 0)
    return ofPath(others, rest, walk, depth + 1);
  if (others === false) return new Set(['missing']);
  return properties === null ? null : walk.others;
}

function formsOf(given: Json | undefined, root: JsonObject, depth: number): ReadonlySet<Form> | null {
  const schema = schemaOf(given, root);
  if (schema === null || depth > SCHEMA_DEPTH) return null;
  const either = branchesOf(schema);
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
  const schema = schemaOf(given, root);
  if (schema === null || depth > SCHEMA_DEPTH) return [];
  const [name, ...rest] = below;
  const properties = asJsonObject(schema['properties']) ?? {};
  const parts = [...(branchesOf(schema) ?? []), ...(Array.isArray(schema['allOf']) ? schema['allOf'] : [])];
  return [
    ...(name === undefined ? Object.keys(properties) : namesIn(properties[name], rest, root, depth + 1)),
    ...parts.flatMap((part) => namesIn(part, below, root, depth + 1)),
  ];
}

export function branchesOf(schema: JsonObject): Json[] | null {
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

/** Follows references. Returns null for a value that is not a schema object, and for a reference outside this schema. */
export function schemaOf(given: Json | undefined, root: JsonObject): JsonObject | null {
  let schema = asJsonObject(given);
  for (let steps = 0; schema !== null && typeof schema['$ref'] === 'string'; steps += 1) {
    schema = steps > SCHEMA_DEPTH ? null : referenced(schema['$ref'], root);
  }
  return schema;
}

/** What a reference such as `#` or `#/$defs/x` names; null where it is outside this schema. */
export function referenced(reference: string, root: JsonObject): JsonObject | null {
  const [start, ...path] = reference.split('/');
  return start === '#' ? path.reduce<JsonObject | null>((at, key) => asJsonObject(at?.[key]), root) : null;
}
