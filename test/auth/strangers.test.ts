/** Credentials that nobody has seen are asked about in a ration, and those that were good in any case. */
import { expect, test } from 'vitest';
import { createStrangers, type Strangers } from '../../src/auth/strangers.ts';

const SECOND = 1_000;

/** How many of so many new names are admitted at a time, each of which turns out to be good or not. */
function admitted(strangers: Strangers, count: number, now: number, isGood: boolean): number {
  let found = 0;
  for (let at = 0; at < count; at += 1) {
    const name = `${now}-${at}`;
    try {
      strangers.admit(name, now);
    } catch (thrown) {
      expect(thrown).toMatchObject({ code: 'overloaded', retryAfterMs: SECOND });
      continue;
    }
    strangers.answered(name, isGood, now);
    found += 1;
  }
  return found;
}

test('what is invented is rationed, and what is good costs nothing', () => {
  const strangers = createStrangers({ most: 10, perSecond: 2 });
  expect(admitted(strangers, 1_000, 0, true)).toBe(1_000);
  expect(admitted(strangers, 1_000, 1, false)).toBe(10);
  expect(admitted(strangers, 1_000, 3 * SECOND, false)).toBe(5);
  expect(admitted(strangers, 1_000, 3_600 * SECOND, false)).toBe(10);
});

test('what was good is admitted while the ration is spent, until it is good no more', () => {
  const strangers = createStrangers({ most: 3, perSecond: 1 });
  strangers.admit('good', 0);
  strangers.answered('good', true, 0);
  admitted(strangers, 10, 1, false);
  for (let time = 0; time < 10; time += 1) strangers.admit('good', 2);
  strangers.answered('good', false, 2);
  expect(() => strangers.admit('good', 3)).toThrow(expect.objectContaining({ code: 'overloaded' }));
});

test('a clock that leaps back locks nobody out', () => {
  const strangers = createStrangers({ most: 3, perSecond: 1 });
  admitted(strangers, 10, 100 * SECOND, false);
  expect(admitted(strangers, 10, 10 * SECOND, false)).toBe(3);
  expect(admitted(strangers, 10, 11 * SECOND, false)).toBe(1);
});
