/** Windows in parts, each of several pages of rows: the calls that are printed lead through all of them. */
import { expect, test } from 'vitest';
import { START } from '../streams/history/fixture.ts';
import { plant } from './plant.ts';

const MINUTE = 60_000;
const PARTS = 3;
const KEYS = 5;

test.each([
  ['relative to now', { from: '-2h' }],
  ['between two times relative to now', { from: '-2h', to: 'now' }],
  ['none', {}],
])('range %s: time goes on between the pages, and no printed call is refused', async (_, range) => {
  const at = plant();
  const data = { temp: 1, pump: { state: 'on', rpm: 1 } };
  for (let n = 0; n < PARTS * KEYS; n += 1) {
    await at.append('plant', { key: `k${n % KEYS}`, time: START + n * MINUTE, data });
  }
  at.clock.now = START + 30 * MINUTE;
  let call: object | undefined = { stream: 'plant', ...range, window: '10m', maxEvents: KEYS, limit: 2, by: ['key'] };
  let events = 0;
  for (let pages = 0; call !== undefined; pages += 1) {
    expect(pages).toBeLessThan(20);
    const { structured } = await at.call('read_history', call);
    for (const { count } of structured['windows'] as { count: number }[]) events += count;
    const [next] = (structured['nextCalls'] ?? []) as { arguments: object }[];
    call = next?.arguments;
    at.clock.now += 1_234;
  }
  expect(events).toBe(PARTS * KEYS);
});
