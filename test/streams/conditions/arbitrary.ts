/** Conditions of every kind, small enough that chance meets their edges. */
import { fc } from '../../properties.ts';
import type { Condition, FieldTest, KeyTest, Where } from '../../../src/declare/condition.ts';

export const KEYS = ['a', 'b', 'c'] as const;

const number = fc.integer({ min: -4, max: 12 }).map((n) => n / 2);
const scalar = fc.oneof(number, fc.constantFrom('warm', 'cold', '', true, null));

const boundTimes = (factor: number) =>
  fc
    .tuple(fc.constantFrom('above', 'atLeast', 'below', 'atMost'), number, fc.constantFrom(0, 0.5, 2), fc.boolean())
    .map(([is, value, hysteresis, given]) => ({
      [is]: value * factor,
      ...(given ? { hysteresis: hysteresis * factor } : {}),
    }));

const test: fc.Arbitrary<FieldTest> = fc.oneof(
  scalar,
  fc.record({ atLeast: number }),
  fc.record({ oneOf: fc.array(scalar, { minLength: 1, maxLength: 3 }) }),
  fc.record({ exists: fc.boolean() }),
  fc.record({ not: scalar, like: fc.constantFrom('w*', '*d', '*') }),
);

const where: fc.Arbitrary<Where> = fc.dictionary(fc.constantFrom('v', 's.t'), test, { maxKeys: 2 });

const key: fc.Arbitrary<KeyTest> = fc.oneof(
  fc.constantFrom(...KEYS),
  fc.record({ oneOf: fc.uniqueArray(fc.constantFrom(...KEYS), { minLength: 1 }) }),
  fc.record({ like: fc.constantFrom('*', 'a*', '*b') }),
);

const scope = fc.record({ key, where, perKey: fc.boolean() }, { requiredKeys: [] });
const lengthMs = fc.constantFrom(1, 7, 30, 100);

const own = {
  threshold: fc
    .record({ field: fc.constant('v') })
    .chain((given) => boundTimes(1).map((one) => ({ ...given, ...one }))),
  change: fc.oneof(
    fc.record({ field: fc.constantFrom('v', 's') }, { requiredKeys: [] }),
    fc.record({ field: fc.constant('v'), by: fc.constantFrom(0.5, 1, 3) }),
    fc.record({ field: fc.constant('v'), byPercent: fc.constantFrom(10, 50) }),
  ),
  rate: fc
    .record({ field: fc.constant('v'), per: fc.constantFrom('second', 'minute'), overMs: lengthMs })
    .chain((given) => boundTimes(given.per === 'second' ? 20 : 1_200).map((one) => ({ ...given, ...one }))),
  absence: fc.record({ forMs: lengthMs }),
  match: fc.record({}),
  count: fc.record({ atLeast: fc.integer({ min: 1, max: 4 }), withinMs: lengthMs }),
};

export const conditionsOf = (kind: Condition['kind']): fc.Arbitrary<Condition> =>
  fc.tuple(scope, own[kind]).map(([given, more]) => ({ kind, ...given, ...more }) as unknown as Condition);

export const conditions: fc.Arbitrary<Condition> = fc.oneof(
  ...(Object.keys(own) as Condition['kind'][]).map(conditionsOf),
);
