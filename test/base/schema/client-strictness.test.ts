/** What zod takes, clients take too: by validators of 2020-12 and of draft-07, as official clients set them up. */
import { Ajv } from 'ajv';
import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { objectSchema } from '../../../src/base/schema/json-schema.ts';

const DIALECTS = { 'draft-07': Ajv, '2020-12': Ajv2020 };

/** Whether a value passes as a field of a tool's answer. */
function isTaken(dialect: keyof typeof DIALECTS, schema: z.ZodType, value: unknown, io: 'input' | 'output'): boolean {
  const validator = new DIALECTS[dialect]({ strict: false, validateFormats: true });
  formats.default(validator);
  return validator.validate(objectSchema(z.object({ it: schema }), io, 'here'), { it: value });
}

const ANSWERS: readonly [string, z.ZodType, unknown][] = [
  ['a pattern with i', z.string().regex(/^abc$/i), 'ABC'],
  ['a pattern with s', z.string().regex(/^a.c$/s), 'a\nc'],
  ['a pattern with m', z.string().regex(/^b$/m), 'a\nb'],
  ['several patterns', z.string().regex(/^a/).regex(/C$/i), 'abc'],
  ['a pattern that u refuses', z.string().regex(new RegExp(String.raw`^a\-b$`)), 'a-b'],
  ['hundredths', z.number().multipleOf(0.01), 0.07],
  ['tenths', z.number().multipleOf(0.1), 0.3],
  ['a tuple', z.tuple([z.string(), z.number()]), ['a', 1]],
  ['a tuple with a rest', z.tuple([z.string()], z.number()), ['a', 1, 2]],
  ['a URL', z.url(), 'http://exämple.de/ü'],
  ['a duration', z.iso.duration(), 'PT1.5S'],
  ['an address by another pattern', z.email({ pattern: z.regexes.unicodeEmail }), 'ü@exämple.de'],
  ['a time of minutes', z.iso.datetime({ precision: -1 }), '2026-01-01T00:00Z'],
  ['a local time', z.iso.datetime({ local: true }), '2026-01-01T00:00:00'],
  ['an hour', z.iso.time(), '12:30:00'],
];

describe.each(['draft-07', '2020-12'] as const)('%s', (dialect) => {
  test.each(ANSWERS)('%s', (_what, schema, value) => {
    expect(schema.safeParse(value).success).toBe(true);
    expect(isTaken(dialect, schema, value, 'output')).toBe(true);
  });

  test('a pattern with flags refuses no argument', () => {
    expect(isTaken(dialect, z.string().regex(/^abc$/i), 'ABC', 'input')).toBe(true);
  });

  test('what can be said is held', () => {
    expect(isTaken(dialect, z.string().regex(/^abc$/), 'ABC', 'output')).toBe(false);
    expect(isTaken(dialect, z.string().regex(/^a/).regex(/C$/i), 'bc', 'output')).toBe(false);
    expect(isTaken(dialect, z.number().multipleOf(5), 7, 'output')).toBe(false);
    expect(isTaken(dialect, z.tuple([z.string(), z.number()]), ['a', 1, 2], 'output')).toBe(false);
  });
});
