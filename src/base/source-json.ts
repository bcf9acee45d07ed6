/**
 * Reads JSON that others wrote: bodies of feeds and APIs, messages, pushes, requests. A whole number that no double holds for
 * certain is handed on as its digits, so that no two numbers become one: `9007199254740993`, `9007199254740993.0` and
 * `9.007199254740993e15` are all `"9007199254740993"`. Where a schema asks for a number, `base/schema/as-asked.ts` makes one of the
 * digits. A number beyond every double (`1e400`) is ±Infinity, which is refused where the data are judged. A fraction becomes
 * the nearest double. Of two members with one name the last counts. What this project wrote itself is read by `parseJson`. Pure.
 */
import { MOST_DEPTH } from './json.ts';

const PLAIN = /^-?\d+$/;
const PARTS = /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

type Reviver = (name: string, value: unknown, context?: { source?: string }) => unknown;

/**
 * The value of a JSON text. A byte order mark before it is passed over.
 * @throws SyntaxError for what is not JSON; RangeError for what is nested too deep to read
 */
export function readSourceJson(text: string): unknown {
  const json = withoutMark(text);
  const value: unknown = JSON.parse(json);
  // Few texts have such a number, and to look at the values costs less than to look at each number's text.
  return hasGreatNumber(value, MOST_DEPTH) ? JSON.parse(json, keepText as Parameters<typeof JSON.parse>[1]) : value;
}

/** A text without the byte order mark that may stand before it. */
export function withoutMark(text: string): string {
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
}

/** 16 digits and points in a row, or a power of ten: without them no number of a JSON text is beyond what a double holds for certain. */
const GREAT = /\d[eE][+-]?\d|[\d.]{16}/;

/** False: no number of the text is beyond ±(2^53 - 1). */
export function mayHoldGreatNumber(json: string): boolean {
  return GREAT.test(json);
}

const keepText: Reviver = (_name, value, context) =>
  typeof value !== 'number' || context?.source === undefined ? value : readSourceNumber(context.source);

/**
 * The number that a text of JSON's grammar for numbers means; ±Infinity for one beyond every double. Of a whole number
 * beyond ±(2^53 - 1) it answers the digits, unless it is written with a fraction or a power and is the number that its
 * double is written as, as programs write doubles: no other number is then taken for it.
 */
export function readSourceNumber(text: string): number | string {
  const value = Number(text);
  if (Math.abs(value) <= Number.MAX_SAFE_INTEGER || !Number.isFinite(value)) return value;
  if (PLAIN.test(text)) return text;
  const [, sign = '', whole = '', fraction = '', power = '0'] = PARTS.exec(text) ?? [];
  const digits = (whole + fraction).replace(/^0+/, '');
  const significant = withoutZeros(digits);
  // The digits of the number that are behind its last significant one, or missing there.
  const zeros = Number(power) - fraction.length + digits.length - significant.length;
  const [shortest = ''] = Math.abs(value).toExponential().split('e');
  const isHeld = withoutZeros(shortest.replace('.', '')) === significant;
  return isHeld || zeros < 0 ? value : `${sign}${significant}${'0'.repeat(zeros)}`;
}

function withoutZeros(digits: string): string {
  return digits.replace(/0+$/, '');
}

/** Data that are nested more deeply than this are refused elsewhere. */
function hasGreatNumber(value: unknown, left: number): boolean {
  if (typeof value === 'number') return value > Number.MAX_SAFE_INTEGER || value < -Number.MAX_SAFE_INTEGER;
  if (typeof value !== 'object' || value === null || left < 0) return false;
  if (Array.isArray(value)) return value.some((inner) => hasGreatNumber(inner, left - 1));
  for (const name in value) if (hasGreatNumber((value as Record<string, unknown>)[name], left - 1)) return true;
  return false;
}

/** Whether a text is the digits of a whole number that no double holds, as `readSourceJson` hands one on. */
export function isLongNumber(value: unknown): value is string {
  return typeof value === 'string' && /^-?\d{16,}$/.test(value) && !Number.isSafeInteger(Number(value));
}
