/**
 * Checks a part of the declaration against a strict zod schema and tells what is wrong as problems. TypeScript's types are
 * gone when an app starts, so this is what a declaration in JavaScript, or one run without a type check, is held to.
 */
import * as z from 'zod';
import type { Problem } from '../problem.ts';
import { knownName } from './known-names.ts';

const MOST_SHOWN = 80;

/**
 * Every mistake in the shape of `value`, each once. The schema's own messages are what was expected, in words.
 * @param path of `value` below the declaration; empty for the declaration itself.
 */
export function shapeProblems(schema: z.ZodType, value: unknown, path: string): Problem[] {
  // Not worth compiling: each shape is used once, at a start that somebody may wait for.
  const parsed = schema.safeParse(value, { jitless: true });
  if (parsed.success) return [];
  return parsed.error.issues.flatMap((issue): Problem[] => {
    const keys = issue.path.map(String);
    if (issue.code === 'unrecognized_keys') {
      const names = namesAt(schema, keys);
      return issue.keys.map((key) => ({ path: joined(path, [...keys, key]), expected: knownName(key, names) }));
    }
    const found = shown(valueAt(value, keys));
    return [{ path: joined(path, keys), expected: issue.message, ...(found === null ? {} : { found }) }];
  });
}

/** Whether a problem is of `path` or of something below it. */
export function isBroken(problems: readonly Problem[], path: string): boolean {
  return problems.some((problem) => problem.path === path || problem.path.startsWith(`${path}.`));
}

/** A found value for people, bounded; null for what is missing. */
export function shown(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'function') return 'a function';
  const text = asText(value);
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`;
}

function asText(value: unknown): string {
  try {
    // What JSON makes null of (NaN, Infinity) is shown as what it is.
    return typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? typeof value);
  } catch {
    return typeof value;
  }
}

function joined(path: string, keys: readonly string[]): string {
  return [...(path === '' ? [] : [path]), ...keys].join('.') || 'app';
}

function valueAt(value: unknown, keys: readonly string[]): unknown {
  return keys.reduce<unknown>(
    (at, key) => (typeof at === 'object' && at !== null ? (at as Record<string, unknown>)[key] : undefined),
    value,
  );
}

/** The names that the object at these keys may have. */
function namesAt(schema: z.core.$ZodType, keys: readonly string[]): string[] {
  if (schema instanceof z.ZodOptional) return namesAt(schema.unwrap(), keys);
  const [key, ...rest] = keys;
  if (schema instanceof z.ZodArray) return namesAt(schema.element, rest);
  if (schema instanceof z.ZodRecord) return namesAt(schema.valueType, rest);
  if (schema instanceof z.ZodUnion) return [...new Set(schema.options.flatMap((option) => namesAt(option, keys)))];
  if (!(schema instanceof z.ZodObject)) return [];
  if (key === undefined) return Object.keys(schema.shape);
  const next: z.core.$ZodType | undefined = schema.shape[key];
  return next === undefined ? [] : namesAt(next, rest);
}
