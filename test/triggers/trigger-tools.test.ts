/** What agents and operators learn of triggers: tools and the command line; late events, removals, retention. */
import { join } from 'node:path';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { type App, defineApp, stream, trigger } from '../../src/index.ts';
import { createTestApp } from '../../src/testing.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { triggersCommand } from '../../src/hosts/cli/commands/triggers-command.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { streamLog } from '../../src/streams/log/stream-log.ts';
import { temporaryFolder } from '../hosts/child.ts';

const temps = stream({
  description: 'Temperatures',
  schema: z.object({ room: z.string(), celsius: z.number(), at: z.string() }),
  key: 'room',
  time: 'at',
});
const base = {
  description: 'A room is hot',
  on: temps,
  when: { kind: 'threshold', field: 'celsius', above: 30 },
} as const;
const declared = (more: Partial<Parameters<typeof trigger>[0]> = {}): App =>
  defineApp({
    name: 'house',
    version: '1.0.0',
    description: 'A house',
    streams: { temps },
    triggers: { hot: trigger({ ...base, ...more }) },
  });
const iso = (time: number) => new Date(time).toISOString();

test('list_triggers tells what was found, and try_condition what would have been', async () => {
  const app = createTestApp(declared());
  expect((await app.call('list_triggers', {})).structured).toMatchObject({
    triggers: [{ name: 'hot', lateMs: 0, occurrences: 0, last: null }],
  });
  for (const celsius of [31, 29, 35]) {
    await app.streams.append('temps', { room: 'attic', celsius, at: iso(app.now()) });
    await app.advance(60_000);
  }
  await app.scheduled();
  const listed = await app.call('list_triggers', { name: 'hot' });
  expect(listed.structured).toMatchObject({
    triggers: [{ occurrences: 1, last: { key: 'attic', title: 'hot: attic, 35' } }],
  });
  expect(listed.text).toContain('When: {"kind":"threshold","field":"celsius","above":30}. Fired 1 times');
  const [next] = (listed.structured as { nextCalls: { tool: string; arguments: Record<string, unknown> }[] }).nextCalls;
  expect(next).toMatchObject({
    tool: 'try_condition',
    arguments: { stream: 'temps', condition: { kind: 'threshold', field: 'celsius', above: 30 } },
  });
  expect((await app.call('try_condition', next?.arguments ?? {})).structured).toMatchObject({ count: 2 });
  await expect(app.call('list_triggers', { name: 'cold' })).resolves.toMatchObject({ isError: true });
  const tried = await app.call('try_condition', {
    stream: 'temps',
    condition: { kind: 'threshold', field: 'celsius', above: 30 },
    from: '-1h',
  });
  expect(tried.structured).toMatchObject({
    count: 2,
    events: 3,
    firings: [
      { key: 'attic', value: 31 },
      { key: 'attic', value: 35 },
    ],
  });
  const wrong = await app.call('try_condition', {
    stream: 'temps',
    condition: { kind: 'threshold', field: 'celcius', above: 30 },
  });
  expect(wrong).toMatchObject({ isError: true });
  expect(wrong.text).toContain('condition.field');
});

test('apps without triggers have neither tool', async () => {
  const app = createTestApp(defineApp({ name: 'house', version: '1', description: 'A house', streams: { temps } }));
  const { tools } = (await app.request('tools/list', {})) as { tools: { name: string }[] };
  expect(tools.map(({ name }) => name)).not.toContain('try_condition');
});

test('an event that comes too late is not judged, and it is told what it would have changed', async () => {
  const app = createTestApp(declared({ lateMs: 30_000 }));
  const append = (celsius: number, at: number) => app.streams.append('temps', { room: 'attic', celsius, at: iso(at) });
  const begun = app.now();
  await append(20, begun);
  await app.advance(120_000);
  await append(21, begun + 120_000);
  await app.scheduled();
  await app.advance(120_000);
  await append(22, begun + 240_000);
  await app.scheduled();
  await append(40, begun + 10_000);
  await append(10, begun + 20_000);
  await app.scheduled();
  await app.advance(60_000);
  await app.scheduled();
  const { structured } = await app.call('list_triggers', {});
  expect(structured).toMatchObject({
    triggers: [{ occurrences: 0, late: 2, lateEvents: [{ wouldHave: 'changed nothing' }, { wouldHave: 'begun' }] }],
  });
});

