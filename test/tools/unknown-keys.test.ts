/** A key that no event has: told with keys that are near, by every tool that takes keys and would find nothing. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, trigger } from '../../src/index.ts';
import { createTestApp } from '../../src/testing.ts';
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

test.each([
  ['events', {}],
  ['windows', { window: '1h', from: '-1h' }],
  ['one window of all keys', { window: '1h', from: '-1h', by: [] }],
  ['rows of 0', { window: '1h', from: '-1h', empty: true }],
])('a misspelt key beside a right one is told: %s', async (_what, more) => {
  const at = await withKeys('main');
  const asked = { stream: 'plant', keys: ['main', 'mian'], to: '+1h', ...more };
  const { text, structured } = await at.call('read_history', asked);
  expect([text, structured]).toEqual([
    expect.stringContaining('No event has the key "mian", did you mean "main"?'),
    expect.objectContaining({ notes: expect.arrayContaining([expect.stringContaining('"mian"')]) }),
  ]);
});

test('a tail of a misspelt key says so, also where other keys have events', async () => {
  const at = await withKeys('main');
  const note = 'No event has the key "mian", did you mean "main"? Known keys: main.';
  const tail = (keys: string[]) => at.call('tail_stream', { stream: 'plant', keys, seconds: 0 });
  for (const keys of [['mian'], ['main', 'mian']]) {
    expect(await tail(keys)).toMatchObject({ text: expect.stringContaining(note), structured: { notes: [note] } });
  }
  expect((await tail(['main'])).structured).not.toHaveProperty('notes');
});

const NOTE = 'No event has the key "frnt", did you mean "front"? Known keys: back, front.';

/** A house with doors, an event of each, and an alarm of those that are open. */
async function house(...more: string[]) {
  const doors = stream({
    description: 'Doors',
    schema: z.object({ door: z.string(), open: z.boolean() }),
    key: 'door',
  });
  const open = trigger({
    description: 'A door is open',
    on: doors,
    when: { kind: 'match', where: { open: true } },
    alarm: {},
  });
  const app = createTestApp(
    defineApp({ name: 'house', version: '1', description: 'A house', streams: { doors }, triggers: { open } }),
  );
  for (const door of ['front', 'back', ...more]) await app.streams.append('doors', { door, open: false });
  return app;
}

test.each([
  [{ kind: 'absence', forMs: 5_000, key: 'frnt' }, NOTE],
  [{ kind: 'match', where: { open: true }, keys: ['front', 'frnt'] }, NOTE],
  [{ kind: 'match', keyLike: 'gate-*' }, 'No event has a key like "gate-*". Known keys: back, front.'],
])('a condition on a key that no event has is tried, and waited for, with a note: %j', async (condition, note) => {
  const app = await house();
  const asked = { stream: 'doors', condition };
  const tried = await app.call('try_condition', asked);
  expect([tried.isError, tried.text, tried.structured]).toMatchObject([
    false,
    expect.stringContaining(note),
    { notes: [note] },
  ]);
  const { taskId } = await app.begin('wait_for', { ...asked, seconds: 30 });
  await app.scheduled();
  expect(await app.task(taskId)).toMatchObject({ status: 'working', statusMessage: expect.stringContaining(note) });
  for (let minutes = 0; minutes < 3; minutes += 1) {
    await app.advance(60_000);
    await app.scheduled();
  }
  expect(await app.task(taskId)).toMatchObject({
    status: 'completed',
    result: { content: [{ text: expect.stringContaining(note) }], structuredContent: { notes: [note] } },
  });
});

test.each([
  { kind: 'match', where: { open: true }, key: 'front' },
  { kind: 'match', keyLike: 'fr*' },
  { kind: 'match' },
])('a condition on keys that there are has no note: %j', async (condition) => {
  const app = await house();
  const tried = await app.call('try_condition', { stream: 'doors', condition });
  expect(tried.text).not.toContain('No event has');
  expect(tried.structured).not.toHaveProperty('notes');
});

test('changes of a key that no event has are none, and the first call says so', async () => {
  const app = await house();
  const first = await app.call('poll_changes', {
    uris: ['stream://doors/frnt', 'stream://doors/front', 'stream://doors'],
  });
  const note = NOTE.replace('No event', 'No event of doors');
  expect(first).toMatchObject({ text: expect.stringContaining(note), structured: { notes: [note] } });
  const known = await app.call('poll_changes', { uris: ['stream://doors/front', 'stream://doors'] });
  expect(known.structured).not.toHaveProperty('notes');
});

test('alarms by a key that no event of their streams has are none, with a note', async () => {
  const app = await house();
  const misspelt = await app.call('list_alarms', { key: 'frnt' });
  expect(misspelt).toMatchObject({
    text: `There are no such alarms.\n${NOTE}`,
    structured: { alarms: [], notes: [NOTE] },
  });
  expect((await app.call('list_alarms', { key: 'front' })).text).toBe('There are no such alarms.');
});

test('a key beyond the thousand that are looked through is found by its name', async () => {
  const many = Array.from({ length: 1_000 }, (_, index) => `b-${index}`);
  const app = await house(...many);
  const tried = (key: string) =>
    app.call('try_condition', { stream: 'doors', condition: { kind: 'absence', forMs: 5_000, key } });
  expect((await tried('front')).text).not.toContain('No event has');
  expect((await tried('frnt')).text).toContain('No event has the key "frnt"');
});

const readings = (what: string) =>
  stream({ description: what, schema: z.object({ place: z.string(), value: z.number() }), key: 'place' });

test('a further stream that has none of the keys is told, beside rows of the first', async () => {
  const streams = { rooms: readings('Rooms'), power: readings('Power') };
  const app = createTestApp(defineApp({ name: 'house', version: '1', description: 'A house', streams }));
  await app.streams.append('rooms', { place: 'kitchen', value: 20 });
  await app.streams.append('power', { place: 'main', value: 3 });
  const ask = (keys: string[] | undefined) =>
    app.call('read_history', {
      stream: 'rooms',
      from: '-1h',
      to: '+1h',
      window: 'all',
      field: 'value',
      also: [{ stream: 'power', field: 'value' }],
      ...(keys === undefined ? {} : { keys }),
    });
  const note = 'No event of power has the key "kitchen". Known keys: main.';
  const { text, structured } = await ask(['kitchen']);
  expect(text).toContain('kitchen');
  expect([text, structured]).toEqual([expect.stringContaining(note), expect.objectContaining({ notes: [note] })]);
  expect((await ask(['kitchen', 'main'])).text).not.toContain('No event');
  expect((await ask(undefined)).text).not.toContain('No event');
});

test('a filter of a condition is repeated as the schema has it', async () => {
  const app = await house();
  const condition = { kind: 'match', where: [{ field: 'open', equals: true }] };
  const { structured } = await app.call('try_condition', { stream: 'doors', condition });
  expect(structured).toMatchObject({ nextCalls: [{ arguments: { stream: 'doors', condition } }] });
});
