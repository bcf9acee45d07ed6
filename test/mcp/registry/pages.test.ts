/** Lists of more entries than a page has, through the official clients of each era; and cursors that are not theirs. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { defineApp, prompt, resource, tool } from '../../../src/index.ts';
import { listPageOf } from '../../../src/mcp/registry/pages.ts';
import { type Served, serveApp } from '../served.ts';

const COUNT = 257;
const names = Array.from({ length: COUNT }, (_, n) => `n${n}`);
const each = <Item>(make: (name: string) => Item): Record<string, Item> =>
  Object.fromEntries(names.map((name) => [name, make(name)]));
const run = () => Promise.resolve('');

const app = defineApp({
  name: 'many',
  version: '1',
  description: 'Has very many things',
  tools: each((name) => tool({ description: name, run })),
  prompts: each((name) => prompt({ description: name, run })),
  resources: {
    ...each((name) => resource({ uri: `one://${name}`, read: run })),
    ...Object.fromEntries(names.map((name) => [`t${name}`, resource({ uri: `${name}://{id}`, read: run })])),
  },
});

/** As `app`, and its templates find resources of their own. */
const finding = defineApp({
  name: 'finding',
  version: '1',
  description: 'Finds very many things',
  resources: {
    found: resource({
      uri: 'found://{id}',
      read: run,
      list: () => Promise.resolve(names.map((name) => ({ uri: `found://${name}`, name }))),
    }),
  },
});

const LISTS = [
  ['tools/list', 'tools'],
  ['prompts/list', 'prompts'],
  ['resources/list', 'resources'],
  ['resources/templates/list', 'resourceTemplates'],
] as const;

let served: Served;
let found: Served;
beforeAll(async () => {
  [served, found] = await Promise.all([serveApp(app), serveApp(finding)]);
});
afterAll(() => Promise.all([served.close(), found.close()]));

interface Reply {
  result: Record<string, unknown> & { nextCursor?: string };
  error: { code: number; data: Record<string, unknown> };
}

async function list(at: Served, method: string, cursor?: unknown): Promise<Reply> {
  const response = await at.call(method, cursor === undefined ? {} : { cursor });
  expect(response.status).toBe(200);
  return (await response.json()) as Reply;
}

describe.each(LISTS)('%s', (method, member) => {
  test('has three pages, all for as long and for the same callers', async () => {
    const sizes: number[] = [];
    const hints = new Set<string>();
    let cursor: string | undefined;
    do {
      const { result } = await list(served, method, cursor);
      sizes.push((result[member] as unknown[]).length);
      hints.add(JSON.stringify([result.ttlMs, result.cacheScope]));
      cursor = result.nextCursor;
    } while (cursor !== undefined);
    expect(sizes).toEqual([100, 100, 57]);
    expect([...hints]).toEqual(['[300000,"public"]']);
  });

  test('refuses every cursor that is not its own', async () => {
    const others = await Promise.all(LISTS.filter(([other]) => other !== method).map(([other]) => list(served, other)));
    const { nextCursor: own = '' } = (await list(served, method)).result;
    const changed = Array.from(own, (character, at) => {
      const other = character === 'A' ? 'B' : 'A';
      return own.slice(0, at) + other + own.slice(at + 1);
    });
    const place = atob(own).split(':')[0] ?? '';
    const made = [`${place}:100`, `${place}:0x64`, `${place}:1e2`, `${place}:0`, `${place}:-100`, `${place}:50`];
    const wrong = [
      ...others.map(({ result }) => result.nextCursor),
      ...changed,
      ...made.map(btoa),
      ` ${own}`,
      `${own}=`,
    ];
    for (const cursor of [...wrong, own.slice(0, -1), '', '%', 'é', 'x'.repeat(100_000), 7, {}, ['a'], true]) {
      const { error, result } = await list(served, method, cursor);
      expect([result, error?.code], JSON.stringify(cursor)?.slice(0, 100)).toEqual([undefined, -32_602]);
    }
    expect((await list(served, method, own)).result[member]).toHaveLength(100);
  });
});

test('a list that is empty, or whose end was cut off meanwhile, has no page behind', () => {
  expect(listPageOf('tools', [], undefined)).toEqual({ items: [] });
  expect(listPageOf('tools', names.slice(0, 100), undefined)).toEqual({ items: names.slice(0, 100) });
  const { nextCursor } = listPageOf('tools', names, undefined);
  expect(() => listPageOf('tools', names.slice(0, 100), nextCursor)).toThrow('not one of tools');
  expect(listPageOf('tools', names.slice(0, 101), nextCursor)).toEqual({ items: ['n100'] });
});

test('what templates find is in pages too, of one scope', async () => {
  const first = await list(found, 'resources/list');
  const second = await list(found, 'resources/list', first.result.nextCursor);
  const third = await list(found, 'resources/list', second.result.nextCursor);
  const pages = [first, second, third];
  expect(pages.map(({ result }) => (result.resources as unknown[]).length)).toEqual([100, 100, 57]);
  expect(new Set(pages.map(({ result }) => `${String(result.ttlMs)} ${String(result.cacheScope)}`))).toEqual(
    new Set(['10000 private']),
  );
  expect(third.result.nextCursor).toBeUndefined();
});

/** All entries of a list, as a client finds them page by page. */
async function walk(
  next: (cursor: string | undefined) => Promise<{ items: { name: string }[]; cursor?: string | undefined }>,
) {
  const all: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await next(cursor);
    all.push(...page.items.map(({ name }) => name));
    ({ cursor } = page);
  } while (cursor !== undefined);
  return all;
}

type Params = { cursor: string } | undefined;
interface Lister {
  listTools(params: Params): Promise<{ tools: { name: string }[]; nextCursor?: string | undefined }>;
  listPrompts(params: Params): Promise<{ prompts: { name: string }[]; nextCursor?: string | undefined }>;
  listResources(params: Params): Promise<{ resources: { name: string }[]; nextCursor?: string | undefined }>;
  listResourceTemplates(
    params: Params,
  ): Promise<{ resourceTemplates: { name: string }[]; nextCursor?: string | undefined }>;
}

const at = (cursor: string | undefined) => (cursor === undefined ? undefined : { cursor });

async function expectAll(client: Lister): Promise<void> {
  const found = await Promise.all([
    walk(async (cursor) => {
      const { tools: items, nextCursor } = await client.listTools(at(cursor));
      return { items, cursor: nextCursor };
    }),
    walk(async (cursor) => {
      const { prompts: items, nextCursor } = await client.listPrompts(at(cursor));
      return { items, cursor: nextCursor };
    }),
    walk(async (cursor) => {
      const { resources: items, nextCursor } = await client.listResources(at(cursor));
      return { items, cursor: nextCursor };
    }),
    walk(async (cursor) => {
      const { resourceTemplates: items, nextCursor } = await client.listResourceTemplates(at(cursor));
      return { items, cursor: nextCursor };
    }),
  ]);
  expect(found).toEqual([names, names, names, names.map((name) => `t${name}`)]);
}

test.each(['auto', { pin: '2026-07-28' }, 'legacy'] as const)(
  'the v2 client finds all of each list (%j)',
  async (mode) => {
    const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
    await expectAll(client);
    await client.close();
  },
);

test('the v1 client finds all of each list', async () => {
  const client = new OldClient({ name: 't', version: '0' });
  await client.connect(new OldTransport(new URL(served.mcpUrl)));
  await expectAll(client);
  await client.close();
});
