/** The schemas that tools show: the same meaning, in the words that most clients know. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { JsonObject } from '../../../src/base/json.ts';
import { objectSchema } from '../../../src/base/schema/json-schema.ts';
import { portableSchema } from '../../../src/base/schema/portable-schema.ts';

const shown = (schema: z.ZodType) => {
  const { properties } = objectSchema(z.object({ it: schema }), 'input', 'here') as { properties: { it: object } };
  return properties.it;
};

test.each<[string, z.ZodType, object]>([
  ['a literal', z.literal('a'), { type: 'string', enum: ['a'] }],
  ['null', z.null(), { type: 'null' }],
  ['scalars', z.union([z.string(), z.number()]), { anyOf: [{ type: 'string' }, { type: 'number' }] }],
  ['a whole number', z.int(), { type: 'integer' }],
  ['a bounded one', z.int().max(5), { type: 'integer', maximum: 5 }],
  [
    'names of any text',
    z.record(z.string(), z.number()),
    { type: 'object', additionalProperties: { type: 'number' }, properties: {} },
  ],
  [
    'anything by name',
    z.record(z.string(), z.unknown()),
    { type: 'object', additionalProperties: true, properties: {} },
  ],
  [
    'names of a few',
    z.partialRecord(z.enum(['a', 'b']), z.number()),
    { type: 'object', properties: { a: { type: 'number' }, b: { type: 'number' } }, additionalProperties: false },
  ],
  ['a shared schema', z.string().meta({ id: 'Shared' }).describe('Here'), { type: 'string', description: 'Here' }],
])('%s', (_what, schema, expected) => expect(shown(schema)).toEqual(expected));

test('variants are told by anyOf, and a value of them by enum', () => {
  const union = z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('a') }),
    z.object({ kind: z.literal('b'), more: z.number() }),
  ]);
  expect(JSON.stringify(shown(union))).not.toMatch(/oneOf|const/);
  expect(shown(union)).toMatchObject({ anyOf: [{ properties: { kind: { enum: ['a'] } } }, {}] });
});

test('a definition takes the place of its references, also within another', () => {
  const Inner = z.object({ n: z.number() }).meta({ id: 'Inner' });
  const Outer = z.object({ one: Inner, two: Inner.describe('Two') }).meta({ id: 'Outer' });
  const schema = objectSchema(z.object({ a: Outer, b: Outer }), 'input', 'here');
  expect(JSON.stringify(schema)).not.toMatch(/\$ref|\$defs/);
  expect(schema).toMatchObject({
    properties: {
      a: { properties: { two: { type: 'object', description: 'Two', properties: { n: { type: 'number' } } } } },
    },
  });
});

test('a schema that contains itself keeps its reference, with nothing beside it', () => {
  interface Tree {
    children?: Tree[] | undefined;
  }
  const Tree: z.ZodType<Tree> = z.lazy(() => z.object({ children: z.array(Tree).optional() })).meta({ id: 'Tree' });
  const schema = objectSchema(z.object({ tree: Tree.describe('The tree') }), 'input', 'here');
  const kept = Object.keys(schema.$defs as object);
  const named = [...JSON.stringify(schema).matchAll(/"#\/\$defs\/(\w+)"/g)].map(([, name]) => name);
  expect(named.length).toBeGreaterThan(1);
  expect(kept).toEqual(expect.arrayContaining(named));
  expect(JSON.stringify(schema)).not.toMatch(/"\$ref":"[^"]*",|,"\$ref"/);
});

const twice = (name: string): JsonObject => ({
  type: 'object',
  properties: { a: { $ref: name }, b: { $ref: name } },
});

test('what would grow without bound keeps its references', () => {
  const $defs: JsonObject = { D0: { type: 'string' } };
  for (let index = 1; index < 30; index += 1) $defs[`D${index}`] = twice(`#/$defs/D${index - 1}`);
  const schema = portableSchema({ type: 'object', properties: { top: { $ref: '#/$defs/D29' } }, $defs });
  expect(JSON.stringify(schema).length).toBeLessThan(100_000);
  const names = new Set(
    JSON.stringify(schema)
      .match(/#\/\$defs\/D\d+/g)
      ?.map((ref) => ref.slice('#/$defs/'.length)),
  );
  for (const name of names) expect(Object.keys(schema.$defs as object)).toContain(name);
});

test('of the tools that come with the package, what a model need not read is left out', () => {
  const schema = z.strictObject({
    text: z.string().min(1).max(5).default('a'),
    page: z.int().min(1).max(9),
    declared: z.lazy(() => z.unknown().meta({ type: 'string', maxLength: 3 })),
  });
  const plain = objectSchema(schema, 'input', 'here', true);
  expect(plain).toEqual({
    type: 'object',
    properties: {
      text: { type: 'string' },
      page: { type: 'integer', maximum: 9 },
      declared: { type: 'string', maxLength: 3 },
    },
    required: ['page', 'declared'],
  });
});
