/** Answers that are too large: kept whole, read by whom they were for, and by nobody else. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import * as z from 'zod';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ContentBlock, defineApp, TidegateError, tool } from '../../src/index.ts';
import { createSealer } from '../../src/base/seal.ts';
import { resultPage, resultPageKey } from '../../src/calls/names.ts';
import { RESULT_META } from '../../src/calls/result-answer.ts';
import { countCalls } from '../../src/store/counting.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { type Served, type ServeOptions, serveApp } from '../mcp/served.ts';

const LINES = Array.from({ length: 60_000 }, (_, n) => `line ${n} of a long text, é€😀`).join('\n');
const ROWS = Array.from({ length: 20_000 }, (_, n) => ({ n, name: `row ${n}` }));
const BYTES = Uint8Array.from({ length: 400_000 }, (_, n) => (n * 31) % 256);
const IMAGE = btoa(Array.from(BYTES, (byte) => String.fromCharCode(byte)).join(''));
const Rows = z.object({ rows: z.array(z.object({ n: z.number(), name: z.string() })) });
const ADA = { tenant: 'acme', subject: 'ada', client: 'inspector', scopes: ['*'] };

const app = defineApp({
  name: 'large',
  version: '1',
  description: 'Answers at length',
  tools: {
    lines: tool({ description: 'A long text.', run: () => Promise.resolve(LINES) }),
    rows: tool({
      description: 'Many rows.',
      output: Rows,
      run: () => Promise.resolve({ structured: { rows: ROWS } }),
    }),
    all_rows: tool({
      description: 'Very many rows, with a few words.',
      output: Rows,
      run: () => Promise.resolve({ text: 'Rows.', structured: { rows: [...ROWS, ...ROWS] } }),
    }),
    table: tool({
      description: 'Many rows, of no schema, with a few words.',
      run: () => Promise.resolve({ text: 'Rows.', structured: { rows: ROWS } }),
    }),
    both: tool({
      description: 'A long text about little.',
      output: z.object({ n: z.number() }),
      run: () => Promise.resolve({ text: LINES, structured: { n: 1 } }),
    }),
    report: tool({
      description: 'A long text about little, of no schema.',
      run: () => Promise.resolve({ text: LINES, structured: { n: 1 } }),
    }),
    refusing: tool({
      description: 'Says what is wrong as data that its schema does not know.',
      output: Rows,
      run: () => Promise.resolve({ text: 'No rows.', structured: { reason: 'locked' } as never, isError: true }),
    }),
    image: tool({
      description: 'A large image, and a few words.',
      run: () =>
        Promise.resolve({ text: 'An image:', content: [{ type: 'image', data: IMAGE, mimeType: 'image/png' }] }),
    }),
    files: tool({
      description: 'Resources, large and small.',
      run: () =>
        Promise.resolve({
          content: [
            { type: 'resource', resource: { uri: 'doc://small', text: 'small' } },
            { type: 'resource', resource: { uri: 'doc://large', mimeType: 'text/csv', text: LINES } },
            { type: 'resource', resource: { uri: 'doc://odd', mimeType: 'no\ntype', blob: IMAGE } },
          ],
        }),
    }),
    many: tool({
      description: 'Very many small blocks.',
      run: () => Promise.resolve({ content: ROWS.map(({ name }) => ({ type: 'text' as const, text: name })) }),
    }),
    wrong: tool({
      description: 'Fails at length.',
      output: Rows,
      run: () => Promise.resolve({ text: LINES, isError: true }),
    }),
    endless: tool({ description: 'Too much.', run: () => Promise.resolve('x'.repeat(30_000_000)) }),
    broken: tool({
      description: 'Halves of characters.',
      run: () => Promise.resolve('a\ud800\u0000'.repeat(300_000)),
    }),
    short: tool({ description: 'Little.', run: () => Promise.resolve('little') }),
    edge: tool({
      description: 'As long as it is told.',
      input: z.object({ length: z.number() }),
      run: ({ length }) => Promise.resolve('e'.repeat(length)),
    }),
  },
});

let store: Store;
let now: number;
const running: Served[] = [];
beforeEach(() => {
  store = createMemoryStore({});
  now = Date.now();
});
afterEach(async () => {
  await Promise.all(running.splice(0).map((served) => served.close()));
});

async function instance(options: ServeOptions = {}): Promise<Served> {
  const served = await serveApp(app, { store, now: () => now, results: {}, principal: ADA, ...options });
  running.push(served);
  return served;
}

interface Result {
  content: ContentBlock[];
  structuredContent?: unknown;
  isError?: boolean;
  _meta: Record<string, { handle: string; pages: number; bytes: number }>;
}

async function call(served: Served, name: string, args: object = {}): Promise<Result> {
  const response = await served.call('tools/call', { name, arguments: args });
  return ((await response.json()) as { result: Result }).result;
}

async function read(served: Served, uri: string) {
  const response = await served.call('resources/read', { uri });
  return (await response.json()) as {
    result?: { contents: { uri: string; mimeType: string; text?: string; blob?: string }[] };
    error?: { code: number; message: string; data: Record<string, unknown> };
  };
}

/** Pages `from` to `to` of a result, as resources. */
async function pages(served: Served, result: Result, from = 1, to = keptOf(result).pages) {
  const { handle } = keptOf(result);
  const numbers = Array.from({ length: to - from + 1 }, (_, index) => from + index);
  const found = await Promise.all(numbers.map((number) => read(served, `result://${handle}/${number}`)));
  return found.flatMap((read) => read.result?.contents ?? []);
}

