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

/**
 * Whether a value takes at most so many bytes as JSON, found without writing it: each character is counted as it is at its
 * longest. False: it may take more.
 */
export function isSurelyWithin(value: unknown, most: number): boolean {
  return leftOf(value, most) >= 0;
}

/** Longest of a character in JSON (`\u0000`), and of a number, a literal or the signs around a value. */
const [CHARACTER, OTHER] = [6, 30];

function leftOf(value: unknown, most: number): number {
  if (typeof value === 'string') return most - OTHER - CHARACTER * value.length;
  if (typeof value !== 'object' || value === null || most < 0) return most - OTHER;
  // What it writes of itself is not known.
  if ('toJSON' in value) return -1;
  let left = most - OTHER;
  for (const [name, inner] of Object.entries(value)) left = leftOf(inner, left - OTHER - CHARACTER * name.length);
  return left;
}

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
