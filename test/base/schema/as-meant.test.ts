import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { asMeant } from '../../../src/base/schema/as-meant.ts';
import type { JsonObject } from '../../../src/base/json.ts';
import { valueOf } from '../../fuzz/arguments.ts';
import { randomFrom } from '../../mcp/serve/wrong-messages.ts';
import { carelessly } from './careless.ts';

const SEED = 20_261_129;
const LONG = '9007199254740993';
const list = z.array(z.string());

describe('what is meant', () => {
  test.each<[string, z.ZodType, unknown, unknown]>([
    ['null for an absent member', z.object({ a: z.string().optional() }), { a: null }, {}],
    ['null where there is a default', z.object({ a: z.string().default('x') }), { a: null }, {}],
    ['the text of null, where no text is right', z.object({ a: z.int().optional() }), { a: 'null' }, {}],
    [
      'the text of null, where a list of texts is right',
      z.object({ a: list.optional() }),
      { a: 'null' },
      { a: ['null'] },
    ],
    ['null further in', z.object({ a: z.object({ b: z.int().optional() }) }), { a: { b: null } }, { a: {} }],
    ['null for a name that is none', z.strictObject({}), { a: null }, {}],
    ['null in a record', z.record(z.string(), z.string()), { a: null, b: 'x' }, { b: 'x' }],
    ['null where a union has nothing', z.object({ a: z.union([z.int(), z.undefined()]) }), { a: null }, {}],
    ['a text for a number', z.int(), '5', 5],
    ['a text with spaces around it', z.number(), ' 5.5 ', 5.5],
    ['a number that is out of bounds', z.int().max(3), '5', 5],
    ['a text for true', z.boolean(), 'true', true],
    ['a text for false, as Python writes it', z.boolean(), 'False', false],
    ['a number for a text', z.string(), 7, '7'],
    ['true for a text', z.string(), true, 'true'],
    ['a number for a choice', z.enum(['1', '2']), 2, '2'],
    ['a text for a literal number', z.literal([1, 2]), '2', 2],
    ['JSON of a list', list, '["a","b"]', ['a', 'b']],
    ['JSON of an object', z.object({ n: z.int() }), '{"n":"4"}', { n: 4 }],
    ['JSON within', z.object({ l: z.array(z.object({ n: z.int() })) }), { l: '[{"n":4}]' }, { l: [{ n: 4 }] }],
    ['a lone value', list, 'a', ['a']],
    ['a lone number for texts', list, 5, ['5']],
    ['members of a list with commas between them', z.array(z.enum(['a', 'b', 'c'])), 'a, c,b', ['a', 'c', 'b']],
    [
      'the same in a list that may be absent',
      z.object({ l: z.array(z.enum(['a', 'b'])).optional() }),
      { l: 'a,b' },
      { l: ['a', 'b'] },
    ],
    [
      'the same where a text that is no member is right too',
      z.union([z.literal('x'), z.array(z.enum(['a', 'b']))]),
      'b,a',
      ['b', 'a'],
    ],
    ['commas within a text of its own', list, 'a,b', ['a,b']],
    [
      'commas, of which one part is no member, so that this one is refused',
      z.array(z.enum(['a', 'b'])),
      'a,c',
      ['a', 'c'],
    ],
    ['commas between more members than there may be', z.array(z.enum(['a', 'b'])).max(2), 'a,b,a', ['a', 'b', 'a']],
    ['a comma at the end', z.array(z.enum(['a', 'b'])), 'a,', ['a', '']],
    ['a lone text that is no member', z.array(z.enum(['a', 'b'])), 'c', ['c']],
    ['a lone object', z.array(z.object({ n: z.int() })), { n: '1' }, [{ n: 1 }]],
    ['a number of several forms', z.union([z.number(), z.array(z.number())]), '5', 5],
    ['a list of several forms', z.union([z.array(z.number()), z.array(z.string())]), '[1]', [1]],
    [
      'one of two forms by their kind',
      z.discriminatedUnion('k', [
        z.object({ k: z.literal('a'), n: z.int() }),
        z.object({ k: z.literal('b'), n: z.string() }),
      ]),
      { k: 'a', n: '5' },
      { k: 'a', n: 5 },
    ],
    ['digits that no double holds, in a list of texts', list, `[${LONG}]`, [LONG]],
    ['the same for a text alone', z.array(z.string()), LONG, [LONG]],
    ['what a schema changes afterwards', z.object({ a: z.int().transform(String) }), { a: '5' }, { a: 5 }],
    [
      'both sides of an intersection',
      z.object({ a: z.int() }).and(z.object({ b: z.boolean() })),
      { a: '1', b: 'true' },
      { a: 1, b: true },
    ],
    ['a pair', z.tuple([z.int(), z.string()]), '["1", 2]', [1, '2']],
  ])('%s', (_what, schema, given, meant) => expect(asMeant(schema, given)).toEqual(meant));

  test.each<[string, z.ZodType, unknown]>([
    ['hexadecimal digits', z.number(), '0x10'],
    ['nothing', z.number(), ''],
    ['a fraction for a text, whose zeros are lost', z.string(), 1.1],
    ['a number for true', z.boolean(), 1],
    ['a word for true', z.boolean(), 'yes'],
    ['null in a list', list, [null]],
    ['null that has to be a value', z.object({ a: z.string() }), { a: null }],
    ['null that may be one', z.object({ a: z.string().nullable().optional() }), { a: null }],
    ['a text that could be two things', z.union([z.number(), z.boolean(), z.literal(['1', '2'])]), '3x'],
    ['true, where a text and a list of texts are right', z.union([z.literal('true'), z.array(z.boolean())]), 'true'],
    ['JSON that is a text as it stands', z.union([z.string(), list]), '["a"]'],
    ['a text that looks like a number', z.union([z.string(), z.number()]), '5'],
    ['a list within a list', z.array(list), [['a']]],
    ['a comma that may be that of a fraction', z.array(z.number()), '1,5'],
    ['JSON that is cut off', z.object({ a: z.int() }), '{"a":1'],
  ])('%s is left as it is', (_what, schema, given) => expect(asMeant(schema, given)).toEqual(given));

  test('is no number or list where two forms would take it differently', () => {
    const schema = z.union([z.object({ a: z.int() }), z.object({ a: z.boolean(), b: z.int().optional() })]);
    expect(asMeant(schema, { a: '1' })).toEqual({ a: 1 });
    const both = z.union([z.array(z.int()), z.array(z.literal(['x'])), z.object({ a: z.int() })]);
    expect(asMeant(both, 'y')).toBe('y');
    const either = z.union([z.object({ a: z.int(), c: z.int().optional() }), z.object({ a: z.array(z.int()) })]);
    expect(asMeant(either, { a: '1' })).toEqual({ a: '1' });
  });

  test('ends in a schema that holds itself, and in very long lists', () => {
    const tree: z.ZodType = z.lazy(() => z.union([z.int(), z.array(tree), z.object({ t: tree })]));
    expect(asMeant(tree, 'x')).toBe('x');
    expect(asMeant(tree, ['1', { t: '2' }])).toEqual([1, { t: 2 }]);
    const many = Array.from({ length: 200_000 }, () => 'x');
    expect(asMeant(z.array(z.int()), many)).toEqual(many);
  });
});

const Shape = z.strictObject({
  n: z.int().min(0).max(1_000),
  f: z.number().optional(),
  yes: z.boolean().optional(),
  word: z.enum(['one', 'two']).optional(),
  names: z.array(z.enum(['a', 'b'])).optional(),
  counts: z.array(z.int().min(0).max(9)).optional(),
  inner: z.strictObject({ n: z.int().min(0).max(9).optional(), list: z.array(z.boolean()).optional() }).optional(),
});

test(`whatever a careless client writes of right arguments is taken as the same (seed ${SEED})`, () => {
  const schema = z.toJSONSchema(Shape, { io: 'input' }) as JsonObject;
  const random = randomFrom(SEED);
  let changed = 0;
  for (let round = 0; round < 5_000; round += 1) {
    const right = Shape.safeParse(valueOf(schema, random, []));
    if (!right.success) continue;
    const written = carelessly(schema, right.data, random);
    if (!Shape.safeParse(written).success) changed += 1;
    expect(Shape.parse(asMeant(Shape, written)), JSON.stringify(written)).toEqual(right.data);
  }
  expect(changed).toBeGreaterThan(1_000);
});
