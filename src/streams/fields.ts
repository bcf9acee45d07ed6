/** The fields of a stream's data, taken from its JSON Schema, as models and people read them. Pure. */
import { formsAt, referenced } from '../declare/check/picked-fields.ts';
import type { DeclaredStream } from '../declare/stream.ts';
import { TidegateError } from '../base/errors.ts';
import { nearestName } from '../base/known-names.ts';
import { type Json, type JsonObject, asJsonObject } from '../base/json.ts';

export interface Field {
  /** Path, such as `mag` or `motor.temp`. `read_history` takes it as `field`. */
  name: string;
  /**
   * `number`, `text`, `true or false`, `a|b`, `list of number`, `object`, …; followed by `or null` where the field may
   * be null.
   */
  type: string;
  unit?: string;
  description?: string;
}

/** Most fields of one stream; further fields are left out. */
const MOST_FIELDS = 60;
const DEEPEST = 4;
const MOST_CHOICES = 8;
/** How often a schema that contains itself is told on one way: at its place and once within itself; and in one type. */
const IN_FIELDS = 2;
const IN_TYPES = 1;
const MOST_REFERENCES = 10;
const FIELDS_NAMED = 30;

/** Lists the fields in the order of declaration. Fields of nested objects are listed by their path. */
export function fieldsOf({ jsonSchema }: DeclaredStream): Field[] {
  const fields: Field[] = [];
  const [itself] = variantsOf({ root: jsonSchema, schema: jsonSchema, within: ['#'] }, IN_FIELDS);
  if (itself !== undefined) collect(itself, '', 0, fields);
  return fields;
}

export function isNumeric({ type }: Field): boolean {
  return /^(number|integer)/.test(type);
}

/**
 * @param hint what else can be asked of the field
 * @throws TidegateError `invalid_input` for a path where no event of the stream can have a number.
 */
export function checkNumeric(stream: DeclaredStream, path: string, hint?: string): void {
  const forms = formsAt(stream.jsonSchema, path.split('.'));
  if (forms === null || forms.has('number') || forms.has('integer')) return;
  const numeric = fieldsOf(stream).filter(isNumeric);
  const named = numeric.slice(0, FIELDS_NAMED).map(({ name }) => name);
  const more = numeric.length > named.length ? `, … (${numeric.length} in all)` : '';
  const near = nearestName(
    path,
    numeric.map(({ name }) => name),
  );
  throw new TidegateError('invalid_input', `the events of ${stream.name} have no number at ${path.slice(0, 80)}`, {
    field: 'field',
    ...(hint === undefined ? {} : { hint }),
    expected:
      named.length === 0
        ? 'to be left out: they have no numbers, and are counted without it'
        : `the path of a number: one of ${named.join(', ')}${more}${near === null ? '' : ` (did you mean ${near}?)`}`,
  });
}

/** A part of a stream's schema. */
interface Part {
  /** What its references are looked up in. */
  root: JsonObject;
  schema: JsonObject;
  /** The references that were followed to it. `#` is the whole schema. */
  within: readonly string[];
}

function collect({ root, schema, within }: Part, path: string, depth: number, fields: Field[]): void {
  for (const [name, value] of Object.entries(asJsonObject(schema.properties) ?? {})) {
    if (fields.length >= MOST_FIELDS) return;
    const given = asJsonObject(value) ?? {};
    const variants = variantsOf({ root, schema: given, within }, IN_FIELDS);
    const property = Object.assign({}, ...variants.toReversed().map((variant) => variant.schema), given) as JsonObject;
    const at = path === '' ? name : `${path}.${name}`;
    const nested = variants.find((variant) => variant.schema.properties !== undefined);
    if (nested && depth < DEEPEST) collect(nested, at, depth + 1, fields);
    else fields.push(fieldOf(at, property, variants));
  }
}

function fieldOf(name: string, { unit, description }: JsonObject, variants: readonly Part[]): Field {
  return {
    name,
    type: typeOf(variants),
    ...(typeof unit === 'string' ? { unit } : {}),
    ...(typeof description === 'string' ? { description } : {}),
  };
}

/**
 * The schema itself, or the alternatives that it stands for. References are followed, each so often at most on one way:
 * one that comes again and again has no end, and stands for its type alone.
 */
function variantsOf({ root, schema, within }: Part, most: number): Part[] {
  const { $ref } = schema;
  if (typeof $ref === 'string') {
    const { type = null, ...more } = referenced($ref, root) ?? {};
    const isOver = within.filter((one) => one === $ref).length >= most || within.length > MOST_REFERENCES;
    const found = { ...(type === null ? {} : { type }), ...(isOver ? {} : more) };
    return variantsOf({ root, schema: found, within: [...within, $ref] }, most);
  }
  const choices = [schema.anyOf, schema.oneOf].find((list) => Array.isArray(list));
  const each = choices?.flatMap((choice) => variantsOf({ root, schema: asJsonObject(choice) ?? {}, within }, most));
  return each ?? [{ root, schema, within }];
}

function typeOf(variants: readonly Part[]): string {
  const names = new Set(variants.flatMap(typesOf));
  const nullable = names.delete('null');
  const type = [...names].join(' or ') || (nullable ? 'null' : 'anything');
  return nullable && names.size > 0 ? `${type} or null` : type;
}

function typesOf({ root, schema, within }: Part): string[] {
  if (Array.isArray(schema.enum)) {
    const more = schema.enum.length > MOST_CHOICES ? '|…' : '';
    return [schema.enum.slice(0, MOST_CHOICES).map(textOf).join('|') + more];
  }
  if (schema.const !== undefined) return [textOf(schema.const)];
  const types = Array.isArray(schema.type) ? schema.type : [schema.type];
  return types.map((type) => {
    if (typeof type !== 'string') return 'anything';
    if (type === 'string') return typeof schema.format === 'string' ? `text (${schema.format})` : 'text';
    if (type === 'boolean') return 'true or false';
    if (type !== 'array') return type;
    return `list of ${typeOf(variantsOf({ root, schema: asJsonObject(schema.items) ?? {}, within }, IN_TYPES))}`;
  });
}

function textOf(value: Json): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}
