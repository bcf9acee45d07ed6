/** Which values a field may hold, where its schema lists them: of a choice such as `open` or `closed`. */
import type { Json, JsonObject } from '../../base/json.ts';
import { branchesOf, SCHEMA_DEPTH, schemaOf } from './picked-fields.ts';

/** Null: the schema does not list them. */
export function choicesAt(schema: JsonObject, path: readonly string[]): readonly Json[] | null {
  return ofPath(schema, path, schema, 0);
}

function ofPath(given: Json | undefined, path: readonly string[], root: JsonObject, depth: number): Json[] | null {
  const schema = schemaOf(given, root);
  if (schema === null || depth > SCHEMA_DEPTH) return null;
  const either = branchesOf(schema);
  if (either !== null) return union(either.map((branch) => ofPath(branch, path, root, depth + 1)));
  if (Array.isArray(schema['allOf'])) {
    return schema['allOf'].map((part) => ofPath(part, path, root, depth + 1)).find((found) => found !== null) ?? null;
  }
  const [field, ...rest] = path;
  if (field === undefined) return listed(schema);
  const { properties, additionalProperties: others } = schema;
  if (isObject(properties) && Object.hasOwn(properties, field)) return ofPath(properties[field], rest, root, depth + 1);
  if (isObject(others)) return ofPath(others, rest, root, depth + 1);
  // Where one of several shapes forbids the field, the others say what it holds.
  return others === false ? [] : null;
}

function listed(schema: JsonObject): Json[] | null {
  if (schema['const'] !== undefined) return [schema['const']];
  if (Array.isArray(schema['enum'])) return schema['enum'];
  return schema['type'] === 'null' ? [null] : null;
}

function union(all: readonly (Json[] | null)[]): Json[] | null {
  const found: Json[] = [];
  for (const one of all) {
    if (one === null) return null;
    found.push(...one);
  }
  return found;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
