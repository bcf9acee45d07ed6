/**
 * `Mcp-Param-*`: tool parameters that a schema marks with `x-mcp-header` come in a header too, and have to be the same
 * there (2026-07-28, Streamable HTTP, "Custom Headers from Tool Parameters"). The SDK checks this for its own registry only.
 */
import { TidegateError } from '../core/errors.ts';
import type { Json, JsonObject } from '../core/json.ts';

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
const ENCODED = /^=\?base64\?(.*)\?=$/s;

/** @throws TidegateError `invalid_config` for a mark that clients would have to refuse the tool for. */
export function paramHeaders(schema: JsonObject, tool: string): ParamHeader[] {
  const found: ParamHeader[] = [];
  collect(schema, [], found, tool);
  const marks = JSON.stringify(schema).split(`"${MARK}":`).length - 1;
  if (marks > found.length) throw misplaced(tool, 'a property reached through `properties` alone');
  const names = new Set(found.map(({ header }) => header.toLowerCase()));
  if (names.size !== found.length) throw misplaced(tool, 'names that differ in more than upper and lower case');
  return found;
}

function collect(schema: JsonObject, path: string[], found: ParamHeader[], tool: string): void {
  for (const [name, property] of Object.entries(asObject(schema.properties) ?? {})) {
    const child = asObject(property);
    if (child === null) continue;
    const mark = child[MARK];
    if (mark !== undefined) {
      if (typeof mark !== 'string' || !TOKEN.test(mark)) throw misplaced(tool, 'an HTTP field name');
      if (typeof child.type !== 'string' || !TYPES.has(child.type))
        throw misplaced(tool, 'a string, integer or boolean');
      found.push({ header: `Mcp-Param-${mark}`, path: [...path, name], type: child.type as ParamHeader['type'] });
    }
    collect(child, [...path, name], found, tool);
  }
}

/** What is wrong with the headers of a call, in words; null where they say what the arguments say. */
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
    const same = type === 'integer' ? decoded.trim() !== '' && Number(decoded) === value : decoded === written(value);
    if (!same) return `${header} does not match ${path.join('.')} in the arguments`;
  }
  return null;
}

/** A primitive as its header says it; null for anything else, which no header can say. */
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

function asObject(value: Json | undefined): JsonObject | null {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
}

function misplaced(tool: string, expected: string): TidegateError {
  const field = `tools.${tool}.input`;
  return new TidegateError('invalid_config', `${field}: ${MARK} expects ${expected}`, { field, expected });
}
