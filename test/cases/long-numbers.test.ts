/** Numbers in JSON that no double holds: ids, keys, cursors and values, whatever the JSON came by. */
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { createEventParser } from '../../src/feeds/http/sse/parser.ts';
import { messageMatcher } from '../../src/feeds/kit/message-test.ts';
import { itemMaker } from '../../src/feeds/mqtt-session/item.ts';
import { decodeMessage } from '../../src/feeds/websocket/payload.ts';
import { csv, defineApp, httpTool, stream, tool } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { createTestApp } from '../../src/testing.ts';
import { apiOf, onStage } from '../apis/stage.ts';
import { serveApp } from '../mcp/served.ts';
import { startHttpSource, text } from '../services/http-feed.ts';
import { startHttpStage } from './http-stage.ts';

/** Neighbours of which a double holds only the first. */
const [FIRST, SECOND, THIRD] = ['9007199254740992', '9007199254740993', '9007199254740994'];
const body = `[{"id":${FIRST},"v":1},{"id":${SECOND},"v":2},{"id":${THIRD},"v":3}]`;
const lines = `{"id":${FIRST},"v":1}\n{"id":${SECOND},"v":2}\n{"id":${THIRD},"v":3}\n`;

describe('ids that are neighbours beyond 2^53', () => {
  it.each<[string, z.ZodType, unknown[]]>([
    ['a text', z.string(), [FIRST, SECOND, THIRD]],
    ['anything', z.unknown(), [FIRST, SECOND, THIRD]],
    ['what becomes a text', z.coerce.string(), [FIRST, SECOND, THIRD]],
    ['what becomes a number', z.coerce.number(), [2 ** 53, 2 ** 53, 2 ** 53 + 2]],
    ['a number', z.number(), [2 ** 53, 2 ** 53, 2 ** 53 + 2]],
    ['a number or nothing', z.number().nullable(), [2 ** 53, 2 ** 53, 2 ** 53 + 2]],
  ])('are three events where the schema asks for %s', async (_what, id, expected) => {
    await using stage = await startHttpStage(z.object({ id, v: z.number() }), {
      id: (data) => (data as { id: string }).id,
    });
    stage.source.on('/feed', text(body));
    await stage.poll();
    expect(await stage.ids()).toEqual([FIRST, SECOND, THIRD]);
    expect((await stage.data()).map((data) => (data as { id: unknown }).id)).toEqual(expected);
    expect(await stage.poll()).toMatchObject({ events: 0, duplicates: 3, rejected: 0 });
  });

  it('are three events in lines, and keys of their own', async () => {
    const schema = z.object({ id: z.number(), v: z.number() });
    await using stage = await startHttpStage(schema, { id: 'id', key: 'id' });
    stage.source.on('/feed', text(lines, 'application/x-ndjson'));
    await stage.poll();
    expect((await stage.stage.events()).map(({ id, key }) => [id, key])).toEqual(
      [FIRST, SECOND, THIRD].map((digits) => [digits, digits]),
    );
  });
});

it.each([
  ['a coerced number', z.coerce.number()],
  ['a number', z.number()],
])('keys, ids and revisions of %s stay apart', async (_what, n) => {
  await using stage = await startHttpStage(z.object({ n, v: n }), { key: 'n', id: 'n', revision: 'v' });
  stage.source.on('/feed', text(`[{"n":${FIRST},"v":${FIRST}},{"n":${SECOND},"v":${SECOND}},{"n":1,"v":${THIRD}}]`));
  await stage.poll();
  expect((await stage.stage.events()).map(({ id, key, revision }) => [id, key, revision])).toEqual([
    [FIRST, FIRST, FIRST],
    [SECOND, SECOND, SECOND],
    ['1', '1', THIRD],
  ]);
});

describe('ids that are written with a fraction or a power', () => {
  const written = ['9007199254740992.0', '9007199254740993.0', '9.007199254740994e15'];

  it.each([
    ['JSON', text(`[${written.map((id) => `{"id":${id}}`).join()}]`), {}],
    ['NDJSON', text(written.map((id) => `{"id":${id}}\n`).join(''), 'application/x-ndjson'), {}],
    ['CSV', text(`id\n${written.join('\n')}\n`, 'text/csv'), { format: csv({ numbers: true }) }],
    ['CSV in digits', text(`id\n${FIRST}\n${SECOND}\n${THIRD}\n`, 'text/csv'), { format: csv({ numbers: ['id'] }) }],
  ])('stay apart: %s', async (_what, answer, feed) => {
    await using stage = await startHttpStage(z.object({ id: z.union([z.string(), z.number()]) }), { id: 'id', feed });
    stage.source.on('/feed', answer);
    await stage.poll();
    expect(await stage.ids()).toEqual([FIRST, SECOND, THIRD]);
  });
});