/** Where the rest of a large answer is. */
function keptOf({ _meta: meta }: Result) {
  return meta[RESULT_META] ?? { handle: '', pages: 0, bytes: 0 };
}

const joined = (contents: { text?: string }[]) => contents.map(({ text = '' }) => text).join('');
const textsOf = ({ content }: Result) => content.flatMap((block) => (block.type === 'text' ? [block.text] : []));
const sizeOf = (value: unknown) => new TextEncoder().encode(JSON.stringify(value)).length;

describe('a large answer', () => {
  test('is its beginning, and links to pages that are the whole, at any instance', async () => {
    const result = await call(await instance(), 'lines');
    expect(sizeOf(result)).toBeLessThan(262_144);
    expect(result.isError).toBeUndefined();
    const [summary = '', beginning = ''] = textsOf(result);
    expect(summary).toMatch(/^The answer has \d{7} bytes, more than the 262144 .* until \d{4}-/);
    expect(summary).toContain(`Pages 1 to ${keptOf(result).pages}: text, text/plain.`);
    expect(beginning.length).toBeGreaterThan(5_000);
    expect(LINES.startsWith(beginning)).toBe(true);
    const links = result.content.filter((block) => block.type === 'resource_link');
    expect(links).toHaveLength(keptOf(result).pages);

    const other = await instance();
    const contents = await Promise.all(links.map(async ({ uri }) => (await read(other, uri)).result?.contents[0]));
    expect(joined(contents.flatMap((content) => content ?? []))).toBe(LINES);
    expect(contents.map((content) => content?.uri)).toEqual(links.map(({ uri }) => uri));
    expect(Math.max(...contents.map(sizeOf))).toBeLessThan(263_000);
  });

  test('of a tool with a schema keeps to it: the structured content is whole, and the text leads to its pages', async () => {
    const served = await instance();
    const result = await call(served, 'rows');
    expect(result.isError).toBeUndefined();
    expect(result.structuredContent).toEqual({ rows: ROWS });
    expect(sizeOf(result.content)).toBeLessThan(65_536);
    expect(textsOf(result)[0]).toContain('The structured content of this answer is whole, too.');
    expect(JSON.parse(joined(await pages(served, result)))).toEqual({ rows: ROWS });
  });

  test('of a tool with a schema that is larger than even that is an error that says that the call was done', async () => {
    const served = await instance();
    const result = await call(served, 'all_rows');
    expect([result.isError, result.structuredContent]).toEqual([true, undefined]);
    expect(textsOf(result)[0]).toContain('The call itself was done');
    expect(textsOf(result)).toContain('Rows.');
    expect(JSON.parse(joined(await pages(served, result)))).toEqual({ rows: [...ROWS, ...ROWS] });
    const larger = await call(await instance({ results: { structuredBytes: 2_000_000 } }), 'all_rows');
    expect([larger.isError, larger.structuredContent]).toEqual([undefined, { rows: [...ROWS, ...ROWS] }]);
  });

  test('of one without is none, and its small text stays', async () => {
    const served = await instance();
    const result = await call(served, 'table');
    expect([result.isError, result.structuredContent]).toEqual([undefined, undefined]);
    expect(textsOf(result)).toContain('Rows.');
    const contents = await pages(served, result);
    expect(contents[0]?.mimeType).toBe('application/json');
    expect(JSON.parse(joined(contents))).toEqual({ rows: ROWS });
  });

  test('of a long text leads to its pages in the structured content too, where no schema binds that', async () => {
    const served = await instance();
    const result = await call(served, 'report');
    const calls = [{ for: 'First page', tool: 'read_result', arguments: { handle: keptOf(result).handle, page: 1 } }];
    expect(result.structuredContent).toEqual({ n: 1, nextCalls: calls });
    expect(textsOf(result)[0]).toContain(`First page: read_result ${JSON.stringify(calls[0]?.arguments)}`);
  });

  test('names no tool that the app hides', async () => {
    const served = await instance({ results: { reader: null } });
    const result = await call(served, 'report');
    expect(result.structuredContent).toEqual({ n: 1 });
    expect(textsOf(result)[0]).not.toContain('read_result');
    expect(textsOf(result)[0]).toContain(`result://${keptOf(result).handle}/1`);
  });

  test('keeps what is structured where that is small, and conforms', async () => {
    const served = await instance();
    const result = await call(served, 'both');
    expect([result.isError, result.structuredContent]).toEqual([undefined, { n: 1 }]);
    expect(joined(await pages(served, result))).toBe(LINES);
  });

  test('that is an error stays one', async () => {
    const served = await instance();
    const result = await call(served, 'wrong');
    expect(result.isError).toBe(true);
    expect(textsOf(result)[0]).not.toContain('was done');
    expect(joined(await pages(served, result))).toBe(LINES);
  });

  test('of a file is in pieces of base64 that are its bytes', async () => {
    const served = await instance();
    const result = await call(served, 'image');
    expect(textsOf(result)).toContain('An image:');
    const contents = await pages(served, result);
    expect(new Set(contents.map(({ mimeType }) => mimeType))).toEqual(new Set(['image/png']));
    expect(contents.length).toBeGreaterThan(1);
    expect(contents.flatMap(({ blob = '' }) => [...Buffer.from(blob, 'base64')])).toEqual([...BYTES]);
  });

  test('of several parts says which pages are which', async () => {
    const served = await instance();
    const result = await call(served, 'files');
    expect(result.content).toContainEqual({ type: 'resource', resource: { uri: 'doc://small', text: 'small' } });
    const told =
      /Pages 1 to (\d+): resource doc:\/\/large, text\/csv\.\nPages (\d+) to (\d+): resource doc:\/\/odd, (.*)\./;
    const [, last, first, end, type] = told.exec(textsOf(result)[0] ?? '') ?? [];
    expect([Number(first), type]).toEqual([Number(last) + 1, 'application/octet-stream']);
    expect(joined(await pages(served, result, 1, Number(last)))).toBe(LINES);
    const blobs = await pages(served, result, Number(first), Number(end));
    expect(blobs.map(({ blob }) => blob).join('')).toBe(IMAGE);
  });

  test('of very many blocks is one part', async () => {
    const served = await instance();
    const result = await call(served, 'many');
    const inPages = JSON.parse(joined(await pages(served, result))) as ContentBlock[];
    // The summary and the beginning come first.
    const here = result.content.slice(2).filter(({ type }) => type === 'text');
    expect([...here, ...inPages]).toEqual(ROWS.map(({ name }) => ({ type: 'text', text: name })));
  });

  test('of too many pages is refused in words, and nothing is stored', async () => {
    const counted = countCalls(store);
    const result = await call(await instance({ store: counted.store }), 'endless');
    expect(result.isError).toBe(true);
    expect(textsOf(result)[0]).toContain('at most 100 pages');
    expect(counted.total()).toBe(0);
  });

  test('is one above the limit, and nothing else is', async () => {
    const served = await instance();
    const around = sizeOf(await call(served, 'edge', { length: 0 }));
    // What the answer has beside the result itself: `resultType` and the name of the server.
    const beside = around - sizeOf({ content: [{ type: 'text', text: '' }] });
    expect(beside).toBeGreaterThan(0);
    const most = 262_144 - sizeOf({ content: [{ type: 'text', text: '' }] });
    expect((await call(served, 'edge', { length: most })).content).toHaveLength(1);
    expect(keptOf(await call(served, 'edge', { length: most + 1 })).bytes).toBe(262_145);
  });

  test('has pages that a store can hold, however large answers may be, and whatever they are made of', async () => {
    const served = await instance({ results: { bytes: 1_000_000 } });
    expect(joined(await pages(served, await call(served, 'lines')))).toBe(LINES);
    const broken = await call(served, 'broken');
    const found = joined(await pages(served, broken));
    expect(found).toBe('a\uFFFD\u0000'.repeat(300_000));
  });

  test('has the limit that the app declares', async () => {
    const result = await call(await instance({ results: { bytes: 65_536 } }), 'edge', { length: 100_000 });
    expect(keptOf(result).pages).toBe(2);
    expect(sizeOf(result)).toBeLessThan(65_536);
    const below = await call(await instance({ results: { bytes: 200_000 } }), 'edge', { length: 100_000 });
    expect(keptOf(below).pages).toBe(0);
  });
});

