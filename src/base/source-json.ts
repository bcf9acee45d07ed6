/**
 * Reads JSON that others wrote: bodies of feeds and APIs, messages, pushes. A number that no double holds is handed on as
 * its own text, so that no two numbers become one: a whole number beyond ±(2^53 - 1) as its digits (`"9007199254740993"`),
 * and a number beyond every double as it stands (`"1e400"`). Where a schema asks for a number, `base/as-asked.ts` makes one
 * of the digits. A fraction becomes the nearest double. Of two members with one name the last counts. What this project
 * wrote itself is read by `parseJson`. Pure.
 */
import { MOST_DEPTH } from './json.ts';

const WHOLE = /^-?\d+$/;

type Reviver = (name: string, value: unknown, context?: { source?: string }) => unknown;

/**
 * The value of a JSON text. A byte order mark before it is passed over.
 * @throws SyntaxError for what is not JSON; RangeError for what is nested too deep to read
 */
export function readSourceJson(text: string): unknown {
  const json = text.charCodeAt(0) === 0xfeff ? text.slice(1) : text;
  const value: unknown = JSON.parse(json);
  // Few texts have such a number, and to look at the values costs less than to look at each number's text.
  return hasGreatNumber(value, MOST_DEPTH) ? JSON.parse(json, keepText as Parameters<typeof JSON.parse>[1]) : value;
}

const keepText: Reviver = (_name, value, context) => {
  if (typeof value !== 'number' || context?.source === undefined) return value;
  const isHeld = WHOLE.test(context.source) ? Number.isSafeInteger(value) : Number.isFinite(value);
  return isHeld ? value : context.source;
};

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
