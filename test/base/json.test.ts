/** Sizes of JSON: what is found without writing or encoding it is what writing and encoding find. */
import { expect, test } from 'vitest';
import { isSurelyWithin, utf8Bytes } from '../../src/base/json.ts';
import { fc } from '../properties.ts';

test('the bytes of a text are those of its encoding', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 1_990, maxLength: 2_010 }));
  fc.assert(
    fc.property(text, (value) => {
      expect(utf8Bytes(value)).toBe(new TextEncoder().encode(value).length);
    }),
  );
});

test('what is surely within a size has at most that size as JSON', () => {
  const value = fc.jsonValue({ stringUnit: 'binary' });
  fc.assert(
    fc.property(value, (json) => {
      const bytes = utf8Bytes(JSON.stringify(json));
      expect(isSurelyWithin(json, bytes - 1)).toBe(false);
      // Not so wide that it would never be of use.
      expect(isSurelyWithin(json, 100 * bytes + 100)).toBe(true);
    }),
  );
});

test('a value that writes itself is not surely within a size', () => {
  expect(isSurelyWithin({ at: { toJSON: () => 'x'.repeat(1_000) } }, 500)).toBe(false);
});
