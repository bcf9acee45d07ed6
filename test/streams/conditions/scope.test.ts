import { describe, expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import type { FieldTest, KeyTest } from '../../../src/declare/condition.ts';
import type { Json } from '../../../src/base/json.ts';
import { passesKey, passesWhere } from '../../../src/streams/conditions/scope.ts';

/** Given to each test as the field `v`; `missing` as no field at all. */
const VALUES: Json[] = ['down', 'Down', '', 'a down b', 5, 0, true, null, ['down', 5], {}, 'missing'];

describe('a test of a field', () => {
  test.each<[FieldTest, Json[]]>([
    ['down', ['down']],
    [5, [5]],
    [true, [true]],
    [null, [null]],
    [{ equals: '' }, ['']],
    [{ not: 'down' }, ['Down', '', 'a down b', 5, 0, true, null, ['down', 5], {}, 'missing']],
    [{ not: 'down', exists: true }, ['Down', '', 'a down b', 5, 0, true, ['down', 5], {}]],
    [{ not: null }, ['down', 'Down', '', 'a down b', 5, 0, true, ['down', 5], {}]],
    [{ oneOf: ['down', 0, null] }, ['down', 0, null]],
    [{ contains: 'down' }, ['down', 'a down b', ['down', 5]]],
    [{ notContains: 'down' }, ['Down', '', 5, 0, true, null, {}, 'missing']],
    [{ notContains: 5 }, ['down', 'Down', '', 'a down b', 5, 0, true, null, {}, 'missing']],
    [{ notContains: 'a', like: '*own' }, ['down', 'Down']],
    [{ contains: '' }, ['down', 'Down', '', 'a down b']],
    [{ contains: 5 }, [['down', 5]]],
    [{ like: '*own' }, ['down', 'Down']],
    [{ like: '*' }, ['down', 'Down', '', 'a down b']],
    [{ exists: true }, ['down', 'Down', '', 'a down b', 5, 0, true, ['down', 5], {}]],
    [{ exists: false }, [null, 'missing']],
    [{ above: 0 }, [5]],
    [{ atLeast: 0, below: 5 }, [0]],
    [{ atLeast: 5, atMost: 5 }, [5]],
    [{ atMost: 5 }, [5, 0]],
    [{ like: 'd*', not: 'down' }, []],
  ])('%j is passed by %j', (asked, passing) => {
    const passed = VALUES.filter((value) => passesWhere({ v: asked }, value === 'missing' ? {} : { v: value }));
    expect(passed).toEqual(passing);
  });

  test('goes into objects; all fields have to pass', () => {
    const where = { state: 'on', 'motor.temp': { above: 80 } };
    expect(passesWhere(where, { state: 'on', motor: { temp: 81 } })).toBe(true);
    expect(passesWhere(where, { state: 'on', motor: { temp: 80 } })).toBe(false);
    expect(passesWhere(where, { state: 'off', motor: { temp: 81 } })).toBe(false);
    for (const data of [null, 5, 'on', ['on'], {}]) expect(passesWhere(where, data)).toBe(false);
    expect(passesWhere({}, null)).toBe(true);
    expect(passesWhere(undefined, null)).toBe(true);
  });
});

describe('a test of the key', () => {
  test.each<[KeyTest | undefined, (string | undefined)[]]>([
    [undefined, ['pump-1', 'pump-12', 'fan', undefined]],
    ['pump-1', ['pump-1']],
    [{ oneOf: ['fan', 'pump-1', 'x'] }, ['pump-1', 'fan']],
    [{ like: 'pump-*' }, ['pump-1', 'pump-12']],
    [{ like: '*' }, ['pump-1', 'pump-12', 'fan']],
  ])('%j is passed by %j', (asked, passing) => {
    expect(['pump-1', 'pump-12', 'fan', undefined].filter((key) => passesKey(asked, key))).toEqual(passing);
  });
});

describe('a pattern', () => {
  const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.'), maxLength: 8 });
  const pattern = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*'), maxLength: 6 });

  test('takes what a regular expression with .* in place of * takes', () => {
    fc.assert(
      fc.property(letters, pattern, (text, like) => {
        const expression = new RegExp(`^${like.replaceAll('.', String.raw`\.`).replaceAll('*', '.*')}$`);
        expect(passesKey({ like }, text)).toBe(expression.test(text));
      }),
      { numRuns: 3_000 },
    );
  });

  test('takes no time to speak of where a regular expression would take for ever', () => {
    const text = 'a'.repeat(200_000);
    expect(passesWhere({ v: { like: `${'*a'.repeat(100)}*b` } }, { v: text })).toBe(false);
    expect(passesWhere({ v: { like: `${'*a'.repeat(100)}*` } }, { v: text })).toBe(true);
  });
});
