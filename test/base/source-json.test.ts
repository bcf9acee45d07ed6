import { describe, expect, test, vi } from 'vitest';
import { fc } from '../properties.ts';
import { isLongNumber, readSourceJson, readSourceNumber } from '../../src/base/source-json.ts';

test.each<[string, unknown]>([
  ['9007199254740991', 9007199254740991],
  ['-9007199254740991', -9007199254740991],
  ['9007199254740992', '9007199254740992'],
  ['-9007199254740993', '-9007199254740993'],
  ['[18446744073709551615]', ['18446744073709551615']],
  ['{"a":{"b":[1,9007199254740993]}}', { a: { b: [1, '9007199254740993'] } }],
  ['1e400', Infinity],
  ['[-1E+400]', [-Infinity]],
  // Fractions are measures, not names: the nearest double stands for them.
  ['0.1234567890123456789', 0.12345678901234568],
  ['9007199254740993.5', 9007199254740994],
  // What a number is decides, and not how it is written.
  ['9007199254740993.0', '9007199254740993'],
  ['9007199254740992.000', 9007199254740992],
  ['-9.007199254740993e15', '-9007199254740993'],
  ['9007199254740993E0', '9007199254740993'],
  ['900719925474099300e-2', '9007199254740993'],
  ['90071992547409931e+1', '900719925474099310'],
  ['0.0009007199254740993e19', '9007199254740993'],
  ['9007199254740.991e3', 9007199254740991],
  ['12.5e3', 12500],
  // Doubles as programs write them.
  ['1e22', 1e22],
  ['6.02214076e23', 6.02214076e23],
  ['1.7976931348623157e308', Number.MAX_VALUE],
  ['1.7976931348623158e308', `17976931348623158${'0'.repeat(292)}`],
  ['1.603342886306141e+29', 1.603342886306141e29],
  ['1e-400', 0],
  ['{"a":1,"a":9007199254740993}', { a: '9007199254740993' }],
  ['{"a":9007199254740993,"a":1}', { a: 1 }],
  ['\uFEFF[1]', [1]],
  ['"9007199254740993 and 1e400"', '9007199254740993 and 1e400'],
])('%s', (text, expected) => {
  expect(readSourceJson(text)).toEqual(expected);
});

test('a name that objects have of their own stays a name', () => {
  const value = readSourceJson('{"__proto__":9007199254740993,"constructor":1}') as object;
  expect(Object.entries(value)).toEqual([
    ['__proto__', '9007199254740993'],
    ['constructor', 1],
  ]);
});

type Reviver = (name: string, value: unknown, context: { source?: string }) => unknown;

const byReviver: Reviver = (_name, value, { source }) =>
  typeof value === 'number' && source !== undefined ? readSourceNumber(source) : value;

const numberText = fc.oneof(
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map(String),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => JSON.stringify(value)),
  fc.constantFrom('1e400', '-1E+400', '9.007199254740993e15', '90071992547409931e+1', '1e-400', '-0', '12.5E3'),
);
const odd = fc.constantFrom('9007199254740993', '"', '\\\\', '-1e30,', '\n[', 'a"9007199254740993');
const json = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { maxDepth: 4 },
    numberText,
    fc.oneof(odd, fc.string()).map((text) => JSON.stringify(text)),
    fc.array(tie('value')).map((items) => `[ ${items.join(' ,')}]`),
    fc
      .array(fc.tuple(fc.oneof(odd, fc.string()), tie('value')))
      .map((members) => `{${members.map(([name, value]) => `${JSON.stringify(name)} : ${value}`).join(',\n')} }`),
  ),
})).value;

test('each number of any text is what its own text says', () => {
  fc.assert(
    fc.property(json, (text) => {
      expect(readSourceJson(text)).toEqual(JSON.parse(text, byReviver as Parameters<typeof JSON.parse>[1]));
    }),
  );
});

test('a long number has no function called for each value, and doubles have nothing parsed again', () => {
  const parse = vi.spyOn(JSON, 'parse');
  try {
    expect(readSourceJson(`[9007199254740993${',1'.repeat(9_999)}]`)).toHaveLength(10_000);
    expect(parse.mock.calls.map((given) => given.length)).toEqual([1, 1]);
    parse.mockClear();
    expect(readSourceJson(`[1.5e300${',1e22'.repeat(9_999)}]`)).toHaveLength(10_000);
    expect(parse.mock.calls.map((given) => given.length)).toEqual([1]);
  } finally {
    parse.mockRestore();
  }
});

