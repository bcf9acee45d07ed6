import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { PUBLIC } from '../../../src/base/principal.ts';
import { type AppOptions, defineApp, prompt, resource, TidegateError, tool } from '../../../src/index.ts';
import type { HandlerDeps } from '../../../src/calls/deps.ts';
import type { Caller } from '../../../src/calls/caller.ts';
import type { Extension } from '../../../src/mcp/extension.ts';
import { createRegistry } from '../../../src/mcp/registry/registry.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { completed } from './completed.ts';
import { NO_STATES } from '../../calls/states.ts';

const nothing = () => {};
const store = createMemoryStore();
const caller: Caller = {
  principal: PUBLIC,
  account: { store },
  signal: new AbortController().signal,
  deadline: 1_000,
  clientCapabilities: {},
  retry: null,
  meta: {},
  log: nothing,
  progress: nothing,
  emit: nothing,
};

const deps: HandlerDeps = {
  runtime: { now: () => 0, newId: () => 'ref-1', log: nothing, sleep: () => new Promise(nothing) },
  streamsFor: () => {
    throw new TidegateError('internal', 'no streams here');
  },
  requestStates: NO_STATES,
};

function registryOf(options: Partial<AppOptions>, builtIns: Extension = {}, own: Partial<HandlerDeps> = {}) {
  const app = defineApp({ name: 'r', version: '1', description: 'd', ...options });
  return createRegistry({ ...deps, ...own, app }, [builtIns]);
}

const plain = (description = 'd') => tool({ description, run: () => Promise.resolve('x') });

const template = (uri: string) => resource({ uri, read: () => Promise.resolve('') });

function configError(make: () => unknown): { code: string; field: string | null; expected: string | null } {
  try {
    make();
  } catch (thrown) {
    if (thrown instanceof TidegateError) return thrown;
    throw thrown;
  }
  throw new Error('nothing was thrown');
}

describe('what cannot be served is refused when the registry is built', () => {
  it.each([
    [
      'tools.list_streams',
      () => registryOf({ tools: { list_streams: plain() } }, { tools: { list_streams: plain() } }),
    ],
    [
      'resources.mine.uri',
      () => registryOf({ resources: { mine: template('n://{id}') } }, { resources: { theirs: template('n://{id}') } }),
    ],
    ['tools.t.input', () => registryOf({ tools: { t: tool({ ...plain(), input: z.string() }) } })],
    ['tools.t.output', () => registryOf({ tools: { t: { ...plain(), output: z.array(z.number()) } } })],
    ['tools.t.input.at', () => registryOf({ tools: { t: tool({ ...plain(), input: z.object({ at: z.date() }) }) } })],
    ['tools.t.inputJsonSchema', () => registryOf({ tools: { t: { ...plain(), inputJsonSchema: { type: 'array' } } } })],
    [
      'tools.t.input',
      () => {
        const input = z.object({ n: z.number().meta({ 'x-mcp-header': 'N' }) });
        return registryOf({ tools: { t: tool({ ...plain(), input }) } });
      },
    ],
    [
      'tools.t.input',
      () => {
        const input = z.object({ list: z.array(z.string().meta({ 'x-mcp-header': 'Item' })) });
        return registryOf({ tools: { t: tool({ ...plain(), input }) } });
      },
    ],
    ['resources.r.uri', () => registryOf({ resources: { r: template('a://{?path}') } })],
  ])('%s', (field, make) => {
    expect(configError(make)).toMatchObject({ code: 'invalid_config', field, expected: expect.any(String) as string });
  });
});

