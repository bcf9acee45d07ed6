import { describe, expect, expectTypeOf, test } from 'vitest';
import { type FieldPath, hasValueAt, numberAt, pathOf, type ValueAt, valueAt } from '../../src/base/field-path.ts';
import type { Json } from '../../src/base/json.ts';

const data = { celsius: 4, state: null, tags: [1, 2], motor: { temp: 80.5, parts: { fan: 'on' } } };

describe('a value at a path', () => {
  test.each([
    ['celsius', 4],
    ['motor.temp', 80.5],
    ['motor.parts.fan', 'on'],
    ['motor.parts', { fan: 'on' }],
    ['tags', [1, 2]],
    ['state', null],
  ])('%s is there', (path, value) => {
    expect(valueAt(data, pathOf(path))).toEqual(value);
    expect(hasValueAt(data, pathOf(path))).toBe(true);
  });

  test.each(['none', 'motor.none', 'celsius.x', 'state.x', 'tags.0', 'tags.length', '', 'motor.', '__proto__'])(
    '%j is not',
    (path) => {
      expect(valueAt(data, pathOf(path))).toBeNull();
      expect(hasValueAt(data, pathOf(path))).toBe(false);
    },
  );

  test('without a path is the data', () => {
    for (const none of [null, undefined]) expect(valueAt(21.5, pathOf(none))).toBe(21.5);
  });

  test.each([
    [1, 1],
    [-1e300, -1e300],
    [Number.MAX_VALUE, Number.MAX_VALUE],
    [Number.NaN, null],
    [Number.POSITIVE_INFINITY, null],
    ['1', null],
    [true, null],
    [null, null],
    [[1], null],
  ])('as a number: of %j it is %j', (value, number) => {
    expect(numberAt({ value }, ['value'])).toBe(number);
  });
});

test('the paths of a type are those of its fields, in objects within objects', () => {
  type Data = {
    id: string;
    temp: number | null;
    maybe?: number;
    tags: string[];
    motor: { rpm: number; state: 'on' | 'off' } | null;
  };
  expectTypeOf<FieldPath<Data>>().toEqualTypeOf<
    'id' | 'temp' | 'maybe' | 'tags' | 'motor' | 'motor.rpm' | 'motor.state'
  >();
  expectTypeOf<FieldPath<Data, number>>().toEqualTypeOf<'temp' | 'maybe' | 'motor.rpm'>();
  expectTypeOf<FieldPath<Json>>().toEqualTypeOf<string>();
  expectTypeOf<FieldPath<unknown, number>>().toEqualTypeOf<string>();
  expectTypeOf<FieldPath<Record<string, number>, number>>().toEqualTypeOf<string>();
  expectTypeOf<FieldPath<{ a: string } | { b: string }>>().toEqualTypeOf<'a' | 'b'>();
  expectTypeOf<ValueAt<Data, 'motor.state'>>().toEqualTypeOf<'on' | 'off'>();
  expectTypeOf<ValueAt<Data, 'maybe'>>().toEqualTypeOf<number>();
  expectTypeOf<ValueAt<Json, 'anything'>>().toEqualTypeOf<Json>();
});

test('a type of its own kind again has an end', () => {
  type Tree = { value: number; left?: Tree };
  expectTypeOf<'left.left.left.value'>().toExtend<FieldPath<Tree, number>>();
  expectTypeOf<'left.left.left.left.value'>().not.toExtend<FieldPath<Tree, number>>();
});
