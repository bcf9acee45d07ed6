/** Sizes of JSON: what is found without writing or encoding it is what writing and encoding find. */
import { expect, test } from 'vitest';
import { jsonBytes, utf8Bytes } from '../../src/base/json.ts';
import { fc } from '../properties.ts';

test('the bytes of a text are those of its encoding', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 1_990, maxLength: 2_010 }));
  fc.assert(
    fc.property(text, (value) => {
      expect(utf8Bytes(value)).toBe(new TextEncoder().encode(value).length);
    }),
  );
});

test('the bytes of a value are those of its JSON', () => {
  const value = fc.oneof(fc.jsonValue({ stringUnit: 'binary' }), fc.object({ withDate: true }));
  fc.assert(
    fc.property(value, (json) => {
      expect(jsonBytes(json)).toBe(utf8Bytes(JSON.stringify(json)));
    }),
  );
});

test.each([
  [{}],
  [[]],
  [-0],
  [[NaN, undefined]],
  [{ a: undefined, b: 1 }],
  [{ at: { toJSON: () => 'x' } }],
  ['\ud800'],
  ['"'],
])('the bytes of %j', (value) => expect(jsonBytes(value)).toBe(utf8Bytes(JSON.stringify(value))));
