/** A form that was stored is held against answers as the library that knows all of JSON Schema would do it. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { flatSchema } from '../../src/declare/check/flat-schema.ts';
import { formSchemaOf } from '../../src/declare/check/stored-form.ts';
import type { JsonObject } from '../../src/base/json.ts';

const colours = z.enum(['red', 'green']);
const FIELDS: Record<string, z.ZodType> = {
  text: z.string(),
  short: z.string().min(2).max(4),
  mail: z.email(),
  url: z.url(),
  day: z.iso.date(),
  at: z.iso.datetime(),
  number: z.number(),
  bounded: z.number().min(1).max(9),
  whole: z.int(),
  age: z.int().min(0).max(150),
  yes: z.boolean(),
  colour: colours,
  one: z.literal('only'),
  either: z.union([z.literal('a'), z.literal('b')]),
  colours: z.array(colours),
  few: z.array(colours).min(1).max(2),
  optional: z.string().optional(),
  preset: z.string().default('preset'),
  chosen: colours.default('red'),
  agreed: z.boolean().default(true),
};
const TEXTS = ['', 'a', 'ab', 'abcd', 'abcde', 'red', 'only', 'blue', 'ada@example.org', 'not@', 'true', '7'];
const PLACES = ['https://example.org', 'no url', '2026-01-01', '2026-13-01'];
const TIMES = ['2026-01-01T00:00:00Z', '2026-01-01T00:00:00+02:00'];
const NUMBERS = [0, 1, 1.5, 9, 10, -1, 151, 2 ** 53];
const LISTS = [[], ['red'], ['red', 'green'], ['red', 'red', 'red'], ['blue']];
const VALUES: unknown[] = [
  undefined,
  null,
  true,
  false,
  {},
  { a: 1 },
  ...TEXTS,
  ...PLACES,
  ...TIMES,
  ...NUMBERS,
  ...LISTS,
];

/** The same in both ways, with the places of what is wrong. */
function outcome(schema: z.ZodType, value: unknown) {
  const parsed = schema.safeParse(value);
  return parsed.success ? parsed.data : parsed.error.issues.map(({ code, path }) => [code, path]);
}

const storedForm = (field: z.ZodType): JsonObject | null => {
  try {
    return JSON.parse(JSON.stringify(flatSchema(z.object({ field }), 'ask.x'))) as JsonObject;
  } catch {
    return null;
  }
};

test.each(Object.keys(FIELDS))('%s', (name) => {
  const stored = storedForm(FIELDS[name] as z.ZodType);
  // No form can have it.
  if (stored === null) return expect(['one']).toContain(name);
  const [ours, theirs] = [formSchemaOf(stored), z.fromJSONSchema(stored)];
  for (const value of VALUES) {
    const content = value === undefined ? {} : { field: value, more: 'kept' };
    // Of a union of texts theirs tells what each of them refuses.
    if (name === 'either')
      expect([value, ours.safeParse(content).success]).toEqual([value, theirs.safeParse(content).success]);
    else expect([value, outcome(ours, content)]).toEqual([value, outcome(theirs, content)]);
  }
});