it.each<[string, 'item' | 'body', string]>([
  ['an item with a fraction', 'item', `[{"id":${SECOND}.0,"v":93}]`],
  ['an item', 'item', `[{"id":${SECOND},"v":93}]`],
  ['the body', 'body', `{"items":[{"id":1,"v":93}],"id":${SECOND}}`],
])('a cursor beyond 2^53 in %s is sent as it came', async (_what, of, answer) => {
  await using stage = await startHttpStage(z.object({ v: z.number() }), {
    feed: { cursor: { from: 'id', of, param: 'after' }, ...(of === 'body' ? { items: 'items' } : {}) },
  });
  const asked: (string | null)[] = [];
  stage.source.on('/feed', (request, response) => {
    const after = new URL(request.url ?? '/', stage.source.origin).searchParams.get('after');
    asked.push(after);
    response.setHeader('content-type', 'application/json');
    response.end(after === SECOND ? '[]' : answer);
  });
  await stage.poll();
  expect(asked).toEqual([null, SECOND]);
  expect(await stage.data()).toEqual([{ v: 93 }]);
});

describe.each(['1e400', '-1e999', '9'.repeat(400)])('a number beyond every double is a dead letter: %s', (number) => {
  it.each<[string, z.ZodType]>([
    ['a number', z.number()],
    ['what becomes a number', z.coerce.number().nullable()],
    ['anything', z.any()],
    ['what is not known', z.unknown()],
    ['a text', z.string().or(z.literal(1))],
    ['what becomes a text', z.coerce.string()],
  ])('where the schema asks for %s', async (_what, v) => {
    await using stage = await startHttpStage(z.object({ v }));
    const infinite = number.startsWith('-') ? '-Infinity' : 'Infinity';
    const lost = [expect.objectContaining({ item: { v: infinite } })];
    stage.source.on('/feed', text(`[{"v":1},{"v":${number}}]`));
    await stage.poll();
    expect(await stage.data()).toHaveLength(1);
    expect(await stage.rejected()).toEqual(lost);
    stage.source.on('/feed', text(`{"v":1}\n{"v":${number},"line":2}\n`, 'application/x-ndjson'));
    await stage.poll();
    expect(await stage.data()).toHaveLength(2);
    expect(await stage.rejected()).toEqual([...lost, expect.objectContaining({ item: { v: infinite, line: 2 } })]);
  });

  it('in a column of numbers', async () => {
    await using stage = await startHttpStage(z.object({ v: z.any() }), { feed: { format: csv({ numbers: true }) } });
    stage.source.on('/feed', text(`v\n1\n${number}\n`, 'text/csv'));
    await stage.poll();
    expect(await stage.data()).toEqual([{ v: 1 }]);
    expect(await stage.rejected()).toHaveLength(1);
  });

  it('and is no cursor', async () => {
    await using stage = await startHttpStage(z.object({ v: z.number() }), {
      feed: { cursor: { from: 'id', of: 'item', param: 'after' } },
    });
    stage.source.on('/feed', text(`[{"id":${number},"v":1}]`));
    expect(await stage.poll()).toMatchObject({ error: { code: 'upstream' } });
  });
});

it('a number beyond every double in a member that the schema drops harms nothing', async () => {
  await using stage = await startHttpStage(z.object({ v: z.number().nullable() }));
  stage.source.on('/feed', text('[{"v":null,"more":1e400}]'));
  await stage.poll();
  expect(await stage.data()).toEqual([{ v: null }]);
});

