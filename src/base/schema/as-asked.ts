/**
 * Parses data that came from elsewhere by a schema, so that no number is made of nothing and no two numbers become one.
 * What `z.coerce.number()` makes of an empty text or of null is refused (coerced-numbers.ts). `readSourceJson` hands on a whole number that no double holds as
 * its digits. A schema that takes a text gets these digits. Where the schema takes only a number, the nearest double stands
 * in its place, and the digits stay known for ids and keys, also where the schema makes a number of a text itself. Pure.
 */
import * as z from 'zod';
import { catchesValues, madeOfNothing, makesValues } from './coerced-numbers.ts';
import { isLongNumber } from '../source-json.ts';
import { KEPT_NAME, lostName } from './lost-name.ts';

export type ParsedAsAsked =
  | {
      success: true;
      /** What the schema makes of the data. */
      data: unknown;
      /** What the schema was given: the data, with numbers where it asks for them. */
      given: unknown;
      /** `data` with the digits in place of the nearest doubles; `data` itself where there are none. */
      exact: unknown;
    }
  | { success: false; error: z.ZodError };

type Path = readonly PropertyKey[];
type Context = z.core.ParseContext<z.core.$ZodIssue>;

/** @param context as zod's own `safeParse` takes it */
export function parseAsAsked(schema: z.ZodType, data: unknown, context?: Context): ParsedAsAsked {
  const asked = parseLongNumbers(schema, data, context);
  const wrong = asked.success ? madeOfNothing(schema, asked.given, asked.data) : null;
  return wrong === null ? asked : { success: false, error: new z.ZodError([wrong]) };
}

/** The same, and what `z.coerce.number()` makes of nothing stays as zod has it. */
export function parseLongNumbers(schema: z.ZodType, data: unknown, context?: Context): ParsedAsAsked {
  const parsed = parseNumbers(schema, data, context);
  const path = parsed.success ? lostName(data, parsed.data) : null;
  if (path === null) return parsed;
  return { success: false, error: new z.ZodError([{ code: 'custom', path, message: KEPT_NAME, input: undefined }]) };
}

const NONE: readonly Path[] = [];

function parseNumbers(schema: z.ZodType, data: unknown, context?: Context): ParsedAsAsked {
  const first = schema.safeParse(data, context);
  const made = makesValues(schema) ? longNumbersIn(data, []) : NONE;
  if (first.success && catchesValues(schema)) {
    const again = parseUncaught(schema, data, first.data, context);
    if (again !== null) return again;
  }
  if (first.success) {
    const exact = made.length === 0 ? first.data : withAllDigits(first.data, data, made);
    return { success: true, data: first.data, given: data, exact };
  }
  const long = first.error.issues.flatMap(({ path }) => longNumbersIn(valueAt(data, path), path));
  if (long.length === 0) return first;
  const given = withNumbers(data, [], new Set(long.map(nameOf)));
  const second = schema.safeParse(given, context);
  if (!second.success) return second;
  return { success: true, data: second.data, given, exact: withAllDigits(second.data, data, [...long, ...made]) };
}

/** Of a schema with `.catch()`: parses with numbers where it takes them, and had something else in the place of their digits. */
function parseUncaught(schema: z.ZodType, data: unknown, parsed: unknown, context?: Context): ParsedAsAsked | null {
  const lost = longNumbersIn(data, []).filter((path) => {
    const [found, digits] = [valueAt(parsed, path), valueAt(data, path)];
    return found !== digits && found !== Number(digits);
  });
  if (lost.length === 0) return null;
  const numbers = schema.safeParse(withNumbers(data, [], new Set(lost.map(nameOf))), context);
  const taken = lost.filter((path) => numbers.success && valueAt(numbers.data, path) === Number(valueAt(data, path)));
  if (taken.length === 0) return null;
  const given = withNumbers(data, [], new Set(taken.map(nameOf)));
  const second = schema.safeParse(given, context);
  if (!second.success) return null;
  return { success: true, data: second.data, given, exact: withAllDigits(second.data, data, taken) };
}

/** `parsed` with the digits that `data` has at the paths, where a number stands for them. */
function withAllDigits(parsed: unknown, data: unknown, paths: readonly Path[]): unknown {
  return paths.reduce((value, path) => withDigits(value, path, valueAt(data, path)), parsed);
}

/** One path for all of the walk: data may be millions of values, and few of them are found. */
function longNumbersIn(data: unknown, from: Path): Path[] {
  const found: Path[] = [];
  const at = [...from];
  function walk(value: unknown): void {
    if (typeof value === 'string') {
      if (isLongNumber(value) && Number.isFinite(Number(value))) found.push([...at]);
    } else if (Array.isArray(value)) {
      for (let index = 0; index < value.length; index += 1) step(String(index), value[index]);
    } else if (typeof value === 'object' && value !== null) {
      for (const name of Object.keys(value)) step(name, (value as Record<string, unknown>)[name]);
    }
  }
  function step(name: string, inner: unknown): void {
    if (typeof inner !== 'string' && (typeof inner !== 'object' || inner === null)) return;
    at.push(name);
    walk(inner);
    at.pop();
  }
  walk(data);
  return found;
}

function withNumbers(value: unknown, at: Path, numbers: ReadonlySet<string>): unknown {
  if (numbers.has(nameOf(at))) return Number(value);
  if (Array.isArray(value)) return value.map((inner, index) => withNumbers(inner, [...at, index], numbers));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [name, withNumbers(inner, [...at, name], numbers)]),
  );
}

/** A copy with the digits at the path. What the schema has made into something else stays as it is. */
function withDigits(value: unknown, [name, ...rest]: Path, digits: unknown): unknown {
  if (name === undefined) return value === Number(digits) ? digits : value;
  if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return value;
  const inner = withDigits((value as Record<PropertyKey, unknown>)[name], rest, digits);
  return Array.isArray(value) ? value.with(Number(name), inner) : { ...value, [name]: inner };
}

function valueAt(value: unknown, path: Path): unknown {
  let at = value;
  for (const name of path) {
    if (typeof at !== 'object' || at === null || !Object.hasOwn(at, name)) return undefined;
    at = (at as Record<PropertyKey, unknown>)[name];
  }
  return at;
}

function nameOf(path: Path): string {
  return JSON.stringify(path.map(String));
}