describe('a handle', () => {
  const UNKNOWN = 'There is no such page of a result, or no longer';

  test('opens for its principal alone, while it is kept, and every other answer is the same', async () => {
    const served = await instance();
    const result = await call(served, 'lines');
    const { handle, pages: last } = keptOf(result);
    const refusals: unknown[] = [];
    const refuse = async (at: Served, uri: string) => {
      const { error, result: found } = await read(at, uri);
      expect(found).toBeUndefined();
      expect(error?.data.uri).toBe(uri);
      refusals.push({ ...error, data: { ...error?.data, uri: '' } });
    };
    const middle = Math.floor(handle.length / 2);
    const tampered = handle.slice(0, middle) + (handle[middle] === 'A' ? 'B' : 'A') + handle.slice(middle + 1);
    for (const wrong of ['x', tampered, `${handle}A`, handle.slice(0, -2)]) await refuse(served, `result://${wrong}/1`);
    for (const page of ['0', String(last + 1), '999', '1e0', '01', 'x', '-1']) {
      await refuse(served, `result://${handle}/${page}`);
    }
    for (const principal of [
      { ...ADA, tenant: 'other' },
      { ...ADA, subject: 'eve' },
    ]) {
      await refuse(await instance({ principal }), `result://${handle}/1`);
    }
    const elsewhere = await instance({ principal: { ...ADA, client: 'another client of the same person' } });
    expect((await read(elsewhere, `result://${handle}/1`)).result?.contents).toHaveLength(1);
    expect((await read(served, `result://${handle}/1`)).result?.contents).toHaveLength(1);
    now += 3_600_000;
    await refuse(served, `result://${handle}/1`);
    const [first] = refusals;
    expect(first).toMatchObject({
      code: -32_602,
      message: expect.stringContaining(UNKNOWN),
      data: { code: 'not_found' },
    });
    expect(refusals.every((refusal) => JSON.stringify(refusal) === JSON.stringify(first))).toBe(true);
  });

  test('is read by a tool, too, which refuses alike and is never too large itself', async () => {
    const served = await instance();
    const { handle, pages: last } = keptOf(await call(served, 'lines'));
    const found: string[] = [];
    for (let page = 1; page <= last; page += 1) {
      const [head = '', text = ''] = textsOf(await call(served, 'read_result', { handle, page, limit: 400_000 }));
      expect(head).toBe(`Page ${page} of ${last}, text/plain${page === last ? ', the last one' : ''}:`);
      found.push(text);
    }
    expect(found.join('')).toBe(LINES);
    const image = keptOf(await call(served, 'image'));
    const [, block] = (await call(served, 'read_result', { handle: image.handle })).content;
    expect(block).toMatchObject({
      type: 'resource',
      resource: { uri: `result://${image.handle}/1`, mimeType: 'image/png' },
    });
    const stranger = await instance({ principal: { ...ADA, subject: 'eve' } });
    const refusals = [
      await call(stranger, 'read_result', { handle }),
      await call(served, 'read_result', { handle: 'x' }),
      await call(served, 'read_result', { handle, page: last + 1 }),
    ];
    expect(refusals[0]).toMatchObject({
      isError: true,
      content: [{ text: expect.stringContaining(UNKNOWN) as string }],
    });
    expect(new Set(refusals.map(({ content }) => JSON.stringify(content))).size).toBe(1);
  });

  test.each([{}, { limit: 100_001 }])('is read whole by the calls that the tool prints: %j', async (asked) => {
    const served = await instance();
    const first = /^First page: read_result (.*)$/m.exec(textsOf(await call(served, 'lines'))[0] ?? '');
    const found: string[] = [];
    for (let args = first?.[1]; args !== undefined;) {
      const given = { ...(JSON.parse(args) as object), ...asked };
      const [, text = '', next = ''] = textsOf(await call(served, 'read_result', given));
      found.push(text);
      args = /^Next page: read_result (.*)$/.exec(next)?.[1];
    }
    expect(found.join('')).toBe(LINES);
    const longest = Math.max(...found.map(({ length }) => length));
    expect(longest <= ('limit' in asked ? 100_002 : 25_000)).toBe(true);
    expect(found.every((part) => part.isWellFormed())).toBe(true);
  });

  test('is refused from behind the end of a page', async () => {
    const served = await instance();
    const { handle } = keptOf(await call(served, 'lines'));
    const { isError, content } = await call(served, 'read_result', { handle, from: 1_000_000 });
    expect([isError, JSON.stringify(content)]).toEqual([true, expect.stringContaining('less than ')]);
  });

  test('is short, and is good whatever the secret is', async () => {
    const result = await call(await instance({ secrets: null }), 'lines');
    expect(keptOf(result).handle.length).toBeLessThanOrEqual(26);
    expect(joined(await pages(await instance(), result))).toBe(LINES);
  });

  test('of an earlier release, which was sealed, is read until it expires, by its principal alone', async () => {
    const [old, next] = ['o'.repeat(32), 'n'.repeat(32)] as const;
    const sealer = createSealer({ current: old, previous: null }, 'test/result');
    const bound = JSON.stringify([ADA.tenant, ADA.subject, ADA.client]);
    const handle = await sealer.seal(['kept', 1], { bound, expiresAt: now + 1_000 });
    const page = { mimeType: 'text/plain', text: 'of before' };
    const put = resultPage.put(resultPageKey(ADA.tenant, 'kept', 1), page, { expects: null, expiresAt: now + 60_000 });
    await store.commit([put], { id: 'one', now, deadline: now + 1_000 });
    const secrets = { current: next, previous: old };
    const textAt = async (options: ServeOptions) =>
      joined((await read(await instance(options), `result://${handle}/1`)).result?.contents ?? []);
    expect(await textAt({ secrets })).toBe('of before');
    expect(await textAt({ secrets: null })).toBe('');
    expect(await textAt({ secrets, principal: { ...ADA, subject: 'eve' } })).toBe('');
    now += 1_000;
    expect(await textAt({ secrets })).toBe('');
  });
});

