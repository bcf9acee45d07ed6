/**
 * Holds a declaration against its specification and answers what is wrong as problems. TypeScript's types are gone when
 * an app starts, so this is what a declaration in JavaScript, or one run without a type check, is held to.
 */
import * as z from 'zod';
import type { Problem } from '../problem.ts';
import { knownName } from '../../base/known-names.ts';
import { factsOf } from './options.ts';
import { jsonText } from '../../base/plain.ts';

const MOST_SHOWN = 80;

/**
 * Every mistake in the shape of `value`, each once. The specification's own messages are what was expected, in words.
 * @param path of `value` below the declaration; empty for the declaration itself.
 */
export function specProblems(spec: z.ZodType, value: unknown, path = ''): Problem[] {
  // Not worth compiling: each specification is used once, at a start that somebody may wait for.
  const parsed = spec.safeParse(value, { jitless: true });
  if (parsed.success) return [];
  const seen = new Set<string>();
  return parsed.error.issues
    .flatMap((issue) => toProblems(issue, [], { spec, value, path }))
    .filter((problem) => {
      const key = `${problem.path}: ${problem.expected}`;
      return !seen.has(key) && seen.add(key);
    });
}

interface Checked {
  spec: z.ZodType;
  value: unknown;
  path: string;
}

function toProblems(issue: z.core.$ZodIssue, above: readonly string[], checked: Checked): Problem[] {
  const { spec, value, path } = checked;
  const keys = [...above, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys') {
    const names = namesAt(spec, value, keys);
    return issue.keys.map((key) => ({ path: joined(path, [...keys, key]), expected: knownName(key, names) }));
  }
  if (issue.code === 'invalid_union') {
    // Of several forms the one is meant whose outer form is right: its mistakes are further in.
    const [meant, ...others] = issue.errors.filter((errors) => errors.length > 0 && errors.every(isInner));
    if (meant && others.length === 0) return meant.flatMap((inner) => toProblems(inner, keys, checked));
  }
  const found = isHiddenAt(spec, value, keys) ? null : shown(valueAt(value, keys));
  // What is written and is undefined is a variable that is not set, or an import that is not there.
  const isUnset = found === null && isUnsetAt(value, keys);
  return [
    {
      path: joined(path, keys),
      expected: issue.message,
      ...(isUnset ? { found: 'undefined' } : found === null ? {} : { found }),
    },
  ];
}

function isUnsetAt(value: unknown, keys: readonly string[]): boolean {
  const [around, name] = [valueAt(value, keys.slice(0, -1)), keys.at(-1)];
  if (name === undefined || typeof around !== 'object' || around === null) return false;
  return Object.hasOwn(around, name) && (around as Record<string, unknown>)[name] === undefined;
}

function isInner({ path, code }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === 'unrecognized_keys';
}

/** Whether a problem is of `path` or of something below it. */
export function isBroken(problems: readonly Problem[], path: string): boolean {
  return problems.some((problem) => problem.path === path || problem.path.startsWith(`${path}.`));
}

/** A found value for people, bounded; null for what is missing. */
export function shown(value: unknown): string | null {
  if (value === undefined) return null;
  if (typeof value === 'function') return 'a function';
  if (value instanceof z.ZodType) return 'a zod schema';
  const text = asText(value);
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`;
}

function asText(value: unknown): string {
  try {
    // What JSON makes null of (NaN, Infinity) is shown as what it is.
    return typeof value === 'number' ? String(value) : jsonText(value) || typeof value;
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

/** The schemas of one value: more than one where it may have several forms and does not say which it has. */
function formsOf(schema: z.core.$ZodType, value: unknown): z.core.$ZodType[] {
  if (schema instanceof z.ZodOptional || schema instanceof z.ZodDefault || schema instanceof z.ZodReadonly) {
    return formsOf(schema.def.innerType, value);
  }
  if (schema instanceof z.ZodDiscriminatedUnion) {
    const name = schema.def.discriminator;
    const own = schema.options.filter(
      (form) => form instanceof z.ZodObject && form.shape[name]?.safeParse(valueAt(value, [name])).success,
    );
    return (own.length > 0 ? own : schema.options).flatMap((form) => formsOf(form, value));
  }
  if (schema instanceof z.ZodUnion) return schema.options.flatMap((form) => formsOf(form, value));
  return [schema];
}

function within(schema: z.core.$ZodType, key: string): z.core.$ZodType | undefined {
  if (schema instanceof z.ZodArray) return schema.element;
  if (schema instanceof z.ZodRecord) return schema.valueType;
  return schema instanceof z.ZodObject ? (schema.shape[key] as z.core.$ZodType | undefined) : undefined;
}

/** The names that the object at these keys may have. */
function namesAt(schema: z.core.$ZodType, value: unknown, [key, ...rest]: readonly string[]): string[] {
  const forms = formsOf(schema, value);
  const names =
    key === undefined
      ? forms.flatMap((form) => (form instanceof z.ZodObject ? Object.keys(form.shape) : []))
      : forms.flatMap((form) => {
          const next = within(form, key);
          return next === undefined ? [] : namesAt(next, valueAt(value, [key]), rest);
        });
  // The function that makes a thing sets its kind; nobody writes it.
  return [...new Set(names)].filter((name) => name !== 'kind');
}

/** Whether what stands at these keys, or around them, may be a secret. */
function isHiddenAt(schema: z.core.$ZodType, value: unknown, [key, ...rest]: readonly string[]): boolean {
  if (factsOf(schema).isHidden) return true;
  if (key === undefined) return false;
  return formsOf(schema, value).some((form) => {
    const next = within(form, key);
    return next !== undefined && isHiddenAt(next, valueAt(value, [key]), rest);
  });
}
