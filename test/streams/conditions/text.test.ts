import { expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import type { Condition } from '../../../src/declare/condition.ts';
import { describeCondition, DESCRIPTION_CHARACTERS } from '../../../src/streams/conditions/text.ts';
import { conditions } from './arbitrary.ts';

test.each<[Condition, string]>([
  [{ kind: 'threshold', field: 'celsius', above: 30 }, 'celsius is above 30'],
  [{ kind: 'threshold', field: 'celsius', above: 30, hysteresis: 2 }, 'celsius is above 30, until it is 28 or less'],
  [{ kind: 'threshold', atLeast: 0.3, hysteresis: 0.1 }, 'the value is at least 0.3, until it is below 0.2'],
  [
    { kind: 'threshold', field: 'level', below: 1, hysteresis: 2, key: 'tank-1' },
    'level is below 1, until it is 3 or more, of key "tank-1"',
  ],
  [{ kind: 'threshold', field: 'level', atMost: 1, hysteresis: 2 }, 'level is at most 1, until it is above 3'],
  [
    { kind: 'threshold', field: 'v', above: 1, where: { unit: 'C' }, perKey: false },
    'v, where unit is "C", is above 1, all keys together',
  ],
  [{ kind: 'change' }, 'the value changes'],
  [{ kind: 'change', field: 'price', by: 0.5 }, 'price changes by 0.5 or more'],
  [{ kind: 'change', field: 'price', byPercent: 5 }, 'price changes by 5 % or more'],
  [
    { kind: 'rate', field: 'level', per: 'minute', overMs: 600_000, below: -2 },
    'the change of level a minute, over 10m, is below -2',
  ],
  [{ kind: 'absence', forMs: 300_000 }, 'no event for 5m'],
  [
    { kind: 'absence', forMs: 90_000, perKey: true, key: { oneOf: ['a', 'b'] }, where: { state: 'ok' } },
    'no event where state is "ok" for 90s, of keys "a", "b", each key by itself',
  ],
  [{ kind: 'match' }, 'an event'],
  [
    { kind: 'match', where: { state: { oneOf: ['off', null] }, 'motor.temp': { atLeast: 80, below: 90 } } },
    'an event where state is "off" or null and motor.temp is at least 80 and is below 90',
  ],
  [
    {
      kind: 'match',
      where: { a: { exists: true, not: '' }, b: { exists: false }, c: { like: 'x*' } },
      key: { like: 'p-*' },
    },
    'an event where a is there and is not "" and b is missing and c is like "x*", of keys like "p-*"',
  ],
  [{ kind: 'match', where: { a: { notContains: 'x' } } }, 'an event where a does not contain "x"'],
  [
    { kind: 'match', where: { tags: { contains: 'x' }, n: { above: 1, atMost: 2 } } },
    'an event where tags contains "x" and n is above 1 and is at most 2',
  ],
  [
    { kind: 'count', atLeast: 5, withinMs: 3_600_000, where: { level: { equals: 'error' } } },
    '5 events where level is "error" within 1h',
  ],
  [{ kind: 'count', atLeast: 1, withinMs: 1_500 }, '1 event within 1500ms'],
  [{ kind: 'match', where: { a: { oneOf: [1, 2, 3, 4, 5, 6] } } }, 'an event where a is 1 or 2 or 3 or 4 or 2 more'],
])('%j', (condition, text) => {
  expect(describeCondition(condition)).toBe(text);
});

test('whatever it says, it is bounded', () => {
  fc.assert(
    fc.property(conditions, (condition) => {
      expect(describeCondition(condition)).not.toMatch(/undefined|NaN|\[object/);
    }),
  );
  const long = 'x'.repeat(200);
  const where = Object.fromEntries(
    Array.from({ length: 16 }, (_, i) => [`${long}${i}`, { oneOf: [long, long, long] }]),
  );
  const text = describeCondition({ kind: 'match', where, key: { oneOf: [long, long] } });
  expect(text.length).toBeLessThanOrEqual(DESCRIPTION_CHARACTERS);
  expect(text.endsWith('…')).toBe(true);
});
