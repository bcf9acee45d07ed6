import { expect, test } from 'vitest';
import * as z from 'zod';
import { parseAsAsked } from '../../../src/base/schema/as-asked.ts';

const LONG = '9007199254740993';
const NEAREST = 2 ** 53;

test.each<[string, z.ZodType, unknown, unknown, unknown]>([
  ['a number', z.number(), LONG, NEAREST, LONG],
  ['a text', z.string(), LONG, LONG, LONG],
  ['one of both', z.union([z.number(), z.string()]), LONG, LONG, LONG],
  ['one of two forms', z.union([z.object({ n: z.number() }), z.null()]), { n: LONG }, { n: NEAREST }, { n: LONG }],
  ['what becomes a number', z.object({ n: z.coerce.number() }), { n: LONG }, { n: NEAREST }, { n: LONG }],
  [
    'what becomes a number, beside one that is one',
    z.object({ n: z.coerce.number().nullable(), m: z.number() }),
    { n: LONG, m: LONG },
    { n: NEAREST, m: NEAREST },
    { n: LONG, m: LONG },
  ],
  ['a list of what becomes numbers', z.array(z.coerce.number()), [1, LONG], [1, NEAREST], [1, LONG]],
  [
    'what a function makes a number',
    z.object({ n: z.string().transform(Number), m: z.preprocess(Number, z.number()) }),
    { n: LONG, m: LONG },
    { n: NEAREST, m: NEAREST },
    { n: LONG, m: LONG },
  ],
  [
    'what something else would stand for',
    z.object({
      n: z.number().catch(0),
      m: z.number().optional().catch(undefined),
      a: z.object({ k: z.number() }).catch({ k: 1 }),
      t: z.string().catch(''),
      b: z.boolean().catch(false),
    }),
    { n: LONG, m: LONG, a: { k: LONG }, t: LONG, b: LONG },
    { n: NEAREST, m: NEAREST, a: { k: NEAREST }, t: LONG, b: false },
    { n: LONG, m: LONG, a: { k: LONG }, t: LONG, b: false },
  ],
  ['a list', z.array(z.number()), [1, LONG], [1, NEAREST], [1, LONG]],
  ['a record', z.record(z.string(), z.number()), { a: LONG, b: 2 }, { a: NEAREST, b: 2 }, { a: LONG, b: 2 }],
  [
    'some of each',
    z.object({ n: z.number(), t: z.string() }),
    { n: LONG, t: LONG },
    { n: NEAREST, t: LONG },
    { n: LONG, t: LONG },
  ],
])('%s', (_what, schema, given, data, exact) => {
  expect(parseAsAsked(schema, given)).toMatchObject({ success: true, data, exact });
});

test.each<[string, z.ZodType, unknown]>([
  ['a whole number that a double holds', z.int(), LONG],
  ['a number, of a text that is none', z.number(), '12'],
  ['a number, of one beyond every double', z.number(), '1e400'],
  ['a number, of digits beyond every double', z.number(), '9'.repeat(400)],
])('is not taken for %s', (_what, schema, given) => {
  expect(parseAsAsked(schema, given).success).toBe(false);
});

test('what has no long number is given as it is', () => {
  const given = { n: 1 };
  const asked = parseAsAsked(z.object({ n: z.number() }), given);
  expect(asked.success && asked.given).toBe(given);
  expect(asked.success && asked.exact === asked.data).toBe(true);
});

const price = z.object({ price: z.coerce.number() });

test.each<[string, z.ZodType, unknown, string]>([
  ['an empty text', price, { price: '' }, 'price'],
  ['spaces', price, { price: '  ' }, 'price'],
  ['null', price, { price: null }, 'price'],
  ['an empty list', price, { price: [] }, 'price'],
  ['hexadecimal digits', price, { price: '0x10' }, 'price'],
  ['an empty text in a list', z.array(price), [{ price: '1' }, { price: '' }], '1.price'],
  ['an empty text in a record', z.record(z.string(), z.coerce.number()), { a: '' }, 'a'],
  [
    'an empty text behind a default',
    z.object({ price: z.coerce.number().default(1).nullable() }),
    { price: '' },
    'price',
  ],
  ['an empty text in a pair', z.tuple([z.string(), z.coerce.number()]), ['a', ''], '1'],
  ['an empty text of one of two forms', z.union([z.null(), price]), { price: '' }, 'price'],
])('%s becomes no number', (_what, schema, given, path) => {
  const asked = parseAsAsked(schema, given);
  expect(asked.success ? null : asked.error.issues[0]?.path.join('.')).toBe(path);
});

test.each<[z.ZodType, unknown, unknown]>([
  [price, { price: ' -1.5e3 ' }, { price: -1500 }],
  [price, { price: '007' }, { price: 7 }],
  [price, { price: '0' }, { price: 0 }],
  [price, { price: 0 }, { price: 0 }],
  [price, { price: true }, { price: 1 }],
  [z.object({ price: z.coerce.number().nullable() }), { price: null }, { price: null }],
  [z.object({ price: z.coerce.number().optional() }), {}, {}],
  [z.object({ price: z.coerce.number().default(3) }), {}, { price: 3 }],
  [z.object({ price: z.union([z.literal(''), z.coerce.number()]) }), { price: '' }, { price: '' }],
])('what is a number, or is nothing to the schema, stays: %#', (schema, given, data) => {
  expect(parseAsAsked(schema, given)).toMatchObject({ success: true, data });
});