const gone = () => Promise.reject(new TidegateError('store_unavailable', 'gone'));

describe('the store', () => {
  test('is asked nothing for a small answer, once for each page of a large one and twice more, and once to read', async () => {
    const counted = countCalls(store);
    const served = await instance({ store: counted.store });
    await call(served, 'short');
    expect(counted.total()).toBe(0);
    const { handle, pages: last } = keptOf(await call(served, 'lines'));
    // What earlier times of both quotas summed up to is asked once by a process.
    expect(counted.total()).toBe(last + 2 + 4);
    counted.reset();
    await call(served, 'lines');
    expect(counted.total()).toBe(last + 2);
    await read(served, `result://${handle}/2`);
    expect(counted.total()).toBe(last + 3);
    await read(served, 'result://x/2');
    expect(counted.total()).toBe(last + 3);
  });

  test('holds no more bytes at once for one principal, of all instances, and is free again when they have expired', async () => {
    const most = { results: 5_000_000, allResults: 12_000_000 };
    const instances = await Promise.all([0, 1].map(() => instance({ results: { most } })));
    const [served] = instances;
    if (served === undefined) throw new Error('no instance');
    let refused: Result | null = null;
    let kept = 0;
    for (let n = 0; refused === null && n < 20; n += 1) {
      const result = await call(instances[n % 2] ?? served, 'lines');
      if (result.isError) refused = result;
      else kept += keptOf(result).bytes;
    }
    expect(kept).toBeGreaterThan(2_000_000);
    expect(kept).toBeLessThanOrEqual(most.results);
    expect(textsOf(refused ?? (await call(served, 'lines')))[0]).toMatch(
      /The store keeps too many large answers already\nArgument: quotas\.results\.\nExpected: at most 5000000 bytes of one caller/,
    );
    expect((await call(served, 'short')).isError).toBeUndefined();
    const other = await instance({ principal: { ...ADA, subject: 'eve' }, results: { most } });
    expect((await call(other, 'lines')).isError).toBeUndefined();
    now += 1.5 * 3_600_000;
    expect((await call(served, 'lines')).isError).toBeUndefined();
  });

  test('keeps no page longer than its hour, once it was swept', async () => {
    const served = await instance();
    const { pages: last } = keptOf(await call(served, 'lines'));
    await store.collect(now + 3_599_000, 1_000);
    expect((await store.collect(now + 3_599_000, 1_000)).removed).toBe(0);
    expect((await store.collect(now + 3_600_000, 1_000)).removed).toBe(last);
  });

  test('that is gone makes no client repeat a call that was done', async () => {
    const served = await instance({ store: { ...store, add: gone, commit: gone } });
    const result = await call(served, 'lines');
    expect(result.isError).toBe(true);
    expect(textsOf(result)[0]).toContain('the call itself was done');
  });

  test('that is gone, or full, takes nothing from the structured content of a tool with a schema', async () => {
    const full = { ...store, add: async () => 1e12 };
    for (const kept of [{ ...store, add: gone, commit: gone }, full]) {
      const result = await call(await instance({ store: kept }), 'rows');
      expect([result.isError, result.structuredContent]).toEqual([undefined, { rows: ROWS }]);
      expect(textsOf(result)[0]).toContain('its pages could not be kept');
      expect(textsOf(result)[0]).not.toContain('read_result');
    }
  });
});