test('events within lateMs are judged in the order of their times', async () => {
  const store = createMemoryStore();
  const app = createTestApp(declared({ lateMs: 30_000, alarm: {} }), { store });
  const begun = app.now();
  await app.streams.append('temps', { room: 'attic', celsius: 20, at: iso(begun + 20_000 - 15_000) });
  await app.streams.append('temps', { room: 'attic', celsius: 31, at: iso(begun - 10_000) });
  await app.scheduled();
  expect((await store.extent(streamLog('public', 'trigger.hot'))).count).toBe(0);
  await app.advance(60_000);
  await app.scheduled();
  const { entries } = await store.read(streamLog('public', 'trigger.hot'), null, 10);
  expect(entries.map(({ value }) => (value as { data: { became: string; value: number } }).data)).toMatchObject([
    { became: 'holding', value: 31 },
    { became: 'ceased', value: 20 },
  ]);
});

test('what is removed from a stream is removed from the log of its triggers', async () => {
  const store = createMemoryStore();
  const app = createTestApp(declared(), { store });
  for (const room of ['attic', 'cellar']) await app.streams.append('temps', { room, celsius: 31, at: iso(app.now()) });
  await app.scheduled();
  await app.streams.remove('temps', { key: 'attic' });
  for (let minutes = 0; minutes < 4; minutes += 1) {
    await app.scheduled();
    await app.advance(60_000);
  }
  const { entries } = await store.read(streamLog('public', 'trigger.hot'), null, 10);
  expect(JSON.stringify(entries)).not.toContain('attic');
  expect(JSON.stringify(entries)).toContain('cellar');
  const record = await store.get({ partition: 'public/trigger', id: 'hot' }, app.now());
  expect(JSON.stringify((record.value as { keys: unknown }).keys)).not.toContain('attic');
});

test('tidegate triggers try says what would have fired, and changes nothing', async () => {
  const environment = { STORE: 'sqlite', SQLITE_PATH: join(temporaryFolder(), 'house.db') };
  const app = declared({ says: ({ value }) => `too hot: ${value}` });
  const runtime = nodeRuntime(() => {});
  const store = await openStore(readConfig(environment, 'sqlite'), runtime, app.name);
  const streams = createAppStreams({ app, store, runtime }, PUBLIC);
  const now = Date.now();
  for (const [index, celsius] of [31, 29, 33].entries()) {
    await streams.append('temps', { room: 'attic', celsius, at: iso(now - 60_000 + index * 1_000) });
  }
  await store.close();
  const lines: string[] = [];
  const command = (...args: string[]) =>
    triggersCommand({
      args,
      environment,
      loadApp: async () => app,
      misused: (message) => (lines.push(message), 2),
      print: (line) => lines.push(line),
    });
  expect(await command('try', 'hot', '--from', '-7d')).toBe(0);
  expect(lines.splice(0)).toMatchObject([
    expect.stringContaining('hot would have fired 2 times, by 3 events'),
    expect.stringContaining('too hot: 31'),
    expect.stringContaining('too hot: 33'),
  ]);
  expect(await command('try', 'hot', '--from', '-7d', '--json')).toBe(0);
  expect(JSON.parse(lines.splice(0).join(''))).toMatchObject({
    trigger: 'hot',
    count: 2,
    firings: [{ value: 31 }, { value: 33 }],
  });
  expect(await command('list')).toBe(0);
  expect(lines.splice(0)[1]).toMatch(/^hot +temps +0 +/);
  expect(await command('try', 'hoot', '--from', '-7d')).toBe(2);
  expect(lines.splice(0)).toEqual([expect.stringContaining('there is no trigger hoot')]);
  expect(await command('try', 'hot')).toBe(2);
});
