/** JSON values, as they are stored and sent, and their sizes. */
export type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
export type JsonObject = { [key: string]: Json };

/**
 * JSON of its text. The cast is true of every JSON text and says nothing of a shape: what shape it has, a codec says or
 * who reads it looks.
 */
export function parseJson(text: string): Json {
  return JSON.parse(text) as Json;
}

const encoder = new TextEncoder();
/** Characters of one byte each. */
const PRINTABLE = /^[ -~]*$/;
/** Up to here a look at each character costs less than to encode them. */
const SHORT = 2_000;

/** The length of a string in bytes of UTF-8. Every size limit in this project counts these. */
export function utf8Bytes(text: string): number {
  return text.length <= SHORT && PRINTABLE.test(text) ? text.length : encoder.encode(text).length;
}

/** Characters that are the same in JSON. */
const PLAIN = /^[ !#-[\]-~]*$/;

/** The bytes of a value as JSON, found without writing it: most values are looked at for their size alone. */
export function jsonBytes(value: unknown): number {
  if (typeof value === 'string') return PLAIN.test(value) ? value.length + 2 : utf8Bytes(JSON.stringify(value));
  if (typeof value === 'number') return Number.isFinite(value) ? String(value).length : NULL;
  if (typeof value !== 'object' || value === null) return value === false ? NULL + 1 : NULL;
  if ('toJSON' in value) return utf8Bytes(JSON.stringify(value) ?? '');
  let bytes = 1;
  if (Array.isArray(value)) {
    for (const inner of value) bytes += jsonBytes(inner) + 1;
  } else {
    for (const [name, inner] of Object.entries(value)) {
      if (inner !== undefined) bytes += jsonBytes(name) + jsonBytes(inner) + 2;
    }
  }
  return Math.max(bytes, EMPTY);
}

/** `null`, and `true`; and `{}`. Each member but the last has a comma, and the brackets are one more than the commas. */
const [NULL, EMPTY] = [4, 2];

/**
 * How many levels of arrays and objects are accepted. Deeper JSON is refused, because one engine or client may fail at
 * what another accepts.
 */
export const MOST_DEPTH = 128;

/** Whether arrays and objects are nested more than `MOST_DEPTH` levels deep. */
export function isDeep(value: Json, left = MOST_DEPTH): boolean {
  if (value === null || typeof value !== 'object') return false;
  return left === 0 || Object.values(value).some((inner) => isDeep(inner, left - 1));
}

/** Whether there is a number that is not finite. JSON has no such number, and `JSON.stringify` writes null in its place. */
export function hasNonFinite(value: unknown, left = MOST_DEPTH): boolean {
  if (typeof value === 'number') return !Number.isFinite(value);
  if (typeof value !== 'object' || value === null || left === 0) return false;
  return Object.values(value).some((inner) => hasNonFinite(inner, left - 1));
}
