import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { fc } from '../../properties.ts';
import { CONDITION_BYTES, conditionProblems, conditionSchema } from '../../../src/declare/check/condition-schema.ts';
import type { Condition, ConditionKind } from '../../../src/declare/condition.ts';
import { conditions } from '../../streams/conditions/arbitrary.ts';

const EXAMPLES: { [Kind in ConditionKind]: Extract<Condition, { kind: Kind }> } = {
  threshold: { kind: 'threshold', field: 'celsius', above: 30, hysteresis: 2, key: 'boiler-1' },
  change: { kind: 'change', field: 'celsius', byPercent: 5, where: { state: 'on' } },
  rate: { kind: 'rate', field: 'motor.temp', per: 'minute', overMs: 60_000, below: -2 },
  absence: { kind: 'absence', forMs: 300_000, key: { oneOf: ['boiler-1', 'boiler-2'] }, perKey: true },
  match: { kind: 'match', where: { state: { oneOf: ['off', 'failed'] }, 'motor.temp': { atLeast: 80 } } },
  count: { kind: 'count', atLeast: 3, withinMs: 60_000, where: { state: null }, key: { like: 'boiler-*' } },
};

const mistakesOf = (value: unknown) =>
  conditionProblems(value, 'when').map(({ path, expected, found }) => [path, expected, ...(found ? [found] : [])]);

describe('the shape of a condition', () => {
  test.each(Object.entries(EXAMPLES))('%s is taken as it is', (_kind, condition) => {
    expect(conditionSchema.parse(condition)).toEqual(condition);
    expect(conditionProblems(condition, 'when')).toEqual([]);
  });

  const one = 'exactly one of above, atLeast, below, atMost';
  const kinds = 'threshold, change, rate, absence, match, count';
  test.each<[unknown, string[][]]>([
    [5, [['when', 'a condition, such as { kind: "threshold", field: "celsius", above: 30 }', '5']]],
    [null, [['when', 'a condition, such as { kind: "threshold", field: "celsius", above: 30 }', 'null']]],
    [{}, [['when.kind', `one of ${kinds}`]]],
    [{ kind: 1 }, [['when.kind', `one of ${kinds}`, '1']]],
    [{ kind: 'treshold' }, [['when.kind', `one of the known names ${kinds} (did you mean threshold?)`, '"treshold"']]],
    [{ kind: 'toString' }, [['when.kind', `one of the known names ${kinds}`, '"toString"']]],
    [{ kind: 'threshold', field: 'a' }, [['when', one, '{"kind":"threshold","field":"a"}']]],
    [{ kind: 'threshold', above: 1, below: 0 }, [['when', one, '{"kind":"threshold","above":1,"below":0}']]],
    [{ kind: 'threshold', above: '30' }, [['when.above', 'a number', '"30"']]],
    [{ kind: 'threshold', above: Number.NaN }, [['when.above', 'a number', 'NaN']]],
    [{ kind: 'threshold', above: 1, hysteresis: -1 }, [['when.hysteresis', 'a number, 0 or more', '-1']]],
    [{ kind: 'threshold', above: 1, field: '' }, [['when.field', 'a path such as motor.temp', '""']]],
    [{ kind: 'change', by: 0 }, [['when.by', 'a number above 0', '0']]],
    [
      { kind: 'change', by: 1, byPercent: 1 },
      [['when', 'by or byPercent, or neither of them', '{"kind":"change","by":1,"byPercent":1}']],
    ],
    [{ kind: 'rate', above: 1, overMs: 1, per: 'week' }, [['when.per', 'second, minute, hour or day', '"week"']]],
    [{ kind: 'absence', forMs: 0 }, [['when.forMs', '1 ms or more', '0']]],
    [{ kind: 'absence', forMs: 1.5 }, [['when.forMs', 'a whole number of ms', '1.5']]],
    [{ kind: 'absence', forMs: 1e12 }, [['when.forMs', '366 days at most', '1000000000000']]],
    [{ kind: 'count', atLeast: 1_001, withinMs: 1 }, [['when.atLeast', '1 to 1000', '1001']]],
    [{ kind: 'match', where: { a: {} } }, [['when.where.a', 'one test or more', '{}']]],
    [{ kind: 'match', where: { a: [1] } }, [['when.where.a', 'a value, or tests such as { oneOf: […] }', '[1]']]],
    [{ kind: 'match', where: { a: { oneOf: [] } } }, [['when.where.a.oneOf', 'a list of 1 to 50 values', '[]']]],
    [
      { kind: 'match', where: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`f${i}`, i])) },
      [['when.where', 'at most 16 fields', expect.any(String)]],
    ],
    [{ kind: 'match', key: 5 }, [['when.key', 'a key, { oneOf: [keys] } or { like: "pump-*" }', '5']]],
    [{ kind: 'match', perKey: 1 }, [['when.perKey', 'true or false', '1']]],
  ])('%j is told as wrong', (value, problems) => {
    expect(mistakesOf(value)).toEqual(problems);
    expect(conditionSchema.safeParse(value).success).toBe(false);
  });

  test('a misspelt name is told with the one that was meant, also within where', () => {
    const wrong = { kind: 'threshold', above: 1, hysterisis: 2, where: { a: { oneof: ['x'], exists: true } } };
    const told = conditionProblems(wrong, 'when');
    expect(told.map(({ path }) => path).toSorted()).toEqual(['when.hysterisis', 'when.where.a.oneof']);
    for (const [name, meant] of [
      ['hysterisis', 'hysteresis'],
      ['oneof', 'oneOf'],
    ] as const) {
      expect(told.find(({ path }) => path.endsWith(name))?.expected).toContain(`(did you mean ${meant}?)`);
    }
  });

  test('one that is too large is refused', () => {
    const large = {
      kind: 'match',
      where: { a: { oneOf: Array.from({ length: 50 }, () => 'é'.repeat(200)) } },
    };
    expect(mistakesOf(large)).toEqual([['when', `at most ${CONDITION_BYTES} bytes of JSON`]]);
    expect(conditionSchema.safeParse(large).success).toBe(false);
  });

  test('whatever is given, both readings agree, and neither throws', () => {
    const names = fc.constantFrom('kind', 'field', 'above', 'below', 'where', 'key', 'forMs', 'atLeast', 'withinMs');
    const kind = fc.constantFrom('threshold', 'absence', 'match', 'count', 'none');
    const value = fc.oneof(
      fc.jsonValue(),
      kind,
      fc.integer({ min: -2, max: 90 }),
      fc.dictionary(names, fc.jsonValue()),
    );
    const near = fc.tuple(kind, fc.dictionary(names, value)).map(([kind, rest]) => ({ kind, ...rest }));
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), near, conditions), (given) => {
        expect(conditionProblems(given, 'when').length === 0).toBe(conditionSchema.safeParse(given).success);
      }),
      { numRuns: 500 },
    );
  });

  test('its JSON Schema tells the kinds apart, and says of each what is required', () => {
    const schema = z.toJSONSchema(z.strictObject({ condition: conditionSchema }), { io: 'input' }) as unknown as {
      properties: { condition: { oneOf: { properties: { kind: { const: string } }; required: string[] }[] } };
    };
    const required = schema.properties.condition.oneOf.map(({ properties, required }) => [
      properties.kind.const,
      required,
    ]);
    expect(required).toEqual([
      ['threshold', ['kind']],
      ['change', ['kind']],
      ['rate', ['kind', 'per', 'overMs']],
      ['absence', ['kind', 'forMs']],
      ['match', ['kind']],
      ['count', ['kind', 'atLeast', 'withinMs']],
    ]);
    expect(JSON.stringify(schema).length).toBeLessThan(6_000);
  });
});

