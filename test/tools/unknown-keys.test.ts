/** A key that no event has: told where a history by keys is empty, with keys that are near, for one call to the store. */
import { expect, test } from 'vitest';
import { plant } from './plant.ts';

async function withKeys(...keys: string[]) {
  const at = plant();
  const data = { temp: 20, pump: { state: 'on', rpm: null } };
  for (const key of keys) {
    await at.append('plant', { key, data });
    await at.putLatest('plant', { key, data });
  }
  return at;
}

test.each([
  ['events', {}],
  ['windows', { window: '1h', from: '-1h' }],
])('a misspelt key is told in both halves: %s', async (_what, more) => {
  const at = await withKeys('main', 'spare');
  const note = 'No event has the key "mian", did you mean "main"? Known keys: main, spare.';
  const { text, structured } = await at.call('read_history', { stream: 'plant', keys: ['mian'], ...more });
  expect(text).toContain(note);
  expect(structured.notes).toContain(note);
});

test('a key that exists and is quiet is not called unknown', async () => {
  const at = await withKeys('main');
  const { text, structured } = await at.call('read_history', { stream: 'plant', keys: ['main'], from: '+1h' });
  expect([text.includes('No event has'), structured.notes]).toEqual([false, undefined]);
});

test('it costs one call where the page is empty, and none where it is not', async () => {
  const at = await withKeys('main');
  await at.call('read_history', { stream: 'plant', keys: ['main'] });
  const full = at.calls.length;
  await at.call('read_history', { stream: 'plant', keys: ['other'] });
  expect(at.calls.length - full).toBeLessThanOrEqual(1);
  expect(at.calls.filter((name) => name === 'list')).toHaveLength(1);
});
