/**
 * Finds numbers that a schema made of nothing. `z.coerce.number()` takes an empty text, null and an empty list for 0, and
 * `0x10` for 16, and a measure that is missing would become one that is 0. It judges texts, null and lists only: all else
 * is as zod has it. Pure.
 */
import type * as z from 'zod';

/** A path through data; `null` stands for each member of a list or a record. */
type Path = readonly (string | null)[];

const DECIMAL = /^\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*$/;
const MOST_DEPTH = 16;
const EXPECTED = 'Invalid input: expected a decimal number';

const known = new WeakMap<z.ZodType, readonly Path[]>();

/** The first number in `parsed` that the schema made of no decimal number; null where there is none. */
export function madeOfNothing(schema: z.ZodType, data: unknown, parsed: unknown): z.core.$ZodIssue | null {
  let paths = known.get(schema);
  if (paths === undefined) known.set(schema, (paths = coercedIn(schema, [], 0)));
  for (const path of paths) {
    const found = wrongAt(data, parsed, path, []);
    if (found !== null) return { code: 'custom', path: [...found], message: EXPECTED, input: data };
  }
  return null;
}

function wrongAt(data: unknown, parsed: unknown, [name, ...rest]: Path, at: readonly string[]): string[] | null {
  if (name === undefined) return typeof parsed === 'number' && !isNumeric(data) ? [...at] : null;
  if (!isContainer(data) || !isContainer(parsed)) return null;
  for (const member of name === null ? Object.keys(parsed) : [name]) {
    if (!Object.hasOwn(data, member) || !Object.hasOwn(parsed, member)) continue;
    const found = wrongAt(data[member], parsed[member], rest, [...at, member]);
    if (found !== null) return found;
  }
  return null;
}

function isNumeric(data: unknown): boolean {
  return typeof data === 'string' ? DECIMAL.test(data) : data !== null && !Array.isArray(data);
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

function coercedIn(schema: z.core.$ZodType, at: Path, depth: number): Path[] {
  if (depth > MOST_DEPTH) return [];
  // oxlint-disable-next-line no-underscore-dangle -- the name by which zod lends its definitions to libraries
  const { def } = (schema as z.core.$ZodTypes)._zod;
  const within = (inner: z.core.$ZodType, path: Path = at) => coercedIn(inner, path, depth + 1);
  switch (def.type) {
    case 'number':
      return def.coerce === true ? [at] : [];
    case 'object':
      return Object.entries(def.shape).flatMap(([name, inner]) => within(inner, [...at, name]));
    case 'array':
      return within(def.element, [...at, null]);
    case 'tuple':
      return def.items.flatMap((inner, index) => within(inner, [...at, String(index)]));
    case 'record':
      return within(def.valueType, [...at, null]);
    case 'union':
      return def.options.flatMap((inner) => within(inner));
    case 'intersection':
      return [...within(def.left), ...within(def.right)];
    case 'pipe':
      return within(def.in);
    case 'optional':
    case 'nullable':
    case 'nonoptional':
    case 'default':
    case 'prefault':
    case 'catch':
    case 'readonly':
      return within(def.innerType);
    default:
      return [];
  }
}
