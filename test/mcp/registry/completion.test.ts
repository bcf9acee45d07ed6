/** Completion of arguments and variables through the official clients: streams, keys, and values of an app's own, bounded. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { PUBLIC } from '../../../src/base/principal.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { completeKeys, completeStreams, defineApp, prompt, resource, stream } from '../../../src/index.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createAppStreams } from '../../../src/calls/streams.ts';
import { type Served, serveApp } from '../served.ts';

const Reading = z.object({ sensor: z.string(), celsius: z.number() });
const plant = stream({ description: 'Temperatures', schema: Reading, key: 'sensor' });
const pumps = stream({ description: 'Pumps', schema: Reading, key: 'sensor' });
const notes = stream({ description: 'Notes', schema: z.object({ text: z.string() }) });
const words = Array.from({ length: 250 }, (_, n) => `word-${n}`);
const run = () => Promise.resolve('');

const app = defineApp({
  name: 'completes',
  version: '1',
  description: 'Completes',
  streams: { plant, pumps, notes },
  prompts: {
    brief: prompt({
      description: 'A brief.',
      arguments: [
        { name: 'stream', complete: completeStreams },
        { name: 'sensor', complete: completeKeys(plant) },
        { name: 'pump', complete: completeKeys('pumps') },
        { name: 'key', complete: completeKeys({ argument: 'stream' }) },
        { name: 'note', complete: completeKeys(notes) },
        { name: 'word', complete: (value) => Promise.resolve(words.filter((word) => word.startsWith(value))) },
        { name: 'free' },
      ],
      run,
    }),
  },
  resources: {
    files: resource({ uri: 'files://{+path}', complete: { path: async () => ['/srv/a.md'] }, read: run }),
    report: resource({ uri: 'report://{sensor}/{day}', complete: { sensor: completeKeys(plant) }, read: run }),
  },
});

const counted = countCalls(createMemoryStore({}));
let served: Served;
beforeAll(async () => {
  const { store } = counted;
  served = await serveApp(app, { store, builtIns: true });
  const streams = createAppStreams({ app, store, runtime: systemRuntime(() => {}) }, PUBLIC);
  for (let n = 0; n < 150; n += 1) await streams.append(plant, { sensor: `boiler-${n}`, celsius: n });
  await streams.append(plant, { sensor: 'é pump', celsius: 1 });
  await streams.append(pumps, { sensor: 'p1', celsius: 1 });
  await streams.append(notes, { text: 'a note' });
});
afterAll(() => served.close());

const complete = (name: string) =>
  served.call(
    'completion/complete',
    { ref: { type: 'ref/prompt', name: 'brief' }, argument: { name, value: '' } },
    { headers: { 'Mcp-Name': null } },
  );

// Before any client has a stream of its own, which reads beside.
test('one call to the store finds keys, and none the streams', async () => {
  const before = counted.total();
  expect((await complete('stream')).status).toBe(200);
  expect(counted.total()).toBe(before);
  expect((await complete('sensor')).status).toBe(200);
  expect(counted.total()).toBe(before + 1);
});

describe.each([{ pin: '2026-07-28' }, 'legacy'] as const)('the official client (%j)', (mode) => {
  let client: Client;
  beforeAll(async () => {
    client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
  });
  afterAll(() => client.close());

  async function ofPrompt(name: string, value: string, chosen?: Record<string, string>) {
    const ref = { type: 'ref/prompt' as const, name: 'brief' };
    const context = chosen ? { context: { arguments: chosen } } : {};
    return (await client.complete({ ref, argument: { name, value }, ...context })).completion;
  }

  async function ofTemplate(uri: string, name: string, value: string, chosen?: Record<string, string>) {
    const ref = { type: 'ref/resource' as const, uri };
    const context = chosen ? { context: { arguments: chosen } } : {};
    return (await client.complete({ ref, argument: { name, value }, ...context })).completion;
  }

  test.each([
    ['', ['plant', 'pumps', 'notes']],
    ['p', ['plant', 'pumps']],
    ['x', []],
  ])('finds streams that begin with %j', async (value, values) => {
    expect(await ofPrompt('stream', value)).toEqual({ values, total: values.length, hasMore: false });
  });

  test('finds keys of a stream, by its declaration and by its name', async () => {
    expect(await ofPrompt('sensor', 'boiler-14')).toEqual({
      values: ['boiler-14', ...Array.from({ length: 10 }, (_, n) => `boiler-14${n}`)],
      total: 11,
      hasMore: false,
    });
    expect((await ofPrompt('sensor', 'é')).values).toEqual(['é pump']);
    expect((await ofPrompt('pump', '')).values).toEqual(['p1']);
    expect((await ofTemplate('report://{sensor}/{day}', 'sensor', 'é')).values).toEqual(['é pump']);
  });

  test('finds what has slashes', async () => {
    expect((await ofTemplate('files://{+path}', 'path', '/srv')).values).toEqual(['/srv/a.md']);
  });

  test('finds keys of the stream that another argument says', async () => {
    expect((await ofPrompt('key', '', { stream: 'pumps' })).values).toEqual(['p1']);
    const none: Record<string, string>[] = [{}, { stream: 'nope' }, { stream: 'notes' }, { stream: '__proto__' }];
    for (const chosen of none) {
      expect(await ofPrompt('key', '', chosen)).toEqual({ values: [], total: 0, hasMore: false });
    }
  });

  test('sees the first 100, and that there are more', async () => {
    const keys = await ofPrompt('sensor', 'boiler');
    expect([keys.values.length, keys.total, keys.hasMore]).toEqual([100, undefined, true]);
    const found = await ofPrompt('word', 'word');
    expect([found.values, found.total, found.hasMore]).toEqual([words.slice(0, 100), 250, true]);
    const template = await ofTemplate('stream://{name}/{key}', 'key', 'boiler', { name: 'plant' });
    expect([template.values.length, template.total, template.hasMore]).toEqual([100, undefined, true]);
    const anywhere = await ofTemplate('stream://{name}/{key}', 'key', '');
    expect([anywhere.values.length, anywhere.hasMore]).toEqual([100, true]);
  });

  test('finds nothing where there is nothing to find, and is refused what there is not', async () => {
    const nothing = { values: [], total: 0, hasMore: false };
    expect(await ofPrompt('free', 'x')).toEqual(nothing);
    expect(await ofPrompt('note', '')).toEqual(nothing);
    expect(await ofTemplate('report://{sensor}/{day}', 'day', '')).toEqual(nothing);
    expect(await ofTemplate('stream://{name}/{key}', 'key', '', { name: 'notes' })).toEqual(nothing);
    expect(await ofPrompt('sensor', 'k'.repeat(10_000))).toEqual(nothing);
    await expect(ofPrompt('nope', '')).rejects.toMatchObject({ code: -32_602 });
    await expect(ofTemplate('nope://{a}', 'a', '')).rejects.toMatchObject({ code: -32_602 });
  });
});