test('no two whole numbers become one', () => {
  fc.assert(
    fc.property(fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }), (number) => {
      const value = readSourceJson(String(number));
      expect(String(value)).toBe(String(number));
      expect(typeof value).toBe(Number.isSafeInteger(Number(number)) ? 'number' : 'string');
      expect(isLongNumber(value)).toBe(typeof value === 'string');
    }),
  );
});

test('all else is what JSON.parse makes of it', () => {
  fc.assert(
    fc.property(fc.json(), (text) => {
      const value = JSON.parse(text) as unknown;
      fc.pre(!/\d{16}/.test(text));
      expect(readSourceJson(text)).toEqual(value);
    }),
  );
});

/** The digits of a whole number, without the zeros that end it. */
function digitsOf(value: unknown): string {
  const text = typeof value === 'number' ? value.toExponential() : String(value);
  return text.replace(/e.*/, '').replace('.', '').replace(/0+$/, '');
}

test('no two whole numbers become one, in whatever form they are written', () => {
  const Written = fc.record({
    number: fc.bigInt({ min: 2n ** 52n, max: 2n ** 70n }),
    shift: fc.integer({ min: 0, max: 25 }),
    more: fc.integer({ min: 0, max: 3 }),
  });
  fc.assert(
    fc.property(Written, ({ number, shift, more }) => {
      const digits = String(number).padStart(shift + 1, '0');
      const cut = digits.length - shift;
      const fraction = digits.slice(cut) + '0'.repeat(more);
      const value = readSourceJson(`${digits.slice(0, cut)}${fraction === '' ? '' : `.${fraction}`}e${shift}`);
      const isHeld = BigInt(Number(number)) === number;
      if (typeof value === 'string' || isHeld) expect(BigInt(value as string | number)).toBe(number);
      // A double stands for the one number that it is written as.
      else expect(digitsOf(value)).toBe(digitsOf(String(number)));
    }),
  );
});

test('a number of very many zeros is read in time that grows with its length', () => {
  const number = `9007199254740993.${'0'.repeat(1_000_000)}1`;
  const begun = performance.now();
  expect(readSourceJson(number)).toBe(9007199254740994);
  expect(performance.now() - begun).toBeLessThan(5_000);
});

const list = (count: number, each: (index: number) => string) =>
  Array.from({ length: count }, (_, index) => each(index)).join();

describe('a text that would be read for seconds is not read', () => {
  test.each<[string, string, string]>([
    ['levels', `${'['.repeat(501)}${'"'.padEnd(16_000, 'x')}"${']'.repeat(501)}`, 'nested too deeply'],
    ['ten million brackets', '['.repeat(10_000_000), 'nested too deeply'],
    ['members', `[{${list(50_001, (at) => `"k${at}":1`)}}]`, 'too many members in one object'],
    ['members behind a list in them', `{"a":[1],${list(50_000, (at) => `"k${at}":1`)}}`, 'too many members'],
    ['values', `[${list(2_000_001, () => '1')}]`, 'too many values'],
    ['lists', `[${list(2_000_000, () => '{}')}]`, 'too many values'],
  ])('%s', (_, text, words) => {
    const read = () => readSourceJson(text);
    expect(read).toThrow(expect.objectContaining({ code: 'too_large', message: expect.stringContaining(words) }));
  });

  test('and one at the bounds is', () => {
    const deep = `${'['.repeat(500)}${'"'.padEnd(16_000, 'x')}"${']'.repeat(500)}`;
    const quoted = JSON.stringify('[{,"\\'.repeat(300_000));
    const wide = `[{${list(50_000, (at) => `"k${at}":1`)}}]`;
    for (const text of [deep, quoted, wide]) expect(readSourceJson(text)).toEqual(JSON.parse(text));
    const long = `[${list(2_100_000, () => '"abcd"')}]`;
    expect(readSourceJson(long)).toHaveLength(2_100_000);
  });
});
