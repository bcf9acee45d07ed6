/** What an app decides of the tools that come with the package. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { type AppOptions, defineApp, stream, tool } from '../../../src/index.ts';
import { listedTools } from '../../tools/listed.ts';

const events = stream({ description: 'Events', schema: z.object({ a: z.number() }) });
const appOf = (more: Partial<AppOptions>) =>
  defineApp({ name: 'chosen', version: '1', description: 'd', streams: { events }, ...more });
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

test('an unknown name is told with the one that was meant', () => {
  const builtIns = { read_lates: false } as AppOptions['builtIns'];
  expect(() => appOf({ builtIns })).toThrow(
    expect.objectContaining({ field: 'builtIns.read_lates', expected: expect.stringContaining('read_latest') }),
  );
});
