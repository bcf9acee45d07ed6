/** What an app decides of the tools that come with the package. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { type AppOptions, defineApp, stream, task, tool } from '../../../src/index.ts';
import { createTestApp } from '../../../src/testing.ts';
import { listedTools } from '../../tools/listed.ts';

const events = stream({ description: 'Events', schema: z.object({ a: z.number() }) });
const appOf = (more: Partial<AppOptions>) =>
  defineApp({ name: 'chosen', version: '1', description: 'd', streams: { events }, ...more });
const without =
  (more: AppOptions['builtIns'], own: Partial<AppOptions> = {}) =>
  () =>
    appOf({ builtIns: { get_task: false, ...more }, ...own });
const mistake = (tool: string) =>
  expect.objectContaining({ field: 'builtIns.get_task', expected: expect.stringContaining(tool) });
const namesOf = (more: Partial<AppOptions>) => listedTools(appOf(more)).map(({ name }) => name);

test('all are there unless one is left out, and a task can be too', () => {
  const all = namesOf({});
  expect(all).toEqual(expect.arrayContaining(['export_history', 'tail_stream']));
  const fewer = namesOf({ builtIns: { tail_stream: false, export_history: false, read_latest: true } });
  expect(fewer).toEqual(all.filter((name) => name !== 'tail_stream' && name !== 'export_history'));
});

test('one is described anew, and takes the same arguments', () => {
  const [before, after] = [
    appOf({}),
    appOf({ builtIns: { read_latest: { title: 'Now', description: 'What is now' } } }),
  ].map((app) => listedTools(app).find(({ name }) => name === 'read_latest'));
  expect(after).toEqual({ ...before, title: 'Now', description: 'What is now' });
});

test('the name of one that is left out is free, that of another is not', () => {
  const tools = { read_latest: tool({ description: 'Mine', run: async () => 'x' }) };
  expect(() => namesOf({ tools })).toThrow(expect.objectContaining({ field: 'tools.read_latest' }));
  const own = listedTools(appOf({ tools, builtIns: { read_latest: false } }));
  expect(own.filter(({ name }) => name === 'read_latest').map(({ description }) => description)).toEqual(['Mine']);
});

test('no answer names a call of one that is left out, in either half', async () => {
  const all = createTestApp(appOf({}));
  const fewer = createTestApp(appOf({ builtIns: { tail_stream: false, cancel_task: false } }));
  const answers = await Promise.all(
    [all, fewer].map(async (at) => {
      await at.streams.append('events', { a: 1 });
      return at.call('read_history', { stream: 'events' });
    }),
  );
  expect(answers.map(({ text }) => text.includes('What comes after: tail_stream {'))).toEqual([true, false]);
  expect(answers.map(({ structured }) => (structured as Record<string, unknown>)['nextCalls'] !== undefined)).toEqual([
    true,
    false,
  ]);
  const found = await Promise.all(
    [all, fewer].map(async (at) => JSON.stringify(await at.request('resources/read', { uri: 'stream://events' }))),
  );
  expect(found.map((text) => text.includes('tail_stream'))).toEqual([true, false]);
  // Those of others stay.
  const begun = await fewer.call('export_history', { stream: 'events' });
  expect(begun.text).toContain('get_task {');
  expect(begun.structured).toMatchObject({ nextCalls: [{ tool: 'get_task' }] });
});

test('that which reads the results of tasks cannot be left out while there are tasks', () => {
  expect(without({})).toThrow(mistake('wait_for'));
  expect(without({ wait_for: false })).toThrow(mistake('export_history'));
  expect(without({ wait_for: false, export_history: false })).not.toThrow();
  expect(without({}, { streams: {} })).not.toThrow();
  const nap = task({ description: 'd', version: '1', run: async () => 'slept' });
  expect(without({}, { streams: {}, tasks: { nap } })).toThrow(mistake('the task nap'));
});

test('an unknown name is told with the one that was meant', () => {
  const builtIns = { read_lates: false } as AppOptions['builtIns'];
  expect(() => appOf({ builtIns })).toThrow(
    expect.objectContaining({ field: 'builtIns.read_lates', expected: expect.stringContaining('read_latest') }),
  );
});
