/** Aggregates of values that are no numbers, groups by the clock, and ranks over all windows, as a model asks for them. */
import { beforeEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream } from '../../src/index.ts';
import { createTestApp } from '../../src/testing.ts';
import { START } from '../streams/history/fixture.ts';
import { type Plant, plant } from './plant.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
let at: Plant;

/** From noon on, on a Friday: the pump of `a` is on for 10 minutes, off for 20, and on again. That of `b` is off. */
beforeEach(async () => {
  at = plant();
  const put = (minutes: number, key: string, state: string, temp: number, rpm: number | null = null) =>
    at.append('plant', { key, time: START + minutes * MINUTE, data: { temp, pump: { state, rpm } } });
  await put(0, 'a', 'on', 10);
  await put(10, 'a', 'off', 20);
  await put(30, 'a', 'on', 20, 5);
  await put(5, 'b', 'off', 90);
  at.clock.now = START + HOUR;
});

type Row = { key: string | null; count: number; start: number; group?: Record<string, unknown> } & Record<
  string,
  unknown
>;
const groups = (rows: readonly Row[]) => rows.map(({ group, count }) => [...Object.values(group ?? {}), count]);
const ask = async (args: object) => {
  const { structured, text } = await at.call('read_history', {
    stream: 'plant',
    from: START,
    to: START + HOUR,
    ...args,
  });
  return { text, notes: structured['notes'], rows: structured['windows'] as Row[] };
};
const refusal = (args: object) => at.refused('read_history', { stream: 'plant', from: START, ...args });

describe('a field of texts', () => {
  const state = { field: 'pump.state', window: 'all' };

  test('how long it had a value: until the next event, and up to the end of the range', async () => {
    const { rows, text } = await ask({ ...state, aggregates: ['timeIn=on', 'timeIn=off'] });
    expect(rows).toMatchObject([
      { key: 'a', count: 3, 'timeIn=on': 40 * MINUTE, 'timeIn=off': 20 * MINUTE },
      { key: 'b', count: 1, 'timeIn=on': 0, 'timeIn=off': 55 * MINUTE },
    ]);
    expect(text).toContain('timeIn=on=40m timeIn=off=20m');
  });

  test('within windows, a value from before one stands into it', async () => {
    const { rows } = await ask({ ...state, window: '15m', keys: ['a'], aggregates: ['timeIn=on'], empty: true });
    expect(rows.map((row) => row['timeIn=on'])).toEqual([10, 0, 15, 15].map((minutes) => minutes * MINUTE));
    const later = { from: START + 20 * MINUTE, window: '40m', align: 'from', keys: ['a'] };
    expect((await ask({ ...state, ...later, aggregates: ['timeIn=off'] })).rows).toMatchObject([
      { 'timeIn=off': 10 * MINUTE },
    ]);
  });

  test('how many values it had, by key and of all', async () => {
    expect((await ask({ ...state, aggregates: ['distinct'] })).rows).toMatchObject([
      { key: 'a', distinct: 2 },
      { key: 'b', distinct: 1 },
    ]);
    expect((await ask({ ...state, aggregates: ['distinct', 'count'], by: [] })).rows).toMatchObject([
      { key: null, distinct: 2, count: 4 },
    ]);
    const most = await ask({ ...state, aggregates: ['distinct'], top: { n: 1, by: 'distinct' } });
    expect(most.rows).toMatchObject([{ key: 'a' }]);
  });

  test('null and missing are no values, and are told', async () => {
    const { rows, text } = await ask({
      window: 'all',
      field: 'pump.rpm',
      aggregates: ['distinct', 'timeIn=5'],
      by: ['key'],
    });
    expect(rows).toMatchObject([{ key: 'a', count: 1, distinct: 1, 'timeIn=5': 30 * MINUTE }]);
    expect(text).toContain('Not counted: 3 event(s) without a value at pump.rpm.');
  });

  test.each([
    [{ aggregates: ['timeIn=opne'] }, /timeIn=opne is of no value of pump.state[^]*values of pump.state: on, off/],
    [{ aggregates: ['timeIn=on'], by: [] }, /follows one value to the next/],
    [{ aggregates: ['timeIn=on', 'mean'] }, /no number at pump.state[^]*Hint: of a text there are distinct and timeIn/],
    [{ aggregates: ['last'] }, /no number at pump.state[^]*Hint: of a text there are distinct and timeIn/],
    [{ field: 'pump', aggregates: ['distinct'] }, /no value at pump[^]*pump.state/],
    [
      { field: undefined, aggregates: ['distinct'] },
      /Argument: field[^]*the path of a value, because aggregates has distinct/,
    ],
    [{ aggregates: ['countDistinct'] }, /aggregates[^]*did you mean distinct\?/],
    [{ aggregates: ['distinct'], by: ['weekday'] }, /no value at weekday[^]*did you mean dayOfWeek\?/],
  ])('is refused with what to write: %j', async (more, why) => {
    expect(await refusal({ ...state, ...more })).toMatch(why);
  });
});

