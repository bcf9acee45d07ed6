/**
 * Leaves out of a JSON Schema the words that clients read more strictly than zod does. A client that checks a tool's answer
 * would refuse what the server has taken. Zod checks all of it still. Pure.
 */
import type * as z from 'zod';
import { type Json, type JsonObject, asJsonObject } from '../json.ts';
import { defOf } from './schema-parts.ts';

/** JSON Schema has no flags: these change what a pattern takes, or how it is read. */
const TELLING_FLAGS = /[imsv]/;

/** Formats of which zod takes more texts than validators do: any URL that can be parsed, fractions, times without seconds. */
const STRICTER_FORMATS: readonly Json[] = ['uri', 'duration', 'email', 'date-time', 'time'];

/**
 * Changes `node`, which zod made of `schema`. In the schemas of answers it leaves out formats and fractions of `multipleOf`
 * too. Arguments keep those, because they tell a model what to write.
 */
export function leaveOutStricterWords(schema: z.core.$ZodType, node: JsonObject, io: 'input' | 'output'): void {
  const unsaid = patternsOf(schema)
    .filter((pattern) => !canBeSaid(pattern))
    .map(({ source }) => source);
  if (unsaid.length > 0) leaveOutPatterns(node, unsaid);
  if (io === 'input') return;
  if (typeof node.multipleOf === 'number' && !Number.isInteger(node.multipleOf)) delete node.multipleOf;
  if (STRICTER_FORMATS.includes(node.format ?? null)) delete node.format;
}

/** The patterns of a text: its own, as of a format, and those of its checks. */
function patternsOf(schema: z.core.$ZodType): RegExp[] {
  const { checks = [] } = defOf(schema);
  return [schema, ...checks].flatMap(({ _zod: { def } }) =>
    'pattern' in def && def.pattern instanceof RegExp ? [def.pattern] : [],
  );
}

/** Validators compile a pattern with the flag `u`, which refuses some that are read without it. */
function canBeSaid({ flags, source }: RegExp): boolean {
  if (TELLING_FLAGS.test(flags)) return false;
  try {
    return new RegExp(source, 'u') instanceof RegExp;
  } catch {
    return false;
  }
}

function leaveOutPatterns(node: JsonObject, unsaid: readonly string[]): void {
  const isUnsaid = (pattern: Json | undefined) => typeof pattern === 'string' && unsaid.includes(pattern);
  if (isUnsaid(node.pattern)) delete node.pattern;
  if (!Array.isArray(node.allOf)) return;
  const rest = node.allOf.filter((each) => !isUnsaid(asJsonObject(each)?.pattern));
  if (rest.length > 0) node.allOf = rest;
  else delete node.allOf;
}
