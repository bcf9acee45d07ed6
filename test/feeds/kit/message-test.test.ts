import { describe, expect, test } from 'vitest';
import { messageMatcher, messageTestOption } from '../../../src/feeds/kit/message-test.ts';

describe('a text', () => {
  const { matches, matchesText } = messageMatcher(['unavailable', '']);

  test('is the whole message, to the last character', () => {
    expect(['unavailable', ''].map(matchesText)).toEqual([true, true]);
    const others = [' unavailable\r\n', ' ', 'unavailable!', 'Unavailable', 'x'];
    expect(others.filter(matchesText)).toEqual([]);
    expect(others.filter((value) => matches(value) || matches({ value }))).toEqual([]);
  });

  test('may have blanks and line ends of its own', () => {
    const padded = messageMatcher(['pong\n', ' ']);
    expect(['pong\n', ' '].map(padded.matchesText)).toEqual([true, true]);
    expect(['pong', '', '\n'].map(padded.matchesText)).toEqual([false, false, false]);
  });

  test('is a decoded text, or the value that a payload of text becomes', () => {
    expect(['unavailable', { value: 'unavailable' }].map(matches)).toEqual([true, true]);
    expect([{ value: 'unavailable', at: 1 }, { value: 1 }, ['unavailable'], null, 1].some(matches)).toBe(false);
  });
});

test('fields have to be equal, all of one test and those of one of several', () => {
  const { matches, matchesText } = messageMatcher(['ping', { event: 'beat', 'by.id': 1 }, { event: 'hello' }]);
  expect([{ event: 'beat', by: { id: 1 } }, { event: 'hello' }, 'ping'].map(matches)).toEqual([true, true, true]);
  expect([{ event: 'beat' }, { event: 'tick' }].map(matches)).toEqual([false, false]);
  expect(matchesText('ping')).toBe(true);
});

test('a function judges decoded messages alone, and one that throws fits nothing', () => {
  const { matches, matchesText } = messageMatcher((message) => (message as { type: string }).type.startsWith('beat'));
  expect([{ type: 'beat.1' }, { type: 'tick' }, {}, null].map(matches)).toEqual([true, false, false, false]);
  expect(matchesText('beat')).toBe(false);
});

test('without a test nothing fits', () => {
  const { matches, matchesText } = messageMatcher(undefined);
  expect([matches(''), matches({}), matchesText('')]).toEqual([false, false, false]);
});

test.each([
  ['', true],
  [['', 'off', { a: null }], true],
  [() => true, true],
  [{}, false],
  [[1], false],
  [{ a: [] }, false],
])('the option %j', (given, isRight) => {
  expect(messageTestOption.safeParse(given).success).toBe(isRight);
});
