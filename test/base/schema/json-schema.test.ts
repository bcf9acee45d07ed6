/** Schemas that cannot be served: each place with what to declare there, wherever in the schema it stands. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import * as mini from 'zod/mini';
import * as z3 from 'zod/v3';
import { objectSchema } from '../../../src/base/schema/json-schema.ts';

const untyped = (value: unknown) => value as z.ZodType;
const old = untyped(z3.string());
/** As earlier releases of zod 4 make it of `z.record(z.any())`. */
const recordOfOne = z.record(z.string(), z.any());
Object.assign(recordOfOne.def, { valueType: undefined });

function mistake(schema: z.ZodType): string {
  try {
    objectSchema(schema, 'output', 'tools.t.output');
  } catch (thrown) {
    return (thrown as Error).message;
  }
  return 'none';
}

describe('what is no schema of zod 4 is told by its place', () => {
  test.each<[string, z.ZodType, RegExp]>([
    ['a field of zod 3', z.object({ a: old }), /^tools\.t\.output\.a: .*this one is of zod 3: npm install zod@4/],
    ['in a list', z.object({ a: z.array(old) }), /^tools\.t\.output\.a\[\]: .*zod 3/],
    ['in a union', z.object({ a: z.union([z.string(), old]) }), /^tools\.t\.output\.a: .*zod 3/],
    ['behind optional', z.object({ a: z.object({ b: z.nullable(old) }).optional() }), /output\.a\.b: .*zod 3/],
    ['in a tuple', z.object({ a: z.tuple([z.string(), old]) }), /output\.a\.1: .*zod 3/],
    [
      'a type of JavaScript',
      z.object({ a: untyped(String) }),
      /\.a: expected a zod schema, such as z\.string\(\), found a function/,
    ],
    ['an import that is not there', z.object({ a: untyped(undefined) }), /\.a: .*, found undefined/],
    [
      'fields without an object',
      z.object({ a: untyped({ b: z.string() }) }),
      /\.a: expected z\.object\(\{ … \}\) around these fields/,
    ],
    [
      'a record of one schema',
      z.object({ a: recordOfOne }),
      /\.a: expected two schemas, as in z\.record\(z\.string\(\), …\), found undefined/,
    ],
    [
      'a list of nothing',
      z.object({ a: z.array(untyped(undefined)) }),
      /\.a\[\]: expected a zod schema, .*found undefined/,
    ],
    ['null', z.object({ a: untyped(null) }), /\.a: .*, found null/],
    ['a list', z.object({ a: untyped([z.string()]) }), /\.a: .*, found a list/],
  ])('%s', (_what, schema, told) => {
    expect(mistake(schema)).toMatch(told);
  });

  test('each of them', () => {
    expect(mistake(z.object({ a: old, b: z.array(old) })).split('\n')).toHaveLength(2);
  });

  test('one of zod/mini within is a schema of zod 4', () => {
    expect(mistake(z.object({ a: untyped(mini.string()) }))).toBe('none');
  });
});

test.each<[z.ZodType, RegExp]>([
  [z.object({ at: z.date() }), /^tools\.t\.output\.at: expected z\.iso\.datetime\(\)/],
  [
    z.object({ n: z.literal(1n) }),
    /^tools\.t\.output\.n: expected a literal that is a text, .*found a literal of undefined or a bigint/,
  ],
  [
    z.string(),
    /^tools\.t\.output: expected the schema of an object, such as z\.object\(\{ … \}\), found one of type string$/,
  ],
  [z.union([z.object({}), z.object({ a: z.string() })]), /found a union$/],
])('what MCP or JSON cannot have is told with what to declare: %#', (schema, told) => {
  expect(mistake(schema)).toMatch(told);
});