describe('what follows one value to the next is refused by a field that would tear it apart', () => {
  const state = { field: 'pump.state', window: 'all' };

  test.each([
    [
      { ...state, aggregates: ['timeIn=on'], by: ['key', 'pump.state'] },
      /each pump\.state would[^]*a timeIn in aggregates/,
    ],
    [{ ...state, aggregates: ['timeIn=on'], by: ['pump.state'], keys: ['a'] }, /each pump\.state would/],
    [{ ...state, aggregates: ['timeIn=on'], by: ['key', 'pump.rpm'] }, /each pump\.rpm would[^]*where with one value/],
    ...['timeWeightedMean', 'increase', 'rate/hour'].map((name): [object, RegExp] => [
      { field: 'temp', window: 'all', aggregates: [name], by: ['key', 'pump.state'] },
      /each pump\.state would[^]*Argument: by[^]*where with one value/,
    ]),
  ])('%j', async (asked, why) => {
    expect(await refusal(asked)).toMatch(why);
  });

  test('but not where a stream without keys tells its series apart by one', async () => {
    const doors = stream({ description: 'Doors', schema: z.object({ door: z.string(), state: z.string() }) });
    const app = createTestApp(defineApp({ name: 'a', version: '1', description: 'A', streams: { doors } }));
    const from = app.now();
    await app.streams.append('doors', { door: 'front', state: 'open' });
    await app.streams.append('doors', { door: 'back', state: 'shut' });
    await app.advance(HOUR);
    const question = { stream: 'doors', from, to: from + HOUR, window: 'all', field: 'state' };
    const asked = { ...question, aggregates: ['timeIn=open'] };
    const { structured } = await app.call('read_history', { ...asked, by: ['door'] });
    expect(structured).toMatchObject({
      windows: [
        { group: { door: 'back' }, 'timeIn=open': 0 },
        { group: { door: 'front' }, 'timeIn=open': HOUR },
      ],
    });
    const refused = await app.call('read_history', { ...asked, by: ['state'] });
    expect(refused).toMatchObject({ isError: true, text: expect.stringMatching(/each state would/) });
  });
});

test('numbers take both kinds of aggregates', async () => {
  const asked = { window: 'all', field: 'temp', keys: ['a'], aggregates: ['mean', 'distinct', 'timeIn=20'] };
  expect((await ask(asked)).rows).toMatchObject([{ mean: 50 / 3, distinct: 2, 'timeIn=20': 50 * MINUTE }]);
  expect(await refusal({ ...asked, aggregates: ['timeIn=warm'] })).toMatch(/timeIn=warm is of no value of temp/);
});

