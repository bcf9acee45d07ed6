/**
 * One JSON Schema in place of several, for clients that know no variants: it accepts whatever one of them accepts, and more.
 * Who checks a value has to know which of them is meant. Pure.
 */
import type { Json, JsonObject } from '../json.ts';

export function mergedSchema(variants: readonly JsonObject[]): JsonObject {
  const flat = variants.flatMap((variant) => branchesOf(variant));
  if (flat.some((variant) => Object.keys(variant).every((name) => name === 'description'))) return {};
  const objects = flat.filter(({ type }) => type === 'object');
  const others = flat.filter(({ type }) => type !== 'object');
  const each = [...(objects.length > 0 ? [mergedObjects(objects)] : []), ...withoutCopies(others)];
  const [only] = each;
  return only !== undefined && each.length === 1 ? only : { anyOf: each };
}

function branchesOf(variant: JsonObject): JsonObject[] {
  const { anyOf, ...beside } = variant;
  const isUnion = Array.isArray(anyOf) && Object.keys(beside).every((name) => name === 'description');
  return isUnion ? (anyOf as JsonObject[]).flatMap(branchesOf) : [variant];
}

function mergedObjects(objects: readonly JsonObject[]): JsonObject {
  const [first = {}, ...rest] = objects;
  if (rest.length === 0) return first;
  const named = objects.map(({ properties }) => (properties ?? {}) as Record<string, JsonObject>);
  const names = [...new Set(named.flatMap((properties) => Object.keys(properties)))];
  const properties = names.map((name) => {
    const forms = withoutCopies(named.flatMap((own) => (Object.hasOwn(own, name) ? [own[name] ?? {}] : [])));
    return [name, forms.length === 1 ? (forms[0] ?? {}) : mergedSchema(forms)] as const;
  });
  const required = listOf(first.required).filter((name) =>
    rest.every((other) => listOf(other.required).includes(name)),
  );
  const isClosed = objects.every(({ additionalProperties }) => additionalProperties === false);
  return {
    type: 'object',
    properties: Object.fromEntries(properties),
    ...(required.length > 0 ? { required } : {}),
    ...(isClosed ? { additionalProperties: false } : {}),
  };
}

function listOf(value: Json | undefined): Json[] {
  return Array.isArray(value) ? value : [];
}

function withoutCopies(schemas: readonly JsonObject[]): JsonObject[] {
  return [...new Map(schemas.map((schema) => [JSON.stringify(schema), schema])).values()];
}
