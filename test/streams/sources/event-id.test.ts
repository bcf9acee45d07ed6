import { expect, test } from 'vitest';
import { shownEventId } from '../../../src/streams/sources/event-id.ts';

test.each(['1', 'us7000abcd~3', 'a b', '100%', 'urn:x:y/z?q=1', 'x'.repeat(256)])('%j stays as it is', (id) => {
  expect(shownEventId(id)).toBe(id);
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
  const shown = strange.map(shownEventId);
  for (const id of shown) {
    expect(new Headers({ 'webhook-id': id }).get('webhook-id')).toBe(id);
    expect(id.length).toBeLessThanOrEqual(256);
  }
  expect(new Set(shown).size).toBe(strange.length);
  expect(strange.map(shownEventId)).toEqual(shown);
});