describe('by the clock', () => {
  const DAY = 24 * HOUR;

  beforeEach(async () => {
    for (const [days, hours] of [
      [0, 10],
      [1, 10],
      [3, -3],
    ] as const) {
      const time = START + days * DAY + hours * HOUR;
      await at.append('plant', { key: 'c', time, data: { temp: days, pump: { state: 'on', rpm: 1 } } });
    }
    at.clock.now = START + 7 * DAY;
  });

  const asked = { window: 'all', keys: ['c'], to: START + 7 * DAY };

  test('hours and days, in their order, in UTC and in a zone', async () => {
    expect(groups((await ask({ ...asked, by: ['hourOfDay'] })).rows)).toEqual([
      [9, 1],
      [22, 2],
    ]);
    expect(groups((await ask({ ...asked, by: ['dayOfWeek'] })).rows)).toEqual([
      [1, 1],
      [5, 1],
      [6, 1],
    ]);
    const berlin = { ...asked, zone: 'Europe/Berlin', field: 'temp', aggregates: ['max'] };
    const { rows, text } = await ask({ ...berlin, by: ['key', 'dayOfWeek', 'hourOfDay'] });
    expect(groups(rows)).toEqual([
      [1, 10, 1],
      [5, 23, 1],
      [6, 23, 1],
    ]);
    expect(text).toContain('c dayOfWeek=1 hourOfDay=10 count=1 max=3');
  });

  test('what follows one event to the next is refused', async () => {
    for (const more of [{ aggregates: ['longestGap'] }, { field: 'pump.state', aggregates: ['timeIn=on'] }]) {
      const why = await refusal({ ...asked, ...more, by: ['key', 'hourOfDay'] });
      expect(why).toMatch(/hourOfDay would tear apart[^]*windows of 1h/);
    }
  });

  test('a field of that name is meant where the stream has one', async () => {
    const shifts = stream({ description: 'Shifts', schema: z.object({ hourOfDay: z.number() }) });
    const app = createTestApp(defineApp({ name: 'a', version: '1', description: 'A', streams: { shifts } }));
    await app.streams.append('shifts', { hourOfDay: 77 });
    const { structured } = await app.call('read_history', {
      stream: 'shifts',
      from: '-1h',
      to: '+1h',
      window: 'all',
      by: ['hourOfDay'],
    });
    expect(structured).toMatchObject({ windows: [{ group: { hourOfDay: 77 } }] });
    expect(structured).not.toHaveProperty('notes');
  });

  test.each([
    ['a record', z.record(z.string(), z.unknown())],
    ['an object with other fields', z.looseObject({ n: z.number() })],
    ['anything', z.any()],
  ])('is noted where events may have an undeclared field of that name: %s', async (_, schema) => {
    const open = stream({ description: 'Open', schema });
    const app = createTestApp(defineApp({ name: 'a', version: '1', description: 'A', streams: { open } }));
    await app.streams.append('open', { n: 1, hourOfDay: 77 });
    const asked = { stream: 'open', from: '-1h', to: '+1h', window: 'all', zone: 'Asia/Tokyo' };
    const { structured, text } = await app.call('read_history', { ...asked, by: ['hourOfDay'] });
    const note = "hourOfDay is the clock's, in Asia/Tokyo";
    expect(structured).toMatchObject({ notes: [expect.stringContaining(note)] });
    expect(text).toContain(note);
    const unasked = await app.call('read_history', { ...asked, by: ['n'] });
    expect(unasked.structured).not.toHaveProperty('notes');
  });
});

test('the first rows of all windows together, highest first, and no other', async () => {
  const asked = { window: '10m', field: 'temp', aggregates: ['max'] };
  const starts = async (top: object) =>
    (await ask({ ...asked, top: { n: 2, by: 'max', ...top } })).rows.map(({ start, max }) => [
      (start - START) / MINUTE,
      max,
    ]);
  expect(await starts({ overall: true })).toEqual([
    [0, 90],
    [10, 20],
  ]);
  expect(await starts({ overall: true, lowest: true })).toEqual([
    [0, 10],
    [10, 20],
  ]);
  const newest = { ...asked, top: { n: 2, by: 'max', overall: true }, order: 'newest' };
  expect((await ask(newest)).rows).toMatchObject([{ max: 90 }, { max: 20, start: START + 10 * MINUTE }]);
  expect((await starts({})).length).toBe(4);
  const paged = { ...asked, top: { n: 3, by: 'max', overall: true, lowest: true }, limit: 2 };
  const { structured } = await at.call('read_history', { stream: 'plant', from: START, to: START + HOUR, ...paged });
  const next = await ask({ ...paged, cursor: structured['cursor'] });
  expect(next.rows).toMatchObject([{ start: START + 30 * MINUTE, max: 20 }]);
});
