/** Arguments that come in a header too: what a schema may mark, what a header may say, and what the official client sends. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import * as z from 'zod';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { JsonObject } from '../../../src/base/json.ts';
import { defineApp, task, tool } from '../../../src/index.ts';
import { headerMismatch, paramHeaders } from '../../../src/mcp/wire/param-headers.ts';
import { type Served, serveApp } from '../served.ts';

const run = () => Promise.resolve('');
const mark = (name: unknown, type: unknown = 'string') => ({ type, 'x-mcp-header': name }) as JsonObject;
const of = (properties: JsonObject, more: JsonObject = {}): JsonObject => ({ type: 'object', properties, ...more });

describe('a schema', () => {
  test('marks what is reached through properties, however deep', () => {
    const schema = of({
      region: mark('Region'),
      to: of({ shelf: mark('Shelf', 'integer'), 'x-mcp-header': mark('Odd', 'boolean') }),
      plain: { type: 'string', default: { 'x-mcp-header': 'a value' }, description: '"x-mcp-header": no mark' },
    });
    expect(paramHeaders(schema, 'x')).toEqual([
      { header: 'Mcp-Param-Region', path: ['region'], type: 'string' },
      { header: 'Mcp-Param-Shelf', path: ['to', 'shelf'], type: 'integer' },
      { header: 'Mcp-Param-Odd', path: ['to', 'x-mcp-header'], type: 'boolean' },
    ]);
  });

  test.each<[string, JsonObject]>([
    ['a number', of({ a: mark('A', 'number') })],
    ['an object', of({ a: mark('A', 'object') })],
    ['one of two types', of({ a: mark('A', ['string', 'null']) })],
    ['no type', of({ a: { 'x-mcp-header': 'A' } })],
    ['an empty name', of({ a: mark('') })],
    ['a name with a blank', of({ a: mark('A B') })],
    ['a name with a line feed', of({ a: mark('A\nB') })],
    ['a name that is none', of({ a: mark(7) })],
    ['the same name in other letters', of({ a: mark('Region'), b: of({ c: mark('region') }) })],
    ['items', of({ a: { type: 'array', items: mark('A') } })],
    ['what is under items', of({ a: { type: 'array', items: of({ b: mark('A') }) } })],
    ['a choice', of({ a: { anyOf: [mark('A'), { type: 'null' }] } })],
    ['what is conditional', of({}, { if: of({ a: mark('A') }) })],
    ['a definition', of({ a: { $ref: '#/$defs/a' } }, { $defs: { a: mark('A') } })],
    ['other properties', of({}, { additionalProperties: mark('A') })],
    ['the whole', { ...of({}), 'x-mcp-header': 'A' }],
  ])('may not mark %s', (_what, schema) => {
    const refused = expect.objectContaining({ code: 'invalid_config', field: 'tools.t.input' }) as Error;
    expect(() => paramHeaders(schema, 'tools.t.input')).toThrow(refused);
  });

  test('of a task is named as such, and one that no header can say is refused at the start', async () => {
    const input = z.object({ a: z.string().nullable().meta({ 'x-mcp-header': 'A' }) });
    const app = defineApp({
      name: 't',
      version: '1',
      description: 'T',
      tasks: { work: task({ description: 'Works.', version: '1', input, run }) },
    });
    await expect(serveApp(app)).rejects.toMatchObject({ code: 'invalid_config', field: 'tasks.work.input' });
  });
});

describe('a header', () => {
  const declared = paramHeaders(of({ s: mark('S'), n: mark('N', 'integer'), b: mark('B', 'boolean') }), 'x');
  const verdict = (args: unknown, headers: Record<string, string>) =>
    headerMismatch(declared, args, new Headers(headers)) === null ? 'ok' : 'refused';

  test.each<[unknown, Record<string, string>, 'ok' | 'refused']>([
    [{ s: 'eu' }, { 'mcp-param-s': 'eu' }, 'ok'],
    [{ s: 'eu' }, { 'MCP-PARAM-S': 'eu' }, 'ok'],
    [{ s: 'eu' }, { 'Mcp-Param-S': 'EU' }, 'refused'],
    [{ s: 'eu' }, {}, 'refused'],
    [{ s: 'eu' }, { 'Mcp-Param-S': 'eu, eu' }, 'refused'],
    [{ s: null }, {}, 'ok'],
    [{ s: null }, { 'Mcp-Param-S': 'null' }, 'refused'],
    [{}, {}, 'ok'],
    [undefined, {}, 'ok'],
    [{}, { 'Mcp-Param-S': '' }, 'refused'],
    [{ s: '' }, { 'Mcp-Param-S': '' }, 'ok'],
    [{ s: '' }, { 'Mcp-Param-S': '=?base64??=' }, 'ok'],
    [{ s: ' a ' }, { 'Mcp-Param-S': ' a ' }, 'refused'],
    [{ s: ' a ' }, { 'Mcp-Param-S': '=?base64?IGEg?=' }, 'ok'],
    [{ s: 'a\tb' }, { 'Mcp-Param-S': 'a\tb' }, 'ok'],
    [{ s: 'K\u00f6ln' }, { 'Mcp-Param-S': 'K\u00f6ln' }, 'refused'],
    [{ s: 'K\u00f6ln' }, { 'Mcp-Param-S': '=?base64?S8O2bG4=?=' }, 'ok'],
    [{ s: '\uFEFFa' }, { 'Mcp-Param-S': '=?base64?77u/YQ==?=' }, 'ok'],
    [{ s: 'line1\nline2' }, { 'Mcp-Param-S': '=?base64?bGluZTEKbGluZTI=?=' }, 'ok'],
    [{ s: 'eu' }, { 'Mcp-Param-S': '=?BASE64?ZXU=?=' }, 'refused'],
    [{ s: 'eu' }, { 'Mcp-Param-S': '=?base64?ZXU?=' }, 'refused'],
    [{ s: 'eu' }, { 'Mcp-Param-S': '=?base64?Z XU=?=' }, 'refused'],
    [{ s: '\u00ff' }, { 'Mcp-Param-S': '=?base64?/w==?=' }, 'refused'],
    [{ s: '=?base64?eA==?=' }, { 'Mcp-Param-S': '=?base64?eA==?=' }, 'refused'],
    [{ s: '=?base64?eA==?=' }, { 'Mcp-Param-S': '=?base64?PT9iYXNlNjQ/ZUE9PT89?=' }, 'ok'],
    [{ n: 42 }, { 'Mcp-Param-N': '42' }, 'ok'],
    [{ n: 42 }, { 'Mcp-Param-N': '42.0' }, 'ok'],
    [{ n: -7 }, { 'Mcp-Param-N': '-7' }, 'ok'],
    [{ n: 42 }, { 'Mcp-Param-N': '43' }, 'refused'],
    [{ n: 42 }, { 'Mcp-Param-N': '0x2a' }, 'refused'],
    [{ n: 1_000 }, { 'Mcp-Param-N': '1e3' }, 'refused'],
    [{ n: 0 }, { 'Mcp-Param-N': '' }, 'refused'],
    [{ n: 42 }, { 'Mcp-Param-N': '=?base64?NDI=?=' }, 'ok'],
    [{ n: 2 ** 53 }, { 'Mcp-Param-N': '9007199254740993' }, 'refused'],
    [{ n: 2 ** 53 - 1 }, { 'Mcp-Param-N': '9007199254740991' }, 'ok'],
    [{ b: true }, { 'Mcp-Param-B': 'true' }, 'ok'],
    [{ b: true }, { 'Mcp-Param-B': 'True' }, 'refused'],
    [{ b: false }, { 'Mcp-Param-B': 'false' }, 'ok'],
    [{ b: false }, {}, 'refused'],
    // Of another type than declared: the tool says so.
    [{ s: 5 }, { 'Mcp-Param-S': '5' }, 'ok'],
    [{ n: 'x' }, { 'Mcp-Param-N': 'x' }, 'ok'],
    [{ s: { a: 1 } }, { 'Mcp-Param-S': '[object Object]' }, 'refused'],
    [{ s: ['eu'] }, { 'Mcp-Param-S': 'eu' }, 'refused'],
    [{ s: ['eu'] }, {}, 'refused'],
  ])('to %j: %j is %s', (args, headers, expected) => {
    expect(verdict(args, headers)).toBe(expected);
  });
});

describe('the official client', () => {
  const app = defineApp({
    name: 'headers',
    version: '1',
    description: 'Mirrors arguments',
    tools: {
      store: tool({
        description: 'Stores.',
        input: z.object({
          region: z.string().meta({ 'x-mcp-header': 'Region' }),
          to: z.object({ shelf: z.int().optional().meta({ 'x-mcp-header': 'Shelf' }) }).optional(),
          fragile: z.boolean().default(false).meta({ 'x-mcp-header': 'Fragile' }),
        }),
        run: (input) => Promise.resolve(JSON.stringify(input)),
      }),
    },
  });
  let served: Served;
  beforeAll(async () => {
    served = await serveApp(app);
  });
  afterAll(() => served.close());

  test.each([{ pin: '2026-07-28' }, 'legacy'] as const)('at %j sends what the server takes', async (mode) => {
    const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode } });
    await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
    const { tools } = await client.listTools();
    expect(tools.map(({ name }) => name)).toEqual(['store']);
    for (const args of [
      { region: 'eu' },
      { region: ' K\u00f6ln\n', to: { shelf: -3 }, fragile: true },
      { region: '=?base64?x?=', to: {}, fragile: false },
      { region: '' },
    ]) {
      const { content } = await client.callTool({ name: 'store', arguments: args });
      expect(JSON.parse((content[0] as { text: string }).text)).toEqual({ fragile: false, ...args });
    }
    const wrong = await client.callTool({ name: 'store', arguments: { region: 5.5 } });
    expect(wrong).toMatchObject({ isError: true, content: [{ text: expect.stringContaining('region') as string }] });
    await client.close();
  });
});