describe('lists', () => {
  it('come in pages of 100 that meet without a gap', () => {
    const names = Array.from({ length: 250 }, (_, index) => `t${index}`);
    const { tools } = registryOf({ tools: Object.fromEntries(names.map((name) => [name, plain()])) });
    const seen: string[] = [];
    let cursor: string | undefined;
    let pages = 0;
    do {
      const page = tools.list(cursor);
      seen.push(...page.items.map(({ name }) => name));
      cursor = page.nextCursor;
      pages += 1;
    } while (cursor !== undefined);
    expect(pages).toBe(3);
    expect(seen).toEqual(names);
  });

  it('are the same objects each time: nothing is converted while a request waits', () => {
    const { tools } = registryOf({ tools: { t: plain() } });
    expect(tools.list(undefined).items[0]).toBe(tools.list(undefined).items[0]);
  });

  it.each([
    '',
    'x',
    btoa('tools:100'),
    btoa('tools:0'),
    btoa('tools:-100'),
    btoa('tools:1e2:3'),
    btoa('resources:100'),
  ])('refuse the cursor %j', (cursor) => {
    const { tools } = registryOf({ tools: { t: plain() } });
    expect(() => tools.list(cursor)).toThrow(expect.objectContaining({ code: 'bad_cursor' }) as Error);
  });

  it('hold what a template lists, for the caller alone', async () => {
    const listed = resource({
      uri: 'n://{id}',
      mimeType: 'text/plain',
      read: () => Promise.resolve(''),
      list: () => Promise.resolve([{ uri: 'n://1', name: 'one' }]),
    });
    const fixed = resource({ uri: 'f://x', read: () => Promise.resolve('') });
    const { resources } = registryOf({ resources: { listed, fixed } });
    expect(await resources.list(undefined, caller)).toEqual({
      items: [
        { uri: 'f://x', name: 'fixed' },
        { uri: 'n://1', name: 'one', mimeType: 'text/plain' },
      ],
      ttlMs: 10_000,
      cacheScope: 'private',
    });
    const { resources: declared } = registryOf({ resources: { fixed } });
    expect(await declared.list(undefined, caller)).toMatchObject({ ttlMs: 300_000, cacheScope: 'public' });
  });
});

describe('a list of a template with a wrong item', () => {
  it('is an error that names the resource and the item', async () => {
    const items = [{ uri: 'n://1', name: 'one' }, { uri: 'n://2' }];
    const docs = resource({ uri: 'n://{id}', read: async () => '', list: async () => items as never });
    const list = registryOf({ resources: { docs } }).resources.list(undefined, caller);
    await expect(list).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringMatching(/^the resource docs listed .*list\(\)\[1\]\.name: expected a text/),
    });
  });
});

const readsItsVariables = async (variables: Record<string, string>) => JSON.stringify(variables);

function readOf(uri: string, dotSegments?: boolean) {
  const flag = dotSegments === undefined ? {} : { dotSegments };
  const simple = resource({ uri: 'docs://files/{name}', read: readsItsVariables, ...flag });
  const more = resource({ uri: 'tree://files/{+path}', read: readsItsVariables, ...flag });
  const dotted = resource({ uri: 'dots://files/.{name}', read: readsItsVariables, ...flag });
  return registryOf({ resources: { simple, more, dotted } }).resources.read(uri, caller);
}

describe('a URI with a `..` between slashes', () => {
  it.each([
    'docs://files/..%2F..%2Fetc%2Fpasswd',
    'docs://files/%2e%2e%2fetc',
    'docs://files/..%5C..%5Cetc',
    'docs://files/a%2F..%2F..%2Fb',
    'docs://files/..',
    'tree://files/../../etc/passwd',
    'tree://files/a/..%2F..%2F..%2Fetc',
    'tree://files/a/%2E%2E/b',
    'dots://files/..%2Fetc',
  ])('reads nothing: %s', async (uri) => {
    await expect(readOf(uri)).rejects.toMatchObject({
      code: 'not_found',
      field: 'uri',
      expected: expect.stringContaining('without a `..` between slashes'),
    });
    await expect(readOf(uri, true)).resolves.toMatchObject({ contents: [{ uri }] });
  });

  it.each([
    ['docs://files/a%2Fb', { name: 'a/b' }],
    ['docs://files/a..b', { name: 'a..b' }],
    ['docs://files/...', { name: '...' }],
    ['docs://files/%252e%252e%252f', { name: '%2e%2e%2f' }],
    ['tree://files/a/b..c/.d', { path: 'a/b..c/.d' }],
  ])('and %s is none', async (uri, variables) => {
    const text = JSON.stringify(variables);
    await expect(readOf(uri)).resolves.toMatchObject({ contents: [{ text }] });
  });
});

