import { expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import { eventIdOf, wasToldAs } from '../../../src/streams/sources/event-id.ts';

test.each(['1', 'a b', '100%', 'urn:x:y/z?q=1', 'x'.repeat(256)])('%j stays as it is', (id) => {
  expect(eventIdOf({ id })).toBe(id);
});

const strange = [
  'température',
  'temp%00e9rature',
  '%.temp%00e9rature',
  'a\nb',
  'a\u0000b',
  ' a',
  'a ',
  '%.%0020a',
  '🙂',
  '\ud83d',
  '\ude42',
  '%~a',
  'y'.repeat(257),
  `${'y'.repeat(200)}1${'y'.repeat(200)}`,
  `${'y'.repeat(200)}2${'y'.repeat(200)}`,
  'é'.repeat(128),
];

test('any id is a value of a header, unlike every other, and short', () => {
  const shown = strange.map((id) => eventIdOf({ id }));
  for (const id of shown) {
    expect(new Headers({ 'webhook-id': id }).get('webhook-id')).toBe(id);
    expect(id.length).toBeLessThanOrEqual(256);
  }
  expect(new Set(shown).size).toBe(strange.length);
  expect(strange.map((id) => eventIdOf({ id }))).toEqual(shown);
});

test('a revision stands behind a `~`', () => {
  expect(eventIdOf({ id: 'us7000abcd', revision: '3' })).toBe('us7000abcd~3');
  expect(eventIdOf({ id: 'us7000abcd', revision: '3~b' })).toBe('us7000abcd~3~b');
});

const part = (maxLength: number) => fc.string({ unit: fc.constantFrom('a', '~', '%', ' ', '.', '7', 'é'), maxLength });

test('an id with a `~` of its own is no other id with a revision', () => {
  const Event = fc.oneof(
    fc.record({ id: part(5) }, { requiredKeys: ['id'] }),
    fc.record({ id: part(5), revision: part(4) }),
    fc.record({ id: part(5).map((id) => `${'~a'.repeat(140)}${id}`), revision: part(4) }),
  );
  fc.assert(
    fc.property(fc.uniqueArray(Event, { selector: (event) => JSON.stringify(event), maxLength: 60 }), (events) => {
      const shown = events.filter(({ id }) => id !== '').map(eventIdOf);
      expect(new Set(shown).size).toBe(shown.length);
      expect(shown.every((id) => id.length <= 256 && new Headers({ a: id }).get('a') === id)).toBe(true);
    }),
    { numRuns: 300 },
  );
  expect(eventIdOf({ id: 'a~b' })).not.toBe(eventIdOf({ id: 'a', revision: 'b' }));
  expect(eventIdOf({ id: 'a~b', revision: 'c' })).not.toBe(eventIdOf({ id: 'a', revision: 'b~c' }));
});

test('what an earlier release told of is known by the id of then', () => {
  expect(wasToldAs({ id: 'a~b', revision: 'c' }, 'a~b~c')).toBe(true);
  expect(wasToldAs({ id: 'a é' }, 'a é')).toBe(true);
  expect(wasToldAs({ id: 'a~b' }, eventIdOf({ id: 'a~b' }))).toBe(true);
  expect(wasToldAs({ id: 'a' }, 'a~b')).toBe(false);
});
