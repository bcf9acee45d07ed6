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

/** Whether a value is an object and no list: for what JSON was read from, or is to be written as it. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The object that a value is; null where it is none. */
export function asJsonObject(value: unknown): JsonObject | null {
  return isJsonObject(value) ? value : null;
}

/** Any escape of JSON. Where it is the half of a surrogate pair, as `JSON.stringify` writes it, it has six characters. */
const ESCAPE = /\\(?:ud[89a-f][0-9a-f]{2}|.)/g;
const ESCAPED_HALF = 6;

/**
 * The JSON text of what is sent to others. Half of a surrogate pair, as it stands in a text that was cut within an emoji, is
 * sent as U+FFFD: it has no form in UTF-8, and strict readers of JSON refuse the whole text for one escape of it.
 */
export function sentJson(value: unknown): string {
  // What JSON does not have has no text; those that may be sent have one.
  return withoutHalves(JSON.stringify(value) ?? '');
}

/** A response with the JSON of a value, as `sentJson` writes it. */
export function sentJsonResponse(value: unknown, init: ResponseInit = {}): Response {
  const headers = new Headers(init.headers);
  if (!headers.has('content-type')) headers.set('Content-Type', 'application/json');
  return new Response(sentJson(value), { ...init, headers });
}

/** A text that `JSON.stringify` wrote, with U+FFFD for each half of a surrogate pair. */
export function withoutHalves(json: string): string {
  if (!json.includes('\\ud')) return json;
  return json.replaceAll(ESCAPE, (escape) => (escape.length === ESCAPED_HALF ? '\ufffd' : escape));
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

/** The bytes of a value as JSON. */
export function jsonBytes(value: unknown): number {
  return utf8Bytes(JSON.stringify(value) ?? '');
}

/** Of a control character, which JSON writes as `\u0007`. No character takes more for each of its UTF-16 units. */
const MOST_UNIT_BYTES = 6;
/** Of a number: `-1.7976931348623157e+308` and its comma. */
const MOST_NUMBER_BYTES = 25;

/** No fewer bytes than a value has as JSON, found at a tenth of the time: most values are far below the limit that they are held to. */
export function mostJsonBytes(value: unknown): number {
  if (typeof value === 'string') return MOST_UNIT_BYTES * value.length + 3;
  if (typeof value !== 'object' || value === null) return MOST_NUMBER_BYTES;
  if ('toJSON' in value) return jsonBytes(value) + 1;
  let bytes = 3;
  if (Array.isArray(value)) {
    for (const inner of value) bytes += mostJsonBytes(inner);
  } else {
    for (const name in value) bytes += MOST_UNIT_BYTES * name.length + 3 + mostJsonBytes((value as JsonObject)[name]);
  }
  return bytes;
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