describe('calls', () => {
  it('put structured content into the text where there is none', async () => {
    const t = tool({ description: 'd', run: () => Promise.resolve({ structured: { a: 1 } }) });
    expect(await registryOf({ tools: { t } }).tools.call('t', undefined, caller)).toEqual({
      content: [{ type: 'text', text: '{"a":1}' }],
      structuredContent: { a: 1 },
    });
  });

  it('leave out what the output schema does not name', async () => {
    const output = z.object({ a: z.number() });
    const t = tool({ description: 'd', output, run: () => Promise.resolve({ structured: { a: 1, secret: 2 } }) });
    const { structuredContent } = completed(await registryOf({ tools: { t } }).tools.call('t', {}, caller));
    expect(structuredContent).toEqual({ a: 1 });
  });

  it('tell a handler that its time is over, and the model why nothing came', async () => {
    const over = Promise.withResolvers<void>();
    const runtime = { ...deps.runtime, sleep: () => over.promise };
    const t = tool({
      description: 'd',
      run: (_input, { signal }) =>
        new Promise<string>((_resolve, reject) => {
          signal.addEventListener('abort', () => reject(new Error('stopped')));
          over.resolve();
        }),
    });
    const { isError, content } = completed(
      await registryOf({ tools: { t } }, {}, { runtime }).tools.call('t', {}, caller),
    );
    expect(isError).toBe(true);
    expect(content).toEqual([{ type: 'text', text: 'The time for this request is over\nCode: cancelled.' }]);
  });

  it('stop watching the time when the handler is done', async () => {
    const watched: AbortSignal[] = [];
    const sleep = (_ms: number, signal?: AbortSignal) => {
      if (signal) watched.push(signal);
      return new Promise<void>(nothing);
    };
    const t = tool({ description: 'd', run: (_input, { signal }) => Promise.resolve(String(signal.aborted)) });
    await registryOf({ tools: { t } }, {}, { runtime: { ...deps.runtime, sleep } }).tools.call('t', {}, caller);
    expect(watched.map(({ aborted }) => aborted)).toEqual(watched.map(() => true));
  });

  it('bind the streams to the caller, its deadline and its view of the store, once and only when asked for', async () => {
    const bound: unknown[] = [];
    const streamsFor = (...given: unknown[]) => {
      bound.push(given);
      return { names: () => ['a'] } as never;
    };
    const reads = tool({
      description: 'd',
      run: (_input, context) => Promise.resolve([...context.streams.names(), ...context.streams.names()].join(',')),
    });
    const { tools } = registryOf({ tools: { reads, other: plain() } }, {}, { streamsFor });
    await tools.call('other', {}, caller);
    expect(bound).toEqual([]);
    await tools.call('reads', {}, caller);
    expect(bound).toEqual([[PUBLIC, 1_000, store]]);
  });

  it('pass the chosen values of other variables to a completion', async () => {
    const r = resource({
      uri: 'n://{a}/{b}',
      read: () => Promise.resolve(''),
      complete: { b: (value, _context, chosen) => Promise.resolve([`${chosen?.['a']}${value}`]) },
    });
    const registry = registryOf({ resources: { r } });
    const of = { type: 'ref/resource', uri: 'n://{a}/{b}' } as const;
    const found = await registry.complete(of, { name: 'b', value: '1', chosen: { a: 'x' } }, caller);
    expect(found).toEqual({ values: ['x1'], total: 1, hasMore: false });
    const unknown = registry.complete(of, { name: 'c', value: '' }, caller);
    await expect(unknown).rejects.toMatchObject({ code: 'invalid_input', expected: 'one of the arguments a, b' });
  });

  it('of a name that is misspelt are told the nearest one that the caller may know', async () => {
    const { tools, prompts } = registryOf({
      tools: { read_pump: plain() },
      prompts: { summary: prompt({ description: 'd', run: () => Promise.resolve('x') }) },
    });
    const near = { code: 'not_found', field: 'name' };
    await expect(tools.call('read_pmup', {}, caller)).rejects.toMatchObject({
      ...near,
      expected: 'the name of a tool that tools/list shows (did you mean read_pump?)',
    });
    await expect(tools.call('nothing', {}, caller)).rejects.toMatchObject({
      expected: 'the name of a tool that tools/list shows',
    });
    await expect(prompts.get('sumary', {}, caller)).rejects.toMatchObject({
      ...near,
      expected: expect.stringContaining('did you mean summary?'),
    });
  });
});