describe('the same reader reads', () => {
  const message = `{"id":${SECOND}}`;
  const bytes = new TextEncoder().encode(message);

  it('messages of MQTT', () => {
    const ignored = messageMatcher(undefined);
    const route = { stream: 's', filter: '#', keyLevel: null, payload: 'json' as const, items: '', ignored };
    const make = itemMaker([route], { maxPacketBytes: 1_000, identified: false });
    const packet = { cmd: 'publish', topic: 'a', qos: 1, dup: false, retain: false, length: 10 } as const;
    expect(make({ ...packet, payload: Buffer.from(bytes) })[0]?.data).toEqual({ id: SECOND });
  });

  it.each(['json', 'ndjson'] as const)('messages of a WebSocket: %s', (payload) => {
    const decoded = decodeMessage({ data: message, bytes: bytes.length, at: 0 }, { payload, maxMessageBytes: 1_000 });
    expect(decoded.map(({ value }) => value)).toEqual([{ id: SECOND }]);
  });

  it('server-sent events', () => {
    const events: Parameters<ReturnType<typeof createEventParser>['push']>[1] = [];
    createEventParser({}).push(new TextEncoder().encode(`data: ${message}\n\n`), events);
    expect(events.map(({ item }) => item?.data)).toEqual([{ id: SECOND }]);
  });

  it.each([
    ['application/json', body],
    ['application/x-ndjson', lines],
  ])('pushes: %s', async (type, pushed) => {
    const ids = stream({ description: 'ids', schema: z.object({ id: z.number(), v: z.number() }), id: 'id' });
    const app = defineApp({ name: 'pushed', version: '1', description: 'Takes pushes', streams: { ids } });
    const TOKEN = 'a-token-of-the-tests';
    const store = createMemoryStore();
    const served = await serveApp(app, { builtIns: true, store, http: { pushTokens: new Map([['ids', TOKEN]]) } });
    try {
      const headers = { 'content-type': type, authorization: `Bearer ${TOKEN}` };
      const answer = await fetch(`${served.url}/ingest/ids`, { method: 'POST', headers, body: pushed });
      expect(await answer.json()).toEqual({ appended: 3, duplicates: 0 });
    } finally {
      await served.close();
    }
  });

  it('pushes, where a number beyond every double is not told as null', async () => {
    const schema = z.object({ v: z.union([z.string(), z.number(), z.null()]) });
    const any = stream({ description: 'any', schema });
    const app = defineApp({ name: 'pushed', version: '1', description: 'Takes pushes', streams: { any } });
    const TOKEN = 'a-token-of-the-tests';
    const served = await serveApp(app, { builtIns: true, http: { pushTokens: new Map([['any', TOKEN]]) } });
    try {
      const headers = { 'content-type': 'application/json', authorization: `Bearer ${TOKEN}` };
      const answer = await fetch(`${served.url}/ingest/any`, { method: 'POST', headers, body: '{"v":1e400}' });
      expect([answer.status, await answer.text()]).toEqual([400, expect.stringContaining('beyond ±1.8e308')]);
    } finally {
      await served.close();
    }
  });

  it('answers of an API, which a tool gives as its schema asks', async () => {
    await using source = await startHttpSource();
    source.on('/one', text(`{"id":${SECOND},"n":${SECOND},"all":[${SECOND}]}`));
    const item = z.object({ id: z.string(), n: z.number(), all: z.unknown() });
    const t = httpTool({ description: 'x', input: z.object({}), api: apiOf(source), url: '/one', output: item });
    const { structured, isError } = await onStage({ t }).call('t');
    expect([structured, isError]).toEqual([{ id: SECOND, n: 2 ** 53, all: [SECOND] }, false]);
  });

  it('answers of an API, of which a number beyond every double is none', async () => {
    await using source = await startHttpSource();
    source.on('/one', text('{"n":1e400}'));
    const t = httpTool({ description: 'x', input: z.object({}), api: apiOf(source), url: '/one' });
    const { isError, text: told } = await onStage({ t }).call('t');
    expect([isError, told]).toEqual([true, expect.stringContaining('beyond those that a double holds')]);
  });
});

describe('arguments of a tool', () => {
  const got: unknown[] = [];
  const toolOf = (id: z.ZodType) =>
    tool({
      description: 'x',
      input: z.object({ id, all: z.array(z.number()).optional() }),
      async run(input) {
        got.push(input);
        return 'done';
      },
    });
  const app = defineApp({
    name: 'asked',
    version: '1',
    description: 'Takes arguments',
    tools: { text: toolOf(z.string()), any: toolOf(z.any()), number: toolOf(z.number()), int: toolOf(z.int()) },
  });
  /** The digits cannot be told in a value, so they are put into the text of the request. */
  const ask = async (name: string, id: string) => {
    const asked = createTestApp(app);
    got.length = 0;
    try {
      const meta = {
        'io.modelcontextprotocol/protocolVersion': '2026-07-28',
        'io.modelcontextprotocol/clientInfo': { name: 'x', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': {},
      };
      const request = { jsonrpc: '2.0', id: 1, method: 'tools/call' };
      const body = JSON.stringify({ ...request, params: { name, arguments: { id: 'HERE' }, _meta: meta } });
      const headers = {
        'content-type': 'application/json',
        accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': 'tools/call',
        'Mcp-Name': name,
      };
      const url = 'http://127.0.0.1/mcp';
      const init = { method: 'POST', headers, body: body.replace('"HERE"', id) };
      const answer = await asked.fetch(new Request(url, init));
      return { status: answer.status, text: await answer.text(), got: [...got] };
    } finally {
      await asked.close();
    }
  };

  it.each<[string, string, unknown]>([
    ['text', SECOND, SECOND],
    ['text', `${SECOND}.0`, SECOND],
    ['any', SECOND, SECOND],
    ['number', SECOND, 2 ** 53],
    ['number', '12.5', 12.5],
    ['text', '"1"', '1'],
  ])('come as the schema asks: %s for %s', async (name, id, expected) => {
    expect(await ask(name, id)).toMatchObject({ status: 200, got: [{ id: expected }] });
  });

  it('are refused where the schema asks for a whole number that a double holds', async () => {
    const { text: told, got: taken } = await ask('int', SECOND);
    expect([told.includes('Wrong arguments for int'), taken]).toEqual([true, []]);
  });

  it.each(['text', 'any', 'number'])('are refused beyond every double: %s', async (name) => {
    const refused = await ask(name, '1e400');
    expect(refused).toMatchObject({ status: 400, got: [] });
    expect(refused.text).toContain('numbers of at most 1.8e308');
  });
});
