/** Values that hold until the next: those from before the range, windows without events, and filters. */
import { expect, test } from 'vitest';
import { START } from '../streams/history/fixture.ts';
import { plant } from './plant.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

/** The pump of `a` goes on 3 days before, off 2 hours before, and on 41 minutes before now, which is START. That of `b` is off since long. */
async function pumps() {
  const at = plant();
  const put = (minutes: number, key: string, state: string, temp: number) =>
    at.append('plant', { key, time: START + minutes * MINUTE, data: { temp, pump: { state, rpm: 1 } } });
  await put(-30 * 24 * 60, 'b', 'off', 7);
  await put(-3 * 24 * 60, 'a', 'on', 10);
  await put(-120, 'a', 'off', 20);
  await put(-41, 'a', 'on', 30);
  await at.project('plant');
  const ask = async (args: object) => {
    const given = { stream: 'plant', field: 'pump.state', aggregates: ['timeIn=on'], window: 'all', ...args };
    const { structured, text } = await at.call('read_history', given);
    const rows = structured['windows'] as Record<string, unknown>[];
    return { rows: rows.map((row) => [row['key'], row['count'], row['timeIn=on']]), all: rows, text };
  };
  return { at, ask };
}

test('a state that began before the range counts in it', async () => {
  const { ask } = await pumps();
  expect((await ask({ from: '-15m', to: 'now', keys: ['a'] })).rows).toEqual([['a', 0, 15 * MINUTE]]);
  expect((await ask({ from: '-15m' })).rows).toEqual([
    ['a', 0, 15 * MINUTE],
    ['b', 0, 0],
  ]);
  // Its latest event lies behind the range, so the log is searched.
  const past = { from: START - DAY, to: START - DAY + 60 * MINUTE };
  const { rows, text } = await ask({ ...past, keys: ['a'] });
  expect(rows).toEqual([['a', 0, 60 * MINUTE]]);
  expect(text).toContain('the value from before it stood on');
  expect(text).not.toContain('Without a row');
  expect((await ask({ ...past, by: [], keys: ['a'] })).rows).toEqual([[null, 0, 60 * MINUTE]]);
  expect((await ask({ ...past, empty: true })).rows).toContainEqual(['a', 0, 60 * MINUTE]);
  expect((await ask({ ...past, top: { n: 1, by: 'timeIn=on' } })).rows).toEqual([['a', 0, 60 * MINUTE]]);
});

test('windows without an event have rows while a state is known, and add up to the range', async () => {
  const { ask } = await pumps();
  const { rows } = await ask({ from: START - 180 * MINUTE, to: START, window: '30m', keys: ['a'] });
  expect(rows.map(([, , held]) => held)).toEqual([30, 30, 0, 0, 11, 30].map((minutes) => minutes * MINUTE));
  const many = await ask({ from: START - 180 * MINUTE, to: START, window: '10s', keys: ['a'] });
  expect(many.rows).toHaveLength(2);
  expect(many.text).toContain('the time in them is missing');
});

test('keys whose value could stand too far back are named', async () => {
  const { at, ask } = await pumps();
  const data = { temp: 1, pump: { state: 'on', rpm: 1 } };
  const keys = Array.from({ length: 12 }, (_, n) => `k${String(n).padStart(2, '0')}`);
  for (const key of keys) await at.append('plant', { key, time: START - MINUTE, data });
  await at.project('plant');
  const { text } = await ask({ from: START - 2 * MINUTE, to: START });
  expect(text).toContain('Not known is the value at the beginning of 4 key(s): k08, k09, k10, k11.');
});

test('a filter on what is followed is refused, and one on another field is told', async () => {
  const { at, ask } = await pumps();
  const where = [{ field: 'pump.state', equals: 'on' }];
  const asked = { stream: 'plant', field: 'pump.state', window: 'all', from: START - DAY, where };
  expect(await at.refused('read_history', { ...asked, aggregates: ['timeIn=on'] })).toMatch(
    /would leave out those that end a value[^]*Argument: where[^]*of that value alone already/,
  );
  for (const aggregate of ['timeWeightedMean', 'increase', 'rate/minute']) {
    const ofTemp = { field: 'temp', where: [{ field: 'temp', above: 1 }], aggregates: [aggregate] };
    expect(await at.refused('read_history', { ...asked, ...ofTemp })).toMatch(/Argument: where/);
  }
  const { text } = await ask({ from: START - DAY, where: [{ field: 'temp', above: 15 }] });
  expect(text).toContain('events that fail it end nothing. Exact where temp never change');
});

test('a value of an event without a field is refused with how to read the event', async () => {
  const { at } = await pumps();
  const asked = { stream: 'plant', from: '-1d', window: 'all', aggregates: ['count', 'last'] };
  expect(await at.refused('read_history', asked)).toContain('without window, by order newest and limit 1');
});

test('an increase has no more decimals than its values', async () => {
  const { at } = await pumps();
  for (const [n, temp] of [21.1, 21.105, 21.115].entries()) {
    await at.append('plant', {
      key: 'c',
      time: START - (3 - n) * MINUTE,
      data: { temp, pump: { state: 'on', rpm: 1 } },
    });
  }
  const { structured } = await at.call('read_history', {
    stream: 'plant',
    field: 'temp',
    aggregates: ['increase'],
    window: 'all',
    from: START - 4 * MINUTE,
    keys: ['c'],
  });
  expect(structured['windows']).toMatchObject([{ increase: 0.015 }]);
});