test('what the compiler knows of a stream it holds a condition to', () => {
  type Data = { celsius: number; state: 'on' | 'off'; tags: string[]; motor: { temp: number | null } };
  const all: Condition<Data>[] = [
    { kind: 'threshold', field: 'celsius', above: 30, hysteresis: 2 },
    { kind: 'rate', field: 'motor.temp', per: 'minute', overMs: 60_000, atMost: 3 },
    { kind: 'change', field: 'state' },
    { kind: 'change', by: 3, field: 'celsius' },
    { kind: 'match', where: { state: 'on', 'motor.temp': { exists: false }, tags: { contains: 'x' } } },
    { kind: 'count', atLeast: 3, withinMs: 5, where: { state: { oneOf: ['on', 'off'] } }, key: { like: 'a*' } },
    // @ts-expect-error no such field
    { kind: 'threshold', field: 'celsus', above: 30 },
    // @ts-expect-error a text, where a number is compared
    { kind: 'threshold', field: 'state', above: 30 },
    // @ts-expect-error two bounds
    { kind: 'threshold', field: 'celsius', above: 30, below: 3 },
    // @ts-expect-error no bound
    { kind: 'threshold', field: 'celsius' },
    // @ts-expect-error both
    { kind: 'change', field: 'celsius', by: 3, byPercent: 3 },
    // @ts-expect-error a value that the field never has
    { kind: 'match', where: { state: 'broken' } },
    // @ts-expect-error no such field
    { kind: 'match', where: { 'motor.tmp': 1 } },
    // @ts-expect-error no such kind
    { kind: 'thresholds' },
  ];
  // Whatever is known of its stream, it is a condition.
  const erased: Condition[] = all;
  expect(erased).toHaveLength(14);
});
