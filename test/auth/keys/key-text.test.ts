import { expect, test } from 'vitest';
import { idIn, newKey, readKey } from '../../../src/auth/keys/key-text.ts';

test('a key is made of letters and digits, is read back, and none is made twice', () => {
  const made = Array.from({ length: 1_000 }, newKey);
  for (const { id, secret, text } of made) {
    expect(text).toMatch(/^tg_[\dA-Za-z]{16}_[\dA-Za-z]{49}$/);
    expect(readKey(text)).toEqual({ id, secret });
    expect(idIn(text)).toBe(id);
  }
  expect(new Set(made.map(({ id }) => id)).size).toBe(1_000);
  expect(new Set(made.map(({ secret }) => secret)).size).toBe(1_000);
});

test('every digit is as likely as another', () => {
  const counts = new Map<string, number>();
  for (let time = 0; time < 2_000; time += 1) {
    for (const digit of newKey().secret) counts.set(digit, (counts.get(digit) ?? 0) + 1);
  }
  expect(counts.size).toBe(62);
  // 86,000 digits: 1,387 of each, with a standard deviation of 37.
  for (const count of counts.values()) expect(Math.abs(count - 1_387)).toBeLessThan(6 * 37);
});

test('one character that is another makes it no key, and so does another case', () => {
  const { text } = newKey();
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at] ?? '';
    for (const other of new Set(['0', 'a', 'Z', '_', character.toUpperCase(), character.toLowerCase()])) {
      if (other !== character) expect(readKey(text.slice(0, at) + other + text.slice(at + 1))).toBeNull();
    }
  }
  for (const wrong of [text.toLowerCase(), text.toUpperCase(), `${text} `, ` ${text}`, `${text}0`, text.slice(1), '']) {
    expect(readKey(wrong)).toBeNull();
  }
});

test('the check of a key never changes: keys that were given out go on to work', () => {
  const text = `tg_${'0'.repeat(16)}_${'z'.repeat(43)}`;
  const checked = readKey(`${text}3nE5NE`);
  expect(checked).toEqual({ id: '0'.repeat(16), secret: 'z'.repeat(43) });
});

test('a person may write the id in three ways', () => {
  const { id, text } = newKey();
  expect([id, `tg_${id}`, text, 'tg_', `${id}0`, `tg-${id}`].map(idIn)).toEqual([id, id, id, null, null, null]);
});
