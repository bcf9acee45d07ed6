/** How much of a large stream a question of one key may read, and that the answer says how much it read. */
import { expect, test } from 'vitest';
import { START } from '../streams/history/fixture.ts';
import { plant } from './plant.ts';

const PART = 1_000;

/** An event a second, of ten keys in turn, and a note now and then. The clock stands where it began. */
async function filled(parts: number) {
  const at = plant();
  const data = { temp: 1, pump: { state: 'on', rpm: null } };
  for (let part = 0; part < parts; part += 1) {
    const times = Array.from({ length: PART }, (_, index) => (part * PART + index) * 1_000);
    await at.append('plant', ...times.map((ms, index) => ({ key: `k${index % 10}`, time: START + ms, data })));
    await at.append('notes', { time: START + part * PART * 1_000, data: { text: 'n' } });
  }
  for (let round = 0; round < parts; round += 1) await at.project('plant');
  at.calls.length = 0;
  return at;
}

const whole = { stream: 'plant', from: START, window: 'all', field: 'temp' };
type Estimated = { estimate: { fits: boolean; mostEvents: number } };

test('one key of more events than a question of all may read is answered at once, and says at how many it looked', async () => {
  const at = await filled(15);
  for (const more of [{ keys: ['k3'] }, { where: [{ field: 'pump.state', equals: 'on' }], by: [] }]) {
    const { structured, text } = await at.call('read_history', { ...whole, ...more });
    expect(structured).toMatchObject({ complete: true, windows: [{}], scanned: { entries: 15_000 } });
    expect(text).toContain('Looked at 15000 event(s) to find these.');
    const { estimate } = (await at.call('read_history', { ...whole, ...more, estimate: true }))
      .structured as unknown as Estimated;
    expect(estimate).toMatchObject({ fits: true, mostEvents: 19_000 });
  }
  expect(at.calls.filter((name) => name === 'read').length).toBeLessThanOrEqual(2 * 19);
  const all = await at.refused('read_history', { ...whole, aggregates: ['p95'] });
  expect(all).toMatch(/about 15000 events[^]*at most 10000 events\./);
});

test('a range of a large stream costs what is in the range, and not the stream', async () => {
  const at = await filled(22);
  const range = { from: START + 5_000_000, to: START + 7_000_000 };
  const { structured, text } = await at.call('read_history', { ...whole, ...range, keys: ['k3'] });
  expect(structured).toMatchObject({ complete: true, windows: [{ count: 200 }] });
  expect((structured['scanned'] as { entries: number }).entries).toBeLessThan(2_000 + 2 * 256);
  expect(text).toMatch(/Looked at 2\d\d\d event\(s\)/);
  const why = await at.refused('read_history', { ...whole, keys: ['k3'] });
  expect(why).toMatch(/about 22000 events[^]*at most 19000 events, with those that keys and where leave out/);
});

test('an estimate for several streams is that of the answer', async () => {
  const at = await filled(9);
  const both = { ...whole, field: undefined, also: [{ stream: 'notes' }], by: [], maxEvents: 19_000 };
  const { estimate } = (await at.call('read_history', { ...both, estimate: true })).structured as unknown as Estimated;
  expect(estimate).toMatchObject({ fits: false, mostEvents: 16_000 });
  expect((await at.call('read_history', both)).structured).toMatchObject({ complete: false });
});
