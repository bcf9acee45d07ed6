import { describe, expect, test } from 'vitest';
import type { Condition } from '../../../src/declare/condition.ts';
import { MOST_SUBJECTS, STATE_BYTES } from '../../../src/streams/conditions/state.ts';
import { begin, step } from '../../../src/streams/conditions/condition.ts';
import { run, told } from './notation.ts';

const above: Condition = { kind: 'threshold', field: 'v', above: 30 };
const three: Condition = { kind: 'count', atLeast: 3, withinMs: 100 };

/** An event of each key from `k<from>` on, one a millisecond. */
const events = (count: number, { from = 0, at = 0 } = {}) =>
  Array.from({ length: count }, (_, i) => `${at + i}k${from + i}=31`).join(' ');

describe('with too many keys', () => {
  test('the one that changed longest ago is forgotten, and is told as ceased', () => {
    const { state, transitions } = run(above, events(MOST_SUBJECTS + 2));
    expect(state.subjects).toHaveLength(MOST_SUBJECTS);
    expect(state.overflow).toBe(2);
    expect(transitions.filter(({ forgotten }) => forgotten).map(told)).toEqual([
      '-k0@1000 forgotten',
      '-k1@1001 forgotten',
    ]);
    expect(transitions.filter(({ became }) => became === 'holding')).toHaveLength(MOST_SUBJECTS + 2);
  });

  test('one that was forgotten is new when it comes again', () => {
    const { transitions } = run(above, `${events(MOST_SUBJECTS + 1)} 5000k0=31`);
    const of0 = transitions.filter(({ key }) => key === 'k0');
    expect(of0.map(told)).toEqual(['+k0@0', '-k0@1000 forgotten', '+k0@5000']);
  });

  test('one at rest is forgotten without a word', () => {
    const { state, transitions } = run({ kind: 'change', field: 'v' }, events(MOST_SUBJECTS + 1));
    expect([state.overflow, transitions]).toEqual([1, []]);
  });

  test('of absence those are forgotten that have been told of, and a new one waits until there is room', () => {
    const watch: Condition = { kind: 'absence', forMs: 100_000, perKey: true };
    // All but k0 are heard of again before they would be missed.
    const again = events(MOST_SUBJECTS - 1, { from: 1, at: 3_000 });
    const { state, transitions } = run(watch, `${events(MOST_SUBJECTS)} 2000new=1 ${again} 100500new=1`);
    expect(transitions.map(told)).toEqual(['+k0@100000', '-k0@100500 forgotten']);
    expect(state.overflow).toBe(2);
    expect(state.subjects.at(-1)?.key).toBe('new');
  });
});

describe('the state stays under its size, whatever the keys and numbers', () => {
  test.each<Condition>([
    above,
    { kind: 'change', field: 'v' },
    { kind: 'rate', field: 'v', per: 'second', overMs: 8, above: 5 },
    { kind: 'absence', forMs: 100, perKey: true },
    { kind: 'match' },
    { ...three, perKey: true },
    { kind: 'count', atLeast: 1_000, withinMs: 100_000 },
    { kind: 'count', atLeast: 1_000, withinMs: 100_000, perKey: true },
  ])('%j', (condition) => {
    let state = begin(condition, 0);
    // Control characters are what takes most room in JSON.
    const keys = Array.from({ length: 1_300 }, (_, i) => `${i}`.padEnd(i % 2 === 0 ? 256 : 4, '\u0001'));
    for (let i = 0; i < 2_600; i += 1) {
      const at = 1_763_640_000_000 + i;
      const data = { v: i % 3 === 0 ? 1.2345678901234567e-100 : 1e17 + i };
      const event = { id: `${i}`, key: keys[i % keys.length] ?? '', time: at, data };
      ({ state } = step(condition, state, event, at));
      if (i % 100 !== 99) continue;
      expect(state.subjects.length).toBeLessThanOrEqual(MOST_SUBJECTS);
      const bytes = Buffer.byteLength(JSON.stringify(state));
      expect(bytes).toBeLessThanOrEqual(STATE_BYTES);
      expect(Math.abs(state.bytes - bytes)).toBeLessThan(4_096);
    }
  });
});
