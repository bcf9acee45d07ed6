/**
 * Takes values as careless writers meant them: models, and clients that serialise in their own way. What fits its schema stays
 * as it is. In place of a value that does not fit it answers the one that was meant, where only one can be meant:
 *
 * - null where the schema has no null, or its text where the schema has no text: as if the member were absent;
 * - a text for a number (`"5"`, with spaces around it too) or for true and false;
 * - a whole number, true or false for a text. A fraction is not taken: `1.10` and `1.1` are one number and two texts;
 * - JSON text for a list or an object;
 * - a lone value for a list of one;
 * - texts with commas between them for a list, where the whole is no member and each part is one.
 *
 * It does not judge: what it leaves as it is, the schema refuses. Pure.
 */
import type * as z from 'zod';
import { parseLongNumbers } from './as-asked.ts';
import { isDeep, type Json } from '../json.ts';
import { readDecimal } from '../number-text.ts';
import { type Def, defOf, DEEPEST_SCHEMA } from './schema-parts.ts';
import { isLongNumber, readSourceJson } from '../source-json.ts';

/** Most values that are looked at, so that a long list of wrong ones costs no more than it may. */
const MOST_STEPS = 50_000;
const OF_TEXTS: ReadonlySet<string> = new Set(['string', 'enum']);
/** Most members of a list that is written with commas. */
const MOST_PARTS = 1_000;

type Schema = z.core.$ZodType;

/** Goes on into a part of the value. */
type Into = (schema: Schema, value: unknown) => unknown;

export function asMeant(schema: z.ZodType, value: unknown): unknown {
  return meant(schema, value, 0, { left: MOST_STEPS });
}

function meant(schema: Schema, value: unknown, depth: number, steps: { left: number }): unknown {
  steps.left -= 1;
  if (depth > DEEPEST_SCHEMA || steps.left < 0 || fits(schema, value)) return value;
  const into: Into = (inner, part) => meant(inner, part, depth + 1, steps);
  const def = defOf(schema);
  switch (def.type) {
    case 'optional':
    case 'default':
    case 'prefault':
      return inOptional(def.innerType, value, into);
    case 'nullable':
    case 'nonoptional':
    case 'readonly':
    case 'catch':
      return into(def.innerType, value);
    case 'undefined':
    case 'void':
      return value === null ? undefined : value;
    case 'lazy':
      return into(def.getter(), value);
    case 'pipe':
      return into(def.in, value);
    case 'intersection':
      return into(def.right, into(def.left, value));
    case 'union':
      return inUnion(schema, def.options, value, into);
    case 'object':
    case 'record':
      return inObject(def, read(value), into) ?? value;
    case 'array':
    case 'tuple':
      return inList(schema, def, value, into);
    // What is out of bounds is a number all the same, so that the refusal names the bounds.
    case 'number':
      return numberOf(value) ?? value;
    case 'boolean':
      return truthOf(value) ?? value;
    default:
      return onlyOne(schema, [wordOf(value), numberOf(value), truthOf(value)], value);
  }
}

function fits(schema: Schema, value: unknown): boolean {
  return parseLongNumbers(schema as z.ZodType, value).success;
}

/** Null is nothing, and so is its text, where the schema can make nothing else of it. */
function inOptional(inner: Schema, value: unknown, into: Into): unknown {
  if (value === null) return undefined;
  const made = into(inner, value);
  return value === 'null' && !fits(inner, made) ? undefined : made;
}

/** The only one of these that fits; `value` where none or several do. Undefined stands for none. */
function onlyOne(schema: Schema, candidates: readonly unknown[], value: unknown): unknown {
  const fitting = candidates.filter((each) => each !== undefined && fits(schema, each));
  const different = new Map(fitting.map((each) => [JSON.stringify(each), each]));
  const [[, only] = []] = different;
  return different.size === 1 ? only : value;
}

/** What all forms that take the value make the same of it. A value that one of them can only take as a list of one is no list. */
function inUnion(schema: Schema, options: readonly Schema[], value: unknown, into: Into): unknown {
  if (value === null && fits(schema, undefined)) return undefined;
  const asRead = read(value);
  if (asRead !== value && fits(schema, asRead)) return asRead;
  const found = options.map((option) => into(option, value)).filter((each) => each !== value);
  const plain = Array.isArray(asRead) ? [] : found.filter((each) => !Array.isArray(each));
  const one = onlyOne(schema, plain, value);
  return one === value ? onlyOne(schema, found, value) : one;
}

function inObject(def: Def, value: unknown, into: Into): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  const schemaOf = (name: string): Schema | undefined => {
    if (def.type === 'record') return def.valueType;
    if (def.type !== 'object') return undefined;
    return Object.hasOwn(def.shape, name) ? def.shape[name] : def.catchall;
  };
  const members = Object.entries(value).flatMap(([name, member]) => {
    const inner = schemaOf(name);
    const made = inner === undefined ? (member as unknown) : into(inner, member);
    const isNothing = made === undefined || (made === null && isExtra(def, name) && !takes(inner, null));
    return isNothing ? [] : [[name, made] as const];
  });
  return Object.fromEntries(members);
}

/** Whether the member is none that an object declares, so that a null for it means that it is absent. */
function isExtra(def: Def, name: string): boolean {
  return def.type === 'record' || (def.type === 'object' && !Object.hasOwn(def.shape, name));
}

function takes(schema: Schema | undefined, value: unknown): boolean {
  return schema === undefined || fits(schema, value);
}

function inList(schema: Schema, def: Def, value: unknown, into: Into): unknown {
  const list = read(value);
  if (Array.isArray(list)) {
    const items = list.map((item, index) => {
      const inner = def.type === 'array' ? def.element : def.type === 'tuple' ? (def.items[index] ?? def.rest) : null;
      return (inner && into(inner, item)) ?? (item as unknown);
    });
    if (list === value || fits(schema, items)) return items;
  }
  if (def.type !== 'array' || value === null || value === undefined || Array.isArray(value)) return value;
  const lone = [into(def.element, value)];
  if (fits(schema, lone)) return lone;
  const parts = typeof value === 'string' ? value.split(',', MOST_PARTS + 1).map((part) => part.trim()) : [];
  const isSeveral = parts.length > 1 && parts.length <= MOST_PARTS;
  if (isSeveral && fits(schema, parts)) return parts;
  if (typeof value !== 'string' || !OF_TEXTS.has(defOf(def.element).type)) return value;
  // A text that is no member is one all the same, so that the refusal says which members there are.
  return isSeveral && parts.some((part) => fits(def.element, part)) ? parts : lone;
}

/** The list or object of a JSON text; every other value as it is. */
function read(value: unknown): unknown {
  if (typeof value !== 'string' || !/^\s*[[{]/.test(value)) return value;
  try {
    const made = readSourceJson(value);
    return isDeep(made as Json) ? value : made;
  } catch {
    return value;
  }
}

function wordOf(value: unknown): string | undefined {
  if (typeof value === 'boolean') return String(value);
  return Number.isSafeInteger(value) && !Object.is(value, -0) ? String(value) : undefined;
}

function numberOf(value: unknown): number | string | undefined {
  if (typeof value !== 'string') return undefined;
  // Digits that no double holds are made a number where the schema is asked (`parseLongNumbers`), which also keeps them.
  return isLongNumber(value.trim()) ? value.trim() : (readDecimal(value) ?? undefined);
}

function truthOf(value: unknown): boolean | undefined {
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  return word === 'true' ? true : word === 'false' ? false : undefined;
}
