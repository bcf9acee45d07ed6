/** Finding streams: by words and by the page, each half of the answer by itself. */
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { utf8Bytes } from '../../src/base/json.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { systemRuntime } from '../../src/base/runtime.ts';
import type { Caller } from '../../src/calls/caller.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import { defineApp, stream } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { completed } from '../mcp/registry/completed.ts';
import { createTestApp } from '../../src/testing.ts';
import { composed } from './listed.ts';
import { THEMES } from './questions/themes.ts';
import type { App } from '../../src/declare/app.ts';

const PAGE_BYTES = 25_000;

async function stage(app: App, examples: Readonly<Record<string, object>> = {}) {
  const store = createMemoryStore();
  const runtime = systemRuntime(() => {});
  const deadline = runtime.now() + 20_000;
  const streams = createAppStreams({ app, store, runtime }, PUBLIC, deadline);
  for (const [name, data] of Object.entries(examples)) await streams.append(name, data);
  const registry = composed(app, store);
  const caller = { principal: PUBLIC, account: { store }, deadline, clientCapabilities: null, retry: null, meta: {} };
  const rest = { signal: new AbortController().signal, log: () => {}, progress: () => {}, emit: () => {} };
  return async (args: object) => {
    const given: Caller = { ...caller, ...rest };
    const { content, structuredContent } = completed(await registry.tools.call('list_streams', args, given));
    const [first] = content;
    const {
      streams: listed,
      next,
      hint,
    } = structuredContent as {
      streams: { name: string }[];
      next: string | null;
      hint?: string;
    };
    const text = first?.type === 'text' ? first.text : '';
    return {
      text,
      names: listed.map(({ name }) => name),
      next,
      hint,
      bytes: utf8Bytes(JSON.stringify(structuredContent)),
    };
  };
}

test('what an event may lack, and its latest time where that is another one than that of its arrival', async () => {
  const readings = stream({
    description: 'Readings',
    schema: z.object({
      machine: z.string(),
      temp: z.number(),
      vibration: z.number().optional().meta({ unit: 'mm/s' }),
      motor: z.object({ rpm: z.number().nullable() }).nullable(),
    }),
    key: 'machine',
    time: () => times.shift() ?? 0,
    aheadMs: 600_000,
  });
  const app = createTestApp(defineApp({ name: 'plant', version: '1', description: 'Plant', streams: { readings } }));
  const times = [app.now() - 40 * 86_400_000, app.now() - 7_200_000, app.now() - 10_800_000];
  const listed = async () => {
    const { text, structured } = await app.call('list_streams', { stream: 'readings' });
    return { text, stream: (structured as { streams: Record<string, unknown>[] }).streams[0] };
  };
  const append = () => app.streams.append('readings', { machine: 'a', temp: 1, motor: null });
  expect((await listed()).stream).toMatchObject({ newestAt: null, newestTime: null });
  for (let index = 0; index < 3; index += 1) await append();
  await app.scheduled();
  const { text, stream: found } = await listed();
  expect(found).toMatchObject({
    newestTime: new Date(app.now() - 7_200_000).toISOString().replace('.000', ''),
    fields: [
      { name: 'machine', type: 'text' },
      { name: 'temp', type: 'number' },
      { name: 'vibration', optional: true },
      { name: 'motor.rpm', optional: true },
    ],
  });
  expect(found?.['fields']).not.toContainEqual(expect.objectContaining({ name: 'temp', optional: true }));
  expect(text).toContain('latest time 2025-12-31T22:00:00Z (2 h ago)');
  expect(text).toContain('vibration number [mm/s], may be missing');
  expect(text).toContain('late ones are taken');
  expect(text).not.toMatch(/late by|late 1/);
  times.push(app.now());
  await append();
  await app.scheduled();
  expect((await listed()).text).not.toContain('latest time');
});

describe('search', () => {
  const { app, examples } = THEMES['log'] ?? expect.fail('no theme');
  test.each([
    ['a name', 'deploys', ['deploys']],
    ['a word of a description, whatever its case', 'HTTP', ['requests']],
    ['a plural', 'problem', ['problems']],
    ['a field', 'country', ['requests']],
    ['a value of a field', 'fatal', ['problems']],
    ['a key, of every stream that has it', 'checkout', ['requests', 'problems', 'deploys']],
    ['words of which no stream has all: those with the most', 'country status nonsense', ['requests']],
  ])('%s', async (_what, search, names) => {
    const list = await stage(app, examples);
    const found = await list({ search });
    expect(found.names).toEqual(names);
    for (const name of names) expect(found.text).toContain(`stream://${name}`);
  });

  test('nothing is told with the names that there are', async () => {
    const found = await (await stage(app))({ search: 'nonsense' });
    expect(found.names).toEqual([]);
    expect(found.text).toContain('requests, problems, deploys');
    expect(found.hint).toContain('requests, problems, deploys');
  });
});

test.each([
  [50, 5],
  [30, 60],
  [3, 60],
])('%i streams of %i fields are walked by the printed calls alone, in pages that fit', async (count, fields) => {
  const about = 'How far it is from here to there, measured by hand. '.repeat(4);
  const shape = Object.fromEntries(
    Array.from({ length: fields }, (_, index) => [`field${index}`, z.number().meta({ unit: 'm' }).describe(about)]),
  );
  const each = Array.from({ length: count }, (_, index) => [
    `s${index}`,
    stream({ description: about, schema: z.object(shape) }),
  ]);
  const list = await stage(
    defineApp({ name: 'many', version: '1', description: 'Many', streams: Object.fromEntries(each) }),
  );
  const seen: string[] = [];
  let args: object | null = { search: 'measured' };
  while (args !== null) {
    const page: Awaited<ReturnType<typeof list>> = await list(args);
    seen.push(...page.names);
    if (page.names.length > 1) expect(Math.max(page.bytes, utf8Bytes(page.text))).toBeLessThanOrEqual(PAGE_BYTES);
    const [, next] = /list_streams (\{.*\})$/.exec(page.text) ?? [];
    expect(next !== undefined).toBe(page.next !== null);
    args = next === undefined ? null : (JSON.parse(next) as object);
  }
  expect(seen).toEqual(each.map(([name]) => name));
});

const one = () => stream({ description: 'One', schema: z.object({ a: z.number() }) });

test('a page of more streams than are looked at says that an arrival may be that of a mark, and a smaller page is exact', async () => {
  const streams = Object.fromEntries(Array.from({ length: 11 }, (_, index) => [`s${index}`, one()]));
  const app = createTestApp(defineApp({ name: 'many', version: '1', description: 'Many', streams }));
  await app.streams.append('s0', { a: 1 });
  const first = async (args: Record<string, unknown>) => {
    const { text, structured } = await app.call('list_streams', args);
    const { streams: listed } = structured as { streams: Record<string, unknown>[] };
    return { text, marked: listed.map((each) => each['newestMayBeMark']).filter(Boolean) };
  };
  const many = await first({});
  expect(many.marked).toEqual([true]);
  expect(many.text).toContain('or a gap or a removal did: list it alone to know');
  const alone = await first({ stream: 's0' });
  expect(alone.marked).toEqual([]);
  expect(alone.text).not.toContain('a removal did');
});
