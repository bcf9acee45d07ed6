/** Schemas within a schema: what they name from their own root is named from the whole one. Pure. */
import type { Json, JsonObject } from '../../base/json.ts';

/**
 * The object's schema with a property of that schema, whose definitions stand at the root and whose references still meet what
 * they name.
 * @param whole JSON Schema of an object with `properties`
 */
export function withProperty(whole: JsonObject, name: string, schema: JsonObject): JsonObject {
  const { $schema: _version, $defs, ...own } = renamed(schema, `#/properties/${name}`) as JsonObject;
  const properties = { ...(whole['properties'] as JsonObject), [name]: own };
  return { ...whole, properties, ...($defs === undefined ? {} : { $defs }) };
}

function renamed(value: Json, root: string): Json {
  if (Array.isArray(value)) return value.map((each) => renamed(each, root));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, each]) => {
      // Definitions move to the root; every other place stays below the property.
      if (name !== '$ref' || typeof each !== 'string' || each.startsWith('#/$defs/') || !each.startsWith('#')) {
        return [name, renamed(each, root)];
      }
      return [name, root + each.slice(1)];
    }),
  );
}
