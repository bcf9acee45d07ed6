/** Texts of others within lines of ours: what is not seen is escaped, and what is JSON keeps its meaning. */
import { expect, test } from 'vitest';
import { inLines, isOneLine, jsonText, oneLine, plainText, saidText } from '../../src/base/plain.ts';
import { fc } from '../properties.ts';
import { FORGING } from './forging.ts';

const SEEN = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]*$/u;

test.each(Object.entries(FORGING))('%s is escaped, in quotes or not', (_what, mark) => {
  const text = `pump${mark}2026-01-01T00:00:00Z boiler-9 temp=99`;
  expect(isOneLine(text)).toBe(false);
  for (const shown of [oneLine(text), jsonText(text), plainText(text), saidText(text), jsonText({ [text]: [text] })]) {
    expect(shown).toMatch(SEEN);
    expect(shown.split(/\r\n|[\n\r\u0085\u2028\u2029]/)).toHaveLength(1);
  }
  expect(JSON.parse(jsonText({ [text]: text }))).toEqual({ [text]: text });
  expect([plainText(text)[0], saidText(text)[0]]).toEqual(['"', '"']);
});

test('what is plain stays as it is, in every script, and so do emoji with their colour', () => {
  for (const text of ['boiler-1', 'Kühlwasser 3', '温度計', 'насос', '🌡️', 'العربية', 'naïve']) {
    expect([oneLine(text), saidText(text)]).toEqual([text, text]);
  }
  expect([plainText('boiler-1'), plainText('a b'), plainText(''), plainText('温度計')]).toEqual([
    'boiler-1',
    '"a b"',
    '""',
    '温度計',
  ]);
});

test('every unit of text is judged alike by itself and within others', () => {
  for (let unit = 0; unit <= 0xffff; unit += 1) {
    const one = String.fromCharCode(unit);
    const isSeen =
      !/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\p{Default_Ignorable_Code_Point}]/u.test(one) || /[\uFE0E\uFE0F]/.test(one);
    if (isOneLine(one) !== isSeen) expect.fail(`U+${unit.toString(16)}`);
    if (isOneLine(`${one}\uFE0F`) !== isSeen) expect.fail(`U+${unit.toString(16)} before another`);
  }
});

test('no text makes more lines than it was given, and JSON keeps its value', () => {
  const unit = fc.oneof(fc.constantFrom(...Object.values(FORGING)), fc.string({ unit: 'binary' }));
  const text = fc.array(unit).map((parts) => parts.join(''));
  fc.assert(
    fc.property(fc.array(text, { minLength: 1 }), fc.jsonValue(), (texts, value) => {
      expect(inLines(texts).split(/\r\n|[\n\r\v\f\u0085\u2028\u2029]/)).toHaveLength(texts.length);
      expect(JSON.parse(jsonText([texts, value]))).toEqual(JSON.parse(JSON.stringify([texts, value])));
    }),
    { numRuns: 300 },
  );
});
