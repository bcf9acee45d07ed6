/** Chance against a plain recomputation, against itself in pieces, and against itself with more ticks than are needed. */
import { describe, expect, test } from 'vitest';
import { fc } from '../../properties.ts';
import type { Condition } from '../../../src/declare/condition.ts';
import type { LoggedEvent } from '../../../src/base/event.ts';
import type { Json } from '../../../src/base/json.ts';
import type { ConditionState } from '../../../src/streams/conditions/state.ts';
import { begin, dueAt, isStateOf, step, tick, type Transition } from '../../../src/streams/conditions/condition.ts';
import { conditions, conditionsOf, KEYS } from './arbitrary.ts';
import { recompute, type Turn } from './model.ts';
import { type Arrival, run } from './notation.ts';

const KINDS: Condition['kind'][] = ['threshold', 'change', 'rate', 'absence', 'match', 'count'];

const number = fc.integer({ min: -6, max: 16 }).map((n) => n / 2);
const data: fc.Arbitrary<Json> = fc.oneof(
  { weight: 8, arbitrary: number.map((v) => ({ v })) },
  fc.constantFrom<Json>({ v: 'warm' }, { v: null }, {}, { v: 1.5e308 }, { v: Number.NaN }, 5, null, [1]),
  fc.tuple(number, fc.constantFrom('warm', 'cold')).map(([v, t]) => ({ v, s: { t } })),
);

/** Append times that stand still or leap; times that are late, or ahead; ids that come again; gaps. */
const log: fc.Arbitrary<Arrival[]> = fc
  .array(
    fc.record({
      after: fc.oneof(fc.integer({ min: 0, max: 12 }), fc.constantFrom(0, 30, 100, 400)),
      late: fc.oneof({ weight: 3, arbitrary: fc.constant(0) }, fc.integer({ min: -20, max: 130 })),
      key: fc.option(fc.constantFrom(...KEYS)),
      id: fc.option(fc.constantFrom('x', 'y'), { freq: 6 }),
      data,
      gap: fc.integer({ min: 0, max: 19 }).map((n) => n === 0),
    }),
    { maxLength: 40, size: 'max' },
  )
  .map((drafts) => {
    let at = 0;
    return drafts.map(({ after, late, key, id, data, gap }, index): Arrival => {
      at += after;
      const event: LoggedEvent = { id: id ?? `e${index}`, time: at - late, data: gap ? null : data };
      if (key !== null) event.key = key;
      if (gap) event.meta = { gap: { reason: 'lost' } };
      return { at, event };
    });
  });

const plain = ({ became, at, event, value }: Transition): Turn => [became, at, event?.id ?? null, value];

function byKey(transitions: readonly Transition[]): Record<string, Turn[]> {
  const keys = Map.groupBy(transitions, ({ key }) => String(key));
  return Object.fromEntries([...keys].map(([key, turns]) => [key, turns.map(plain)]));
}

const json = <Value>(value: Value): Value => JSON.parse(JSON.stringify(value)) as Value;

describe.each(KINDS)('%s', (kind) => {
  test('turns as a recomputation from all events says', () => {
    let turned = 0;
    fc.assert(
      fc.property(conditionsOf(kind), log, fc.integer({ min: 0, max: 1_000 }), (condition, all, until) => {
        const { transitions } = run(condition, all, until);
        expect(byKey(transitions)).toEqual(recompute(condition, all, until));
        turned += transitions.length;
      }),
      { numRuns: 1_000 },
    );
    // Else chance has not met what is to be tested.
    expect(turned).toBeGreaterThan(300);
  });
});

test('in pieces, through JSON each time, it comes to the same as in one', () => {
  fc.assert(
    fc.property(conditions, log, fc.array(fc.boolean()), (condition, all, cuts) => {
      let watch = condition;
      let state: ConditionState = begin(watch, 0);
      const transitions: Transition[] = [];
      for (const [index, { event, at }] of all.entries()) {
        if (cuts[index] === true) {
          watch = json(watch);
          state = json(state);
          expect(isStateOf(watch, state)).toBe(true);
        }
        const stepped = step(watch, state, event, at);
        ({ state } = stepped);
        transitions.push(...stepped.transitions);
      }
      const whole = run(condition, all);
      expect(json(state)).toEqual(json(whole.state));
      expect(transitions.map(plain)).toEqual(whole.transitions.map(plain));
    }),
    { numRuns: 500 },
  );
});

test('ticks before the next entry tell no other story, only sooner', () => {
  fc.assert(
    fc.property(conditions, log, fc.array(fc.double({ min: 0, max: 1, noNaN: true })), (condition, all, shares) => {
      let state = begin(condition, 0);
      const transitions: Transition[] = [];
      let clock = 0;
      for (const [index, { event, at }] of all.entries()) {
        const now = Math.floor(clock + (at - clock) * (shares[index] ?? 0));
        const due = dueAt(condition, state);
        const ticked = tick(condition, state, now);
        expect(ticked.transitions.length > 0).toBe(due !== null && due <= now);
        if (due !== null) expect(ticked.transitions[0]?.at ?? due).toBe(due);
        const stepped = step(condition, ticked.state, event, at);
        transitions.push(...ticked.transitions, ...(stepped.transitions as Transition[]));
        ({ state } = stepped);
        clock = at;
      }
      const whole = run(condition, all, clock);
      expect(transitions.map(plain)).toEqual(whole.transitions.map(plain));
      expect(tick(condition, state, clock).state).toEqual(whole.state);
    }),
    { numRuns: 500 },
  );
});

test('of each key it begins and ceases by turns, never back in time, and holds where the last turn says so', () => {
  fc.assert(
    fc.property(conditions, log, fc.integer({ min: 0, max: 1_000 }), (condition, all, until) => {
      const { transitions, holds, state } = run(condition, all, until);
      const times = transitions.map(({ at }) => at);
      expect(times).toEqual(times.toSorted((a, b) => a - b));
      const keys = [...Map.groupBy(transitions, ({ key }) => key).values()];
      for (const turns of keys) {
        expect(turns.map(({ became }) => became)).toEqual(turns.map((_, i) => (i % 2 === 0 ? 'holding' : 'ceased')));
      }
      expect(holds).toBe(keys.some((turns) => turns.at(-1)?.became === 'holding'));
      expect(holds).toBe(state.subjects.some((subject) => subject.holds));
    }),
    { numRuns: 500 },
  );
});
