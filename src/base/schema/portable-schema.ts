/**
 * Says the same as a JSON Schema in the words that most clients know. Many hand a tool's schemas to a model's API that takes
 * a part of JSON Schema alone, and refuses or drops the rest. Nothing is accepted less than before. Pure.
 */
import { type Json, type JsonObject, asJsonObject } from '../json.ts';

/** Most schemas that may stand in place of references. The bound exists because definitions may name each other. */
const MOST_INLINED = 500;

const SAFE = Number.MAX_SAFE_INTEGER;

/**
 * Puts definitions in the place of references that do not come back to themselves, an `enum` in place of a `const`, `anyOf`
 * in place of `oneOf` (which accepts more where several forms fit) and of a list of types, and `properties` wherever there is
 * an object. Leaves out names of any text (`propertyNames`) and the bounds of all whole numbers. A tuple says by `items` what
 * any of its places takes: clients of draft-07 know no `prefixItems`, and hold every place against `items`.
 */
export function portableSchema(schema: JsonObject): JsonObject {
  const { $defs, ...given } = schema;
  const walk: Walk = { definitions: asJsonObject($defs) ?? {}, inlined: 0, kept: new Set() };
  const shown = ofSchema(rootOf(given, walk), walk, []);
  if (walk.kept.size === 0) return shown;
  const kept: JsonObject = {};
  for (const name of walk.kept) kept[name] = ofSchema(walk.definitions[name] ?? {}, walk, [name]);
  return { ...shown, $defs: kept };
}

/** A definition that contains itself may be the root. It stands there too, because a root has to say that it is an object. */
function rootOf(root: JsonObject, { definitions }: Walk): JsonObject {
  const name = definitionOf(root);
  const definition = name === null ? null : asJsonObject(definitions[name]);
  const { $ref: _name, ...beside } = root;
  return definition === null ? root : { ...definition, ...beside };
}

interface Walk {
  definitions: JsonObject;
  inlined: number;
  /** Definitions that stay, because they contain themselves or would grow too large. */
  kept: Set<string>;
}

function ofSchema(given: Json, walk: Walk, above: readonly string[]): JsonObject {
  const node = asJsonObject(given);
  if (node === null) return given as never;
  const name = definitionOf(node);
  if (name !== null) {
    const { $ref, ...beside } = node;
    const definition = asJsonObject(walk.definitions[name]);
    if (definition !== null && !above.includes(name) && walk.inlined < MOST_INLINED && !isCyclic(name, walk)) {
      walk.inlined += 1;
      return ofSchema({ ...definition, ...beside }, walk, [...above, name]);
    }
    walk.kept.add(name);
    return { $ref: $ref ?? '' };
  }
  return rewritten(eachSchema(node, (inner) => ofSchema(inner, walk, above)));
}

/** Whether a definition contains itself. */
function isCyclic(name: string, { definitions }: Walk): boolean {
  const seen = new Set<string>();
  const open = [name];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    for (const found of referencesIn(definitions[next] ?? {})) {
      if (found === name) return true;
      if (!seen.has(found)) open.push(found);
      seen.add(found);
    }
  }
  return false;
}

function referencesIn(value: Json): string[] {
  if (Array.isArray(value)) return value.flatMap(referencesIn);
  const node = asJsonObject(value);
  if (node === null) return [];
  const own = definitionOf(node);
  return [...(own === null ? [] : [own]), ...Object.values(node).flatMap((inner) => referencesIn(inner ?? null))];
}

function definitionOf({ $ref }: JsonObject): string | null {
  return typeof $ref === 'string' ? (/^#\/\$defs\/([^/]+)$/.exec($ref)?.[1] ?? null) : null;
}

function rewritten(given: JsonObject): JsonObject {
  const { const: only, oneOf, propertyNames, ...node } = given;
  if (only !== undefined) Object.assign(node, only === null ? { type: 'null' } : { enum: [only] });
  if (oneOf !== undefined) Object.assign(node, node.anyOf === undefined ? { anyOf: oneOf } : { oneOf });
  if (Array.isArray(node.type) && node.anyOf === undefined) {
    node.anyOf = node.type.map((type) => ({ type }));
    delete node.type;
  }
  if (node.type === 'integer' && Number.isInteger(node.exclusiveMinimum)) {
    node.minimum = Number(node.exclusiveMinimum) + 1;
    delete node.exclusiveMinimum;
  }
  if (node.type === 'integer' && node.maximum === SAFE) delete node.maximum;
  if (node.type === 'integer' && node.minimum === -SAFE) delete node.minimum;
  if (Array.isArray(node.prefixItems)) Object.assign(node, itemsOfTuple(node.prefixItems, node.items));
  if (propertyNames !== undefined) Object.assign(node, namesOf(asJsonObject(propertyNames) ?? {}, node));
  if (node.type === 'object' && node.properties === undefined) node.properties = {};
  if (isAnything(node.additionalProperties)) node.additionalProperties = true;
  return node;
}

function itemsOfTuple(places: readonly Json[], rest: Json | undefined): JsonObject {
  if (rest === false) return { items: { anyOf: [...places] }, maxItems: places.length };
  return { items: rest === undefined ? {} : { anyOf: [...places, rest] } };
}

/** What `propertyNames` says, where it says more than that names are texts of some length. */
function namesOf(names: JsonObject, { additionalProperties }: JsonObject): JsonObject {
  const { type: _type, minLength: _least, maxLength: _most, ...more } = names;
  if (Array.isArray(names.enum)) {
    const each = names.enum
      .filter((name) => typeof name === 'string')
      .map((name) => [name, additionalProperties ?? {}] as const);
    return { properties: Object.fromEntries(each), additionalProperties: false };
  }
  return Object.keys(more).length === 0 ? {} : { propertyNames: names };
}

function isAnything(value: Json | undefined): boolean {
  const node = asJsonObject(value);
  return node !== null && Object.keys(node).length === 0;
}

const MAPS = ['properties', 'patternProperties', '$defs'];
const LISTS = ['anyOf', 'oneOf', 'allOf', 'prefixItems'];
const SINGLES = ['items', 'additionalProperties', 'propertyNames', 'not', 'contains', 'if', 'then', 'else'];

/** Calls `visit` with each schema that stands directly in a schema, and its keyword. */
export function forEachSchema(node: JsonObject, visit: (inner: JsonObject, path: string) => void): void {
  const seen = (inner: Json | undefined, path: string) => {
    const schema = asJsonObject(inner);
    if (schema !== null) visit(schema, path);
  };
  for (const key of MAPS) {
    for (const [name, inner] of Object.entries(asJsonObject(node[key]) ?? {})) seen(inner, `${key}.${name}`);
  }
  for (const key of LISTS) {
    const list = node[key];
    if (Array.isArray(list)) for (const [index, inner] of list.entries()) seen(inner, `${key}.${index}`);
  }
  for (const key of SINGLES) seen(node[key], key);
}

function eachSchema(node: JsonObject, change: (inner: JsonObject) => JsonObject): JsonObject {
  const one = (inner: Json | undefined): Json => {
    const schema = asJsonObject(inner);
    return schema === null ? (inner ?? null) : change(schema);
  };
  return Object.fromEntries(
    Object.entries(node).map(([key, value]) => {
      if (MAPS.includes(key)) {
        const inner = Object.entries(asJsonObject(value) ?? {}).map(([name, each]) => [name, one(each)] as const);
        return [key, Object.fromEntries(inner)];
      }
      if (LISTS.includes(key) && Array.isArray(value)) return [key, value.map(one)];
      return [key, SINGLES.includes(key) ? one(value) : (value ?? null)];
    }),
  );
}
