import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../src/declare/condition.ts';
import type { LoggedEvent } from '../../../src/base/event.ts';
import type { Json } from '../../../src/base/json.ts';
import { begin, dueAt, isStateOf, step, tick } from '../../../src/streams/conditions/condition.ts';
import { arrivals, run, toldOf } from './notation.ts';

const above: Condition = { kind: 'threshold', field: 'v', above: 30 };
const silent: Condition = { kind: 'absence', forMs: 100 };

const hot = ({ data }: LoggedEvent) => (data as { v: number }).v > 30;

describe('a function', () => {
  test('is judged for each key, in order of arrival, without gaps', () => {
    expect(toldOf(hot, '1a=31 2a=31 3b=1 4b=! 5a=1@0')).toBe('+a@1 -a@5');
  });

  test('has a state that says so, and no due time', () => {
    const state = begin(hot, 0);
    expect(dueAt(hot, state)).toBeNull();
    expect(isStateOf(hot, state)).toBe(true);
    expect(isStateOf(above, state)).toBe(false);
  });
});

describe('the state', () => {
  test('is the very same object where there is nothing new to remember', () => {
    const { state } = run(above, '1=31 2=20');
    for (const { event, at } of arrivals('3=1 4=x 5=! 6=30')) {
      expect(step(above, state, event, at).state).toBe(state);
    }
    const begun = begin(silent, 0);
    expect(tick(silent, begun, 99).state).toBe(begun);
    const [other] = arrivals('50b=1');
    expect(step({ ...silent, key: 'a' }, begun, other?.event as LoggedEvent, 50).state).toBe(begun);
  });

  test('remembers no key for which it never held, and of one for which it ceased the time alone', () => {
    const all = Array.from({ length: 50 }, (_, i) => `${i}k${i >> 1}=${i % 2 === 0 ? 30 : 1}`).join(' ');
    expect(run(above, all)).toMatchObject({ holds: false, state: { subjects: [], bytes: 0 } });
    expect(run(above, `${all} 51a=31 52a=30 53a=2 54a=3`)).toMatchObject({
      state: { subjects: [{ key: 'a', holds: false, memory: { time: 52 } }] },
    });
  });

  test('is of one condition: another does not take it, nor does another version', () => {
    const state = begin(above, 0);
    expect(isStateOf(above, state)).toBe(true);
    expect(isStateOf({ above: 30, field: 'v', kind: 'threshold', key: undefined }, state)).toBe(true);
    expect(isStateOf({ ...above, hysteresis: 2 }, state)).toBe(false);
    const others: Json[] = [null, 5, 'x', [], {}, { ...state, version: 2 }];
    for (const other of others) expect(isStateOf(above, other)).toBe(false);
  });

  test('takes in what stood before by stepping through it', () => {
    const moved: Condition = { kind: 'change', field: 'v', byPercent: 5 };
    const [before, next] = arrivals('1=100 50=106').map(({ event }) => event) as [LoggedEvent, LoggedEvent];
    expect(step(moved, begin(moved, 40), next, 50).holds).toBe(false);
    expect(step(moved, step(moved, begin(moved, 40), before, 1).state, next, 50).holds).toBe(true);
  });

  test('holds while any of its keys does', () => {
    expect(run(above, '1a=31 2b=31 3a=1').holds).toBe(true);
    expect(run(above, '1a=31 2b=31 3a=1 4b=1').holds).toBe(false);
  });
});

test('what a step is given is left as it was', () => {
  const each: Condition = { ...silent, perKey: true };
  const { state } = run(each, '1a=1 2b=1');
  const before = JSON.stringify(state);
  const [first] = arrivals('150a=1');
  expect(step(each, state, first?.event as LoggedEvent, 150).transitions).toHaveLength(3);
  expect(JSON.stringify(state)).toBe(before);
});
