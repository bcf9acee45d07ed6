/** Keys of which nothing was heard: their count is 0, and their gap the longest. */
import { expect, test } from 'vitest';
import { START } from '../streams/history/fixture.ts';
import { plant } from './plant.ts';

const MINUTE = 60_000;
const reading = (temp: number) => ({ temp, pump: { state: 'on', rpm: 1 } });

async function silentPlant() {
  const at = plant();
  for (const key of ['a', 'b', 'c']) await at.putLatest('plant', { key, data: reading(key === 'c' ? 90 : 10) });
  for (let n = 0; n < 6; n += 1) await at.append('plant', { key: 'a', time: START + n * MINUTE, data: reading(n) });
  at.clock.now = START + 60 * MINUTE;
  return at;
}

const asked = { stream: 'plant', from: START, to: START + 10 * MINUTE, window: 'all' };
type Rows = { windows: { key: string; count: number }[]; notes?: string[] };

test('have rows of 0 where empty windows are asked for, and are the lowest', async () => {
  const at = await silentPlant();
  const { structured } = await at.call('read_history', { ...asked, empty: true });
  expect((structured as Rows).windows.map(({ key, count }) => [key, count])).toEqual([
    ['a', 6],
    ['b', 0],
    ['c', 0],
  ]);
  const least = await at.call('read_history', { ...asked, empty: true, top: { n: 1, by: 'count', lowest: true } });
  expect((least.structured as Rows).windows).toMatchObject([{ key: 'b', count: 0 }]);
  const gap = await at.call('read_history', {
    ...asked,
    empty: true,
    aggregates: ['longestGap'],
    top: { n: 1, by: 'longestGap' },
  });
  expect(gap.text).toMatch(/b.*10m/);
});

test('are all that are known, where there is a filter, and the answer names those that may not be meant', async () => {
  const at = await silentPlant();
  const where = [{ field: 'temp', above: 50 }];
  const { structured, text } = await at.call('read_history', { ...asked, empty: true, where });
  expect((structured as Rows).windows.map(({ key, count }) => [key, count])).toEqual([
    ['a', 0],
    ['b', 0],
    ['c', 0],
  ]);
  expect(text).toContain('Rows of keys whose latest event fails where too: a, b');
});

test('without a number are not told to be without events', async () => {
  const at = await silentPlant();
  await at.append('plant', { key: 'b', time: START, data: { temp: 1, pump: { state: 'on', rpm: null } } });
  const more = { field: 'pump.rpm', aggregates: ['max'], top: { n: 1, by: 'max' } };
  const { text } = await at.call('read_history', { ...asked, ...more });
  expect(text).toContain('Without a row: 2 known key(s) that have no number at pump.rpm in the range: b, c');
  const where = [{ field: 'temp', below: 5 }];
  const passing = await at.call('read_history', { ...asked, where, top: { n: 1, by: 'count' } });
  expect(passing.text).toContain('1 known key(s) that have no event that passes where in the range: c');
});

test('are named where a ranking or a question of gaps leaves them out', async () => {
  const at = await silentPlant();
  for (const more of [{ top: { n: 1, by: 'count' } }, { aggregates: ['longestGap'] }]) {
    const { text, structured } = await at.call('read_history', { ...asked, ...more });
    expect(text).toContain('Without a row: 2 known key(s) that have no event in the range: b, c');
    expect((structured as Rows).notes?.join(' ')).toContain('b, c');
  }
});
