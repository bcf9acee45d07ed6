/**
 * `Mcp-Param-*`: a tool's parameter that its schema marks with `x-mcp-header` comes in a header too, with the same
 * value (2026-07-28, Streamable HTTP, "Custom Headers from Tool Parameters"). The SDK checks this for its own registry
 * alone.
 */
import { TidegateError } from '../../base/errors.ts';
import { type Json, type JsonObject, asJsonObject } from '../../base/json.ts';

export interface ParamHeader {
  /** `Mcp-Param-` and the declared name. */
  header: string;
  /** Property names from the root of the arguments. */
  path: readonly string[];
  type: 'string' | 'integer' | 'boolean';
}

const MARK = 'x-mcp-header';
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const TYPES = new Set(['string', 'integer', 'boolean']);
/** `Number` reads more than this, such as 0x2a, which an intermediary may read in another way. */
const DECIMAL = /^-?\d+(?:\.\d+)?$/;
const ENCODED = /^=\?base64\?(.*)\?=$/s;

/** Keywords of JSON Schema that hold schemas under names of their own, and keywords that hold values and no schemas. */
const MAPS = new Set(['properties', 'patternProperties', 'dependentSchemas', '$defs', 'definitions']);
const VALUES = new Set(['default', 'const', 'enum', 'examples']);

/**
 * @param field names the schema in errors
 * @throws TidegateError `invalid_config` for a mark that clients would have to refuse the tool for.
 */
export function paramHeaders(schema: JsonObject, field: string): ParamHeader[] {
  const found: ParamHeader[] = [];
  collect(schema, [], found, field);
  if (marksIn(schema) > found.length) throw misplaced(field, 'a property reached through `properties` alone');
  const names = new Set(found.map(({ header }) => header.toLowerCase()));
  if (names.size !== found.length) throw misplaced(field, 'names that differ in more than upper and lower case');
  return found;
}

/** Counts the marks in a schema, wherever they are. @param isMap whether the keys of `node` are names, not keywords */
function marksIn(node: Json, isMap = false): number {
  if (Array.isArray(node)) return node.reduce<number>((sum, each) => sum + marksIn(each), 0);
  if (typeof node !== 'object' || node === null) return 0;
  let marks = !isMap && Object.hasOwn(node, MARK) ? 1 : 0;
  for (const [key, value] of Object.entries(node)) {
    if (isMap || !VALUES.has(key)) marks += marksIn(value, !isMap && MAPS.has(key));
  }
  return marks;
}

function collect(schema: JsonObject, path: string[], found: ParamHeader[], field: string): void {
  for (const [name, property] of Object.entries(asJsonObject(schema.properties) ?? {})) {
    const child = asJsonObject(property);
    if (child === null) continue;
    const mark = child[MARK];
    if (mark !== undefined) {
      if (typeof mark !== 'string' || !TOKEN.test(mark)) throw misplaced(field, 'an HTTP field name');
      if (typeof child.type !== 'string' || !TYPES.has(child.type))
        throw misplaced(field, 'a string, integer or boolean');
      found.push({ header: `Mcp-Param-${mark}`, path: [...path, name], type: child.type as ParamHeader['type'] });
    }
    collect(child, [...path, name], found, field);
  }
}

/** What is wrong with the headers of a call, in words. Null: they agree with the arguments. */
export function headerMismatch(declared: readonly ParamHeader[], args: unknown, headers: Headers): string | null {
  for (const { header, path, type } of declared) {
    const value = valueAt(args, path);
    const given = headers.get(header);
    if (value === undefined || value === null) {
      if (given !== null) return `${header} is there, but the arguments have no ${path.join('.')}`;
      continue;
    }
    if (given === null) return `${header} is missing, but the arguments have ${path.join('.')}`;
    const decoded = decode(given);
    if (decoded === null) return `${header} is not a valid field value`;
    if (!isSame(decoded, value, type)) return `${header} does not match ${path.join('.')} in the arguments`;
  }
  return null;
}

/**
 * Numbers are compared as numbers. A value of another type than declared may pass here; the tool itself refuses it in
 * words.
 */
function isSame(decoded: string, value: unknown, type: ParamHeader['type']): boolean {
  if (typeof value !== 'number') return decoded === written(value);
  // Above this, two different integers read as one number, so a header could name another one.
  if (Number.isInteger(value) && !Number.isSafeInteger(value)) return false;
  return type === 'integer' && DECIMAL.test(decoded) ? Number(decoded) === value : decoded === String(value);
}

/** The text of a primitive in a header. Null: no header can hold the value. */
function written(value: unknown): string | null {
  return typeof value === 'string' || typeof value === 'boolean' ? String(value) : null;
}

function valueAt(args: unknown, path: readonly string[]): unknown {
  let value = args;
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return undefined;
    value = (value as Record<string, unknown>)[name];
  }
  return value;
}

function decode(value: string): string | null {
  const encoded = ENCODED.exec(value)?.[1];
  if (encoded === undefined) return /^[\t\x20-\x7e]*$/.test(value) ? value : null;
  if (encoded.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(encoded)) return null;
  try {
    return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(
      Uint8Array.from(atob(encoded), (character) => character.charCodeAt(0)),
    );
  } catch {
    return null;
  }
}

function misplaced(field: string, expected: string): TidegateError {
  return new TidegateError('invalid_config', `${field}: ${MARK} expects ${expected}`, { field, expected });
}
