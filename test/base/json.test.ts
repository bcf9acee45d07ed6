/** Sizes of JSON: what is found without encoding or writing it holds what encoding and writing find. */
import { expect, test } from 'vitest';
import { jsonBytes, mostJsonBytes, utf8Bytes } from '../../src/base/json.ts';
import { fc } from '../properties.ts';

test('the bytes of a text are those of its encoding', () => {
  const text = fc.oneof(fc.string(), fc.string({ unit: 'binary' }), fc.string({ minLength: 1_990, maxLength: 2_010 }));
  fc.assert(
    fc.property(text, (value) => {
      expect(utf8Bytes(value)).toBe(new TextEncoder().encode(value).length);
    }),
  );
});

const CASES: unknown[] = [
  {},
  [],
  [[]],
  -0,
  [NaN, undefined],
  { a: undefined, b: 1 },
  '\ud800',
  '"',
  '\u0000',
  -1.7976931348623157e308,
];

test.each([...CASES, undefined, { at: { toJSON: () => 'x' } }, [null, true, false]])(
  'the most bytes of %j',
  (value) => {
    expect(mostJsonBytes([value])).toBeGreaterThanOrEqual(jsonBytes([value]));
  },
);

test('a value has at most the bytes that are found without writing it', () => {
  const value = fc.oneof(fc.jsonValue({ stringUnit: 'binary' }), fc.object({ withDate: true }));
  fc.assert(
    fc.property(value, (json) => {
      expect(mostJsonBytes(json)).toBeGreaterThanOrEqual(jsonBytes(json));
    }),
  );
});
