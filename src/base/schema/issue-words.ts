/**
 * Says what is wrong with a value that its schema refused: the field as it was written, what was expected, what was found.
 * Messages that a schema brings itself stand as they are. Pure.
 */
import type * as z from 'zod';
import { expectedBy } from './expected-words.ts';
import { meantName, nearestName } from '../known-names.ts';
import { namesAt, nameWithin } from './schema-parts.ts';
import { inLines, jsonText } from '../plain.ts';

/** Given to a parse, so that an issue without a message of its own schema has none, and its words are found here. */
export const UNWORDED: z.core.ParseContext<z.core.$ZodIssue> = { error: () => '' };

const MOST_SHOWN = 80;
const MOST_LINES = 20;
const MOST_NAMES = 40;
/** Names in which a misspelt one is looked for. */
const MOST_SEARCHED = 1_000;

export interface Refused {
  /** The first wrong field; `(arguments)` for the value as a whole. */
  field: string;
  /** What was expected of that field. */
  expected: string;
  /** The same, with what was found there. */
  why: string;
  /** A line for each wrong field, at most 20. */
  text: string;
}

interface Wrong {
  field: string;
  expected: string;
  found: string | null;
  path?: readonly string[];
  /** A name beside the field, which the schema does not know and which was probably meant to be the field. */
  instead?: string | null;
}

/**
 * @param schema null: which names are known is not said
 * @param error of a parse with `UNWORDED`
 * @param name of the value as a whole, before the names of its fields
 */
export function describeIssues(schema: z.ZodType | null, value: unknown, error: z.ZodError, name?: string): Refused {
  const found = error.issues
    .flatMap((issue) => wrongsOf(issue, [], schema, value))
    .map((wrong) => ({ ...wrong, field: named(wrong.field, name) }));
  // What is wrong inside says more than what that makes wrong of the whole.
  const all = found.filter(({ field }) => !found.some((other) => other.field.startsWith(`${field}.`)));
  const isStrict = error.issues.some(({ code }) => code === 'unrecognized_keys');
  for (const wrong of isStrict ? [] : all) wrong.instead = misspelt(wrong, schema, value);
  const lines = [...new Set(all.map(lineOf))];
  const more = lines.length > MOST_LINES ? [`… and ${lines.length - MOST_LINES} more`] : [];
  const [first = { field: '(arguments)', expected: 'what the schema allows', found: null }] = all;
  return {
    field: first.field,
    expected: first.expected,
    why: first.expected + foundText(first),
    text: inLines([...lines.slice(0, MOST_LINES), ...more]),
  };
}

function lineOf(wrong: Wrong): string {
  const { field, expected, found } = wrong;
  if (found === null) return `${field}: ${expected}`;
  if (found === '') return `${field}: missing, expected ${expected}${insteadText(wrong)}`;
  return `${field}: expected ${expected}${foundText(wrong)}`;
}

function foundText(wrong: Wrong): string {
  if (wrong.found === null) return '';
  return `, found ${wrong.found === '' ? 'nothing' : wrong.found}${insteadText(wrong)}`;
}

function insteadText({ instead, path }: Wrong): string {
  return instead ? `; ${instead} is unknown, did you mean ${path?.at(-1)}?` : '';
}

function wrongsOf(
  issue: z.core.$ZodIssue,
  above: readonly string[],
  schema: z.ZodType | null,
  value: unknown,
): Wrong[] {
  const path = [...above, ...issue.path.map(String)];
  if (issue.code === 'unrecognized_keys') {
    const names = schema === null ? [] : namesAt(schema, path);
    return issue.keys.map((key) => ({
      field: [...path, key].join('.'),
      expected: unknownName(key, names, schema === null ? null : nameWithin(schema, path, key)),
      found: null,
    }));
  }
  if (issue.code === 'invalid_union') {
    const [meant, ...others] = issue.errors.filter((errors) => errors.length > 0 && errors.every(isInner));
    if (meant && others.length === 0) return meant.flatMap((inner) => wrongsOf(inner, path, schema, value));
  }
  const field = path.join('.');
  if (issue.message !== '') return [{ field, expected: issue.message, found: null }];
  const input = valueAt(value, path);
  return [{ field, path, expected: expectedBy(issue, input), found: shown(input) }];
}

/** The name that stands in place of a missing one; null where none is near. A schema that refuses such names tells it by itself. */
function misspelt({ found, path = [] }: Wrong, schema: z.ZodType | null, value: unknown): string | null {
  if (found !== '' || schema === null) return null;
  const [above, missing] = [path.slice(0, -1), path.at(-1)];
  const around = valueAt(value, above);
  if (missing === undefined || typeof around !== 'object' || around === null || Array.isArray(around)) return null;
  const names = namesAt(schema, above);
  const unknown = Object.keys(around)
    .slice(0, MOST_SEARCHED)
    .filter((name) => !names.includes(name));
  return nearestName(missing, unknown);
}

function named(field: string, name: string | undefined): string {
  if (name === undefined) return field || '(arguments)';
  return field === '' ? name : `${name}.${field}`;
}

/** Of several forms the one is meant whose outer form is right: its mistakes are further in. */
function isInner({ path, code }: z.core.$ZodIssue): boolean {
  return path.length > 0 || code === 'unrecognized_keys';
}

/** @param within where the name is known that was written too far outside */
function unknownName(written: string, names: readonly string[], within: string | null): string {
  const meant = within ?? meantName(written, names);
  const asked = meant === null ? '' : `, did you mean ${meant}?`;
  const known = names.length === 0 ? '' : ` (known: ${names.slice(0, MOST_NAMES).join(', ')})`;
  return `unknown here${asked}${known}`;
}

function valueAt(value: unknown, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (at, name) =>
      typeof at === 'object' && at !== null && Object.hasOwn(at, name)
        ? (at as Record<string, unknown>)[name]
        : undefined,
    value,
  );
}

/** A found value, bounded; empty for what is missing. */
function shown(value: unknown): string {
  if (value === undefined) return '';
  // JSON would write it as null.
  if (Number.isNaN(value)) return 'NaN, which is no number';
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number beyond ±1.8e308';
  const text = jsonText(value) || typeof value;
  return text.length <= MOST_SHOWN ? text : `${text.slice(0, MOST_SHOWN)}…`;
}