describe('the official clients', () => {
  test.each(['2026-07-28', 'legacy'] as const)('of the new line read it, at %s', async (era) => {
    const served = await instance();
    const mode = era === 'legacy' ? era : { pin: era };
    const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
    await client.listTools();
    const result = await client.callTool({ name: 'lines' });
    const uris = result.content.flatMap((block) => (block.type === 'resource_link' ? [block.uri] : []));
    const read = await Promise.all(uris.map((uri) => client.readResource({ uri })));
    expect(
      read.flatMap(({ contents }) => contents.map((content) => ('text' in content ? content.text : ''))).join(''),
    ).toBe(LINES);
    // They hold what is structured to its schema, but not that of an error.
    expect((await client.callTool({ name: 'rows' })).structuredContent).toEqual({ rows: ROWS });
    expect((await client.callTool({ name: 'all_rows' })).isError).toBe(true);
    expect((await client.callTool({ name: 'both' })).structuredContent).toEqual({ n: 1 });
    expect((await client.callTool({ name: 'refusing' })).isError).toBe(true);
    await client.close();
  });

  test('of the old line read it', async () => {
    const served = await instance();
    const client = new OldClient({ name: 't', version: '0' });
    await client.connect(new OldTransport(new URL(served.mcpUrl)));
    await client.listTools();
    const rows = (await client.callTool({ name: 'rows' })) as unknown as Result;
    expect([rows.isError, rows.structuredContent]).toEqual([undefined, { rows: ROWS }]);
    // They hold what is structured in an error to the schema of the tool, and would throw.
    const refused = (await client.callTool({ name: 'refusing' })) as unknown as Result;
    expect([refused.isError, refused.structuredContent]).toEqual([true, undefined]);
    expect(textsOf(refused)).toEqual(['No rows.', '{"reason":"locked"}']);
    const result = (await client.callTool({ name: 'all_rows' })) as unknown as Result;
    expect(result.isError).toBe(true);
    const [link] = result.content.filter((block) => block.type === 'resource_link');
    const { contents } = await client.readResource({ uri: link?.uri ?? '' });
    expect(contents[0]).toMatchObject({ mimeType: 'application/json' });
    await client.close();
  });
});
