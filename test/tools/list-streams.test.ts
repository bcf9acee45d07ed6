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
