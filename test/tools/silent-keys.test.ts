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

test('are named whatever is asked of each key', async () => {
  const at = await silentPlant();
  const values = { field: 'temp', aggregates: ['timeWeightedMean'] };
  for (const more of [
    {},
    { window: '1m' },
    { by: ['key', 'pump.state'], empty: true },
    { top: { n: 1, by: 'count' } },
    { aggregates: ['longestGap'] },
  ]) {
    const { text, structured } = await at.call('read_history', { ...asked, ...more });
    expect(text).toContain('Without a row: 2 known key(s) that have no event in the range: b, c');
    expect((structured as Rows).notes?.join(' ')).toContain('b, c');
  }
  // A value from before the range makes no row, so its key is silent too.
  await at.append('plant', { key: 'b', time: START - MINUTE, data: reading(1) });
  const { text } = await at.call('read_history', { ...asked, ...values });
  expect(text).toContain('Without a row: 2 known key(s) that have no number at temp in the range: b, c');
});

test('are named of the keys that were asked for, without a call to the store', async () => {
  const at = await silentPlant();
  const { text } = await at.call('read_history', { ...asked, keys: ['a', 'b'] });
  expect(text).toContain('Without a row: 1 asked key(s) that have no event in the range: b (empty: true');
});

test('are counted beyond a thousand keys, and what was not looked at is told', async () => {
  const at = await silentPlant();
  const put = (from: number, to: number) =>
    Promise.all(
      Array.from({ length: to - from }, (_, n) =>
        at.putLatest('plant', { key: `k${String(from + n).padStart(5, '0')}`, data: reading(1) }),
      ),
    );
  await put(0, 2_000);
  expect((await at.call('read_history', asked)).text).toContain('Without a row: 2002 known key(s)');
  expect((await at.call('read_history', { ...asked, empty: true })).text).toContain('(too many for rows of 0)');
  await put(2_000, 5_100);
  const { text } = await at.call('read_history', asked);
  expect(text).toContain('Without a row: 4999 known key(s)');
  expect(text).toContain('Known keys behind k04996 were not looked at.');
});
