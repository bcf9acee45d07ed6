/** The table of states, whole: each state by each thing that can happen, and every sequence of six of them against a plain model. */
import { fc } from '../../properties.ts';
import { describe, expect, test } from 'vitest';
import {
  ALARM_ACTIONS,
  type AlarmAction,
  type AlarmInput,
  type AlarmState,
  alarmStateOf,
  type AlarmStatus,
  beneath,
  moveAlarm,
  raisedFirst,
} from '../../../src/triggers/alarms/state.ts';

const NOW = 1_000_000;
const BY = { tenant: 'acme', subject: 'ada' };
const LATER = NOW + 60_000;

const raise = (clears: boolean): AlarmInput & { action: 'raise' } => ({
  action: 'raise',
  time: NOW,
  severity: 'major',
  title: 'hot',
  value: 31,
  occurrence: 'o',
  clears,
});

function inputOf(action: AlarmAction, clears: boolean): AlarmInput {
  if (action === 'raise') return raise(clears);
  if (action === 'cease') return { action, time: NOW, title: 'is over', value: 20, occurrence: 'o2' };
  if (action === 'shelf_end') return { action };
  if (action === 'shelve') return { action, until: LATER, by: BY, note: null };
  return { action, by: BY, note: null };
}

/** What is done one after the other; the alarm that is left. */
function after(clears: boolean, ...actions: AlarmAction[]): AlarmStatus {
  let alarm = raisedFirst('hot', null, raise(clears), NOW);
  for (const action of actions) {
    const next = moveAlarm(alarm, inputOf(action, clears), NOW);
    if (next !== null && next !== 'still_holds') alarm = next;
  }
  return alarm;
}

const same = '=';
const refused = '!';
type Outcome = AlarmState | typeof same | typeof refused;

/** By state: how it comes about, and what each action makes of it. */
const TABLE: Record<string, { by: AlarmAction[]; clears: boolean; to: Record<AlarmAction, Outcome> }> = {
  raised: {
    by: [],
    clears: true,
    to: {
      raise: 'raised',
      cease: 'returned',
      shelf_end: same,
      acknowledge: 'acknowledged',
      shelve: 'shelved',
      unshelve: same,
      clear: refused,
    },
  },
  acknowledged: {
    by: ['acknowledge'],
    clears: true,
    to: {
      raise: 'raised',
      cease: 'cleared',
      shelf_end: same,
      acknowledge: same,
      shelve: 'shelved',
      unshelve: same,
      clear: 'cleared',
    },
  },
  returned: {
    by: ['cease'],
    clears: true,
    to: {
      raise: 'raised',
      cease: same,
      shelf_end: same,
      acknowledge: 'cleared',
      shelve: 'shelved',
      unshelve: same,
      clear: 'cleared',
    },
  },
  cleared: {
    by: ['acknowledge', 'cease'],
    clears: true,
    to: {
      raise: 'raised',
      cease: same,
      shelf_end: same,
      acknowledge: same,
      shelve: 'shelved',
      unshelve: same,
      clear: same,
    },
  },
  'raised, and kept until somebody clears it': {
    by: ['cease'],
    clears: false,
    to: {
      raise: 'raised',
      cease: same,
      shelf_end: same,
      acknowledge: 'acknowledged',
      shelve: 'shelved',
      unshelve: same,
      clear: 'cleared',
    },
  },
  'acknowledged, and kept until somebody clears it': {
    by: ['acknowledge', 'cease'],
    clears: false,
    to: {
      raise: 'raised',
      cease: same,
      shelf_end: same,
      acknowledge: same,
      shelve: 'shelved',
      unshelve: same,
      clear: 'cleared',
    },
  },
  'shelved while it is raised': {
    by: ['shelve'],
    clears: true,
    to: {
      raise: 'shelved',
      cease: 'shelved',
      shelf_end: same,
      acknowledge: 'shelved',
      shelve: same,
      unshelve: 'raised',
      clear: refused,
    },
  },
};

describe.each(Object.entries(TABLE))('%s', (name, { by, clears, to }) => {
  test.each(ALARM_ACTIONS)('%s', (action) => {
    const alarm = after(clears, ...by);
    expect(name.startsWith(alarmStateOf(alarm, NOW))).toBe(true);
    const next = moveAlarm(alarm, inputOf(action, clears), NOW);
    if (to[action] === same) expect(next).toBeNull();
    else if (to[action] === refused) expect(next).toBe('still_holds');
    else expect(next).toSatisfy((moved: AlarmStatus) => alarmStateOf(moved, NOW) === to[action]);
  });
});

test('a shelf ends by time, and shows what it has become beneath', () => {
  for (const [actions, shown] of [
    [['shelve'], 'raised'],
    [['shelve', 'acknowledge'], 'acknowledged'],
    [['shelve', 'cease'], 'returned'],
    [['shelve', 'acknowledge', 'cease'], 'cleared'],
    [['acknowledge', 'shelve', 'cease', 'raise'], 'raised'],
  ] as const) {
    const alarm = after(true, ...actions);
    expect(alarmStateOf(alarm, LATER - 1)).toBe('shelved');
    expect(alarmStateOf(alarm, LATER)).toBe(shown);
    expect(moveAlarm(alarm, { action: 'shelf_end' }, LATER - 1)).toBeNull();
    expect(moveAlarm(alarm, { action: 'shelf_end' }, LATER)).toMatchObject({ shelvedUntil: null });
  }
});

test('it is counted how often it was raised since it was cleared', () => {
  expect(after(true, 'cease', 'raise', 'cease', 'raise').count).toBe(3);
  expect(after(true, 'cease', 'acknowledge', 'raise').count).toBe(1);
  const seen = after(true, 'acknowledge');
  expect(seen.by).toEqual(BY);
  expect(after(true, 'acknowledge', 'cease', 'raise').by).toBeNull();
});

/** The same in other words: what a person would say of the alarm. */
function told(clears: boolean, actions: readonly AlarmAction[]): AlarmState {
  let [holds, active, seen, shelved] = [true, true, false, false];
  for (const action of actions) {
    if (action === 'raise') [holds, active, seen] = [true, true, false];
    if (action === 'cease') [holds, active] = [false, !clears && active];
    if (action === 'acknowledge') seen = true;
    if (action === 'clear' && (!holds || seen)) [holds, active, seen] = [false, false, true];
    if (action === 'shelve') shelved = true;
    if (action === 'unshelve') shelved = false;
  }
  if (shelved) return 'shelved';
  if (active) return seen ? 'acknowledged' : 'raised';
  return seen ? 'cleared' : 'returned';
}

test('whatever happens, it is what a plain model says, and nothing happens twice', () => {
  fc.assert(
    fc.property(fc.boolean(), fc.array(fc.constantFrom(...ALARM_ACTIONS), { maxLength: 12 }), (clears, actions) => {
      const alarm = after(clears, ...actions);
      expect(alarmStateOf(alarm, NOW)).toBe(told(clears, actions));
      const last = actions.at(-1);
      // People may ask again; another occurrence is another one.
      if (last !== undefined && last !== 'raise') {
        expect([null, 'still_holds']).toContain(moveAlarm(alarm, inputOf(last, clears), NOW));
      }
      expect(beneath(alarm) === 'raised' || beneath(alarm) === 'acknowledged').toBe(alarm.holds || alarm.latched);
    }),
    { numRuns: 3_000 },
  );
});
