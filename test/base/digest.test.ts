import { expect, test } from 'vitest';
import { fc } from '../properties.ts';
import { canonicalText, digestOf } from '../../src/base/digest.ts';
import type { Json } from '../../src/base/json.ts';

test('a digest is 16 hexadecimal digits, the same for the same text on every machine', () => {
  expect(digestOf('')).toMatch(/^[0-9a-f]{16}$/);
  expect(digestOf('boiler-1')).toBe(digestOf(['boiler', '1'].join('-')));
});

test('texts that are nearly alike have digests of their own, in each half', () => {
  const texts = Array.from({ length: 20_000 }, (_, i) => [`${i}`, `id-${i}`, `${i}\u0000`, `é${i}`]).flat();
  const digests = texts.map(digestOf);
  expect(new Set(digests).size).toBe(texts.length);
  // Of 80,000 random halves of 32 bits, about one pair is equal by chance.
  for (const half of [digests.map((mark) => mark.slice(0, 8)), digests.map((mark) => mark.slice(8))]) {
    expect(new Set(half).size).toBeGreaterThan(texts.length - 10);
  }
});

test('the canonical text reads back as the value, and does not know the order of names', () => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const plain = JSON.parse(JSON.stringify(value)) as Json;
      expect(JSON.parse(canonicalText(plain))).toEqual(plain);
      expect(canonicalText(reversed(plain))).toBe(canonicalText(plain));
    }),
  );
  expect(canonicalText([1, 2])).not.toBe(canonicalText([2, 1]));
});

function reversed(value: Json): Json {
  if (Array.isArray(value)) return value.map(reversed);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .toReversed()
      .map(([name, inner]) => [name, reversed(inner)]),
  );
}
