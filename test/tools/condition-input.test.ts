/** The flat forms of a filter and a condition, and the nested ones beside them: both come to the same. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { objectSchema } from '../../src/base/schema/json-schema.ts';
import { defineApp } from '../../src/declare/check/define-app.ts';
import { stream } from '../../src/declare/stream.ts';
import { ConditionArgument, conditionOfArgument, whereArgument } from '../../src/tools/condition-input.ts';

const app = defineApp({
  name: 'conditions',
  version: '1',
  description: 'd',
  streams: {
    keyed: stream({ description: 'Keyed', schema: z.object({ pump: z.string(), rpm: z.number() }), key: 'pump' }),
    plain: stream({ description: 'Plain', schema: z.object({ rpm: z.number() }) }),
  },
});
const streamOf = (name: 'keyed' | 'plain') => app.streams.get(name) ?? expect.fail('no such stream');
const where = whereArgument('Only these');

describe('where', () => {
  test.each([
    [
      'a list',
      [
        { field: 'a', equals: 'x' },
        { field: 'b.c', above: 1, below: 5 },
      ],
    ],
    ['an object by field', { a: { equals: 'x' }, 'b.c': { above: 1, below: 5 } }],
    [
      'several tests of one field',
      [
        { field: 'a', equals: 'x' },
        { field: 'b.c', above: 1 },
        { field: 'b.c', below: 5 },
      ],
    ],
    [
      'tests that are null',
      [
        { field: 'a', equals: 'x', not: null },
        { field: 'b.c', above: 1, below: 5, exists: null },
      ],
    ],
  ])('%s', (_what, given) => {
    expect(where.parse(given)).toEqual({ a: { equals: 'x' }, 'b.c': { above: 1, below: 5 } });
  });

  test('a lone item of the list counts as the list, and fields that are named so stay fields', () => {
    expect(where.parse({ field: 'a', exists: false })).toEqual({ a: { exists: false } });
    expect(where.parse({ field: 'a' })).toEqual({ field: 'a' });
    expect(where.parse({ field: 'a', other: 'b' })).toEqual({ field: 'a', other: 'b' });
    expect(where.parse({ a: 'x', b: null })).toEqual({ a: 'x', b: null });
  });

  test.each([
    ['a test that nobody knows', [{ field: 'a', abve: 1 }], '0.abve', 'above'],
    [
      'a test of a deep field',
      [
        { field: 'b', not: 1 },
        { field: 'a.b', abve: 1 },
      ],
      '1.abve',
      'above',
    ],
    ['an operator', [{ field: 'a', op: 'gt', value: 1 }], '0.op', 'Expected the test by its name'],
    ['in an object by field', { a: { abve: 1 } }, 'a.abve', 'above'],
    [
      'a test twice',
      [
        { field: 'a', not: 1 },
        { field: 'a', not: 2 },
      ],
      'a',
      'once',
    ],
    ['no test', [{ field: 'a' }], '0', 'one test or more'],
    ['no field', [{ above: 1 }], '0.field', ''],
    ['a text', 'a > 1', '', 'Expected a list such as'],
  ])('%s is told with its field', (_what, given, path, told) => {
    const { error } = where.safeParse(given);
    const flat = JSON.stringify(error?.issues);
    expect(flat).toContain(told);
    const [first] = error?.issues ?? [];
    const paths = first?.code === 'invalid_union' ? first.errors.flat().map((issue) => issue.path.join('.')) : [];
    expect([first?.path.join('.'), ...paths]).toContain(path);
  });

  test('models are shown the list alone', () => {
    const { properties } = objectSchema(z.object({ where }), 'input', 'here') as { properties: { where: object } };
    expect(properties.where).toMatchObject({
      type: 'array',
      description: 'Only these',
      items: { required: ['field'] },
    });
    expect(JSON.stringify(properties.where)).not.toMatch(/oneOf":\[|additionalProperties|propertyNames|\$ref/);
  });
});

const read = (given: object, name: 'keyed' | 'plain' = 'keyed') =>
  conditionOfArgument(ConditionArgument.parse(given), streamOf(name));

describe('condition', () => {
  test.each([
    [
      { kind: 'match', keys: ['a', 'b'], where: [{ field: 'rpm', above: 1 }] },
      { kind: 'match', key: { oneOf: ['a', 'b'] }, where: { rpm: { above: 1 } } },
    ],
    [
      { kind: 'absence', forMs: 5_000, keyLike: 'a*', perKey: true },
      { kind: 'absence', forMs: 5_000, key: { like: 'a*' }, perKey: true },
    ],
    [
      { kind: 'match', key: { oneOf: ['a'] } },
      { kind: 'match', key: { oneOf: ['a'] } },
    ],
    [
      { kind: 'match', key: 'a', where: { rpm: 3 } },
      { kind: 'match', key: 'a', where: { rpm: 3 } },
    ],
  ])('%j', (given, condition) => expect(read(given)).toEqual(condition));

  test.each([
    [{ kind: 'threshold', above: 1, forMs: 5_000 }, 'condition.forMs', 'it belongs to absence'],
    [{ kind: 'match', field: 'rpm' }, 'condition.field', 'it belongs to threshold and change and rate'],
    [{ kind: 'match', key: 'a', keyLike: 'b*' }, 'condition.keyLike', 'because key is given'],
  ])('%j is refused with the argument that is too many', (given, field, expected) => {
    expect(() => read(given)).toThrow(
      expect.objectContaining({ code: 'invalid_input', field, expected: expect.stringContaining(expected) }),
    );
  });

  test('how long a condition is to hold is refused with what tells it', () => {
    const given = { kind: 'threshold', field: 'rpm', above: 1, forMs: 5_000 };
    expect(() => read(given)).toThrow(expect.objectContaining({ hint: expect.stringContaining('timeIn') }));
  });

  test.each(['key', 'keys', 'keyLike'])('%s of a stream without keys is refused by that name', (name) => {
    const given = { kind: 'match', [name]: name === 'keys' ? ['a'] : 'a' };
    expect(() => read(given, 'plain')).toThrow(expect.objectContaining({ field: `condition.${name}` }));
  });
});
