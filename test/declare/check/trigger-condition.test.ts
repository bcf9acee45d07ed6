/** Mistakes of triggers are found at the start, each with its path. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, trigger, type AppOptions } from '../../../src/index.ts';

const temps = stream({
  description: 'Temperatures',
  schema: z.object({ room: z.string(), celsius: z.number() }),
  key: 'room',
});
const doors = stream({ description: 'Doors', schema: z.object({ room: z.string(), open: z.boolean() }), key: 'room' });
const beats = stream({ description: 'Heart beats', schema: z.object({ n: z.number() }) });

function mistakes(when: unknown, on: unknown = temps): string {
  const hot = trigger({ description: 'Hot', on, when } as Parameters<typeof trigger>[0]);
  const options: AppOptions = {
    name: 'house',
    version: '1',
    description: 'A house',
    streams: { temps, doors, beats },
    triggers: { hot },
  };
  try {
    defineApp(options);
    return '';
  } catch (thrown) {
    return (thrown as Error).message;
  }
}

const above = { kind: 'threshold', field: 'celsius', above: 30 };
const mean = { kind: 'aggregate', of: 'mean', field: 'celsius', overMs: 600_000, above: 25 };
const both = { temps, doors };

test('what is right is taken', () => {
  expect(mistakes(above)).toBe('');
  expect(mistakes(mean)).toBe('');
  expect(mistakes({ kind: 'all', of: [above, mean] })).toBe('');
  const open = { kind: 'match', on: 'doors', where: { open: true } };
  expect(mistakes({ kind: 'sequence', first: { ...above, on: 'temps' }, next: open, withinMs: 300_000 }, both)).toBe(
    '',
  );
  expect(
    mistakes(
      {
        kind: 'all',
        of: [
          { ...above, on: 'temps' },
          { kind: 'count', on: 'doors', atLeast: 2, withinMs: 1_000 },
        ],
      },
      both,
    ),
  ).toBe('');
});

test.each([
  [{ kind: 'treshold', field: 'celsius', above: 30 }, temps, 'triggers.hot.when.kind: expected', 'threshold'],
  [
    { kind: 'threshold', field: 'celcius', above: 30 },
    temps,
    'triggers.hot.when.field: expected a field of temps',
    'celsius',
  ],
  [
    { kind: 'all', of: [above, { ...above, field: 'celcius' }] },
    temps,
    'triggers.hot.when.of.1.field: expected a field of temps',
    'celsius',
  ],
  [{ kind: 'all', of: [above] }, temps, 'triggers.hot.when.of: expected a list of 2 to', ''],
  [{ kind: 'all', of: above }, temps, 'triggers.hot.when.of: expected a list of conditions', ''],
  [{ ...mean, of: 'median' }, temps, 'triggers.hot.when.of: expected mean, min, max, sum or count', ''],
  [{ ...mean, below: 3 }, temps, 'triggers.hot.when: expected exactly one of above', ''],
  [{ ...mean, field: 'room' }, temps, 'triggers.hot.when.field: expected the path of a number in temps', 'celsius'],
  [{ kind: 'missing', first: above, next: above }, temps, 'triggers.hot.when.withinMs: expected', ''],
  [above, both, 'triggers.hot.when.on: expected which stream it is of: temps, doors', ''],
  [{ ...above, on: 'tmps' }, both, 'triggers.hot.when.on: expected', 'temps'],
  [
    { kind: 'any', of: [above, { kind: 'absence', forMs: 1_000 }] },
    temps,
    'triggers.hot.when.of.1.perKey: expected true',
    '',
  ],
  [
    {
      kind: 'all',
      of: [
        { ...above, key: 'a' },
        { ...above, key: 'b' },
      ],
    },
    temps,
    'triggers.hot.when.of.1.perKey: expected false',
    'different keys',
  ],
  [
    {
      kind: 'all',
      of: [
        { ...above, on: 'temps' },
        { kind: 'threshold', field: 'n', above: 1, on: 'beats' },
      ],
    },
    { temps, beats },
    'triggers.hot.when.of.1.perKey: expected false',
    'no keys',
  ],
  [null, temps, 'triggers.hot.when: expected a condition', ''],
])('%j is told', (when, on, message, more) => {
  expect(mistakes(when, on)).toContain(message);
  expect(mistakes(when, on)).toContain(more);
});

test('conditions in one another have bounds', () => {
  const deep = (levels: number): unknown => (levels === 0 ? above : { kind: 'any', of: [above, deep(levels - 1)] });
  expect(mistakes(deep(3))).toBe('');
  expect(mistakes(deep(6))).toContain('at most 5 conditions in one another');
  expect(
    mistakes({ kind: 'any', of: [{ kind: 'any', of: Array.from({ length: 20 }, () => above) }, above] }),
  ).toContain('at most 20');
});
