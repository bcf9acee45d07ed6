/** Half of a surrogate pair, as a text has it that was cut within an emoji, in what clients and receivers are sent. */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { sentJson } from '../../src/base/json.ts';
import { eventBody } from '../../src/deliveries/send/bodies.ts';
import { defineApp, stream, tool } from '../../src/index.ts';
import { type Served, serveApp } from '../mcp/served.ts';
import { fc } from '../properties.ts';

const TOKEN = 'a-token-of-the-tests';
const HALF = '\ud83d';
const CUT = `cut ${HALF}`;
const SENT = 'cut \ufffd';

let served: Served;
beforeAll(async () => {
  const rooms = stream({
    description: 'Rooms.',
    schema: z.object({ room: z.string(), note: z.string() }),
    key: 'room',
  });
  const app = defineApp({
    name: 'halves',
    version: '1.0.0',
    description: 'Texts that were cut',
    streams: { rooms },
    tools: {
      echo: tool({
        description: 'Says what it is told.',
        input: z.object({ text: z.string() }),
        run: ({ text }) => Promise.resolve({ text, structured: { text, [text]: 1 } }),
      }),
      tell: tool({
        description: 'Tells how far it is.',
        input: z.object({ text: z.string() }),
        run: ({ text }, { progress }) => {
          progress(1, 2, text);
          return Promise.resolve('done');
        },
      }),
    },
  });
  served = await serveApp(app, { builtIns: true, http: { pushTokens: new Map([['rooms', TOKEN]]) } });
  const response = await pushed([
    { room: 'bad', note: CUT },
    { room: 'good', note: 'whole \u{1f600}' },
  ]);
  expect(response.status).toBe(200);
});
afterAll(() => served.close());

const TYPES = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

function pushed(events: unknown): Promise<Response> {
  const headers = { ...TYPES, authorization: `Bearer ${TOKEN}` };
  return fetch(`${served.url}/ingest/rooms`, { method: 'POST', body: JSON.stringify(events), headers });
}

function sent(message: object): Promise<Response> {
  return fetch(served.mcpUrl, { method: 'POST', body: JSON.stringify(message), headers: TYPES });
}

/** Every text of a message, names and the JSON within texts too. */
function textsOf(value: unknown): string[] {
  if (typeof value === 'object' && value !== null) {
    return Object.entries(value).flatMap(([name, inner]) => [name, ...textsOf(inner)]);
  }
  if (typeof value !== 'string') return [];
  try {
    const inner: unknown = JSON.parse(value);
    return [value, ...(typeof inner === 'object' ? textsOf(inner) : [])];
  } catch {
    return [value];
  }
}

/** The messages of a response, whether it is JSON or events. */
async function messagesOf(response: Response): Promise<unknown[]> {
  const body = await response.text();
  if (response.headers.get('content-type')?.startsWith('application/json')) return [JSON.parse(body)];
  return [...body.matchAll(/^data: (.+)$/gm)].map(([, data]) => JSON.parse(data ?? '') as unknown);
}

describe.each(['2026-07-28', '2025-11-25'])('%s sends U+FFFD in its place', (version) => {
  const send = (method: string, params: object) =>
    version === '2026-07-28' ? served.call(method, params) : sent({ jsonrpc: '2.0', id: 1, method, params });

  test.each([
    ['the latest events', 'tools/call', { name: 'read_latest', arguments: { stream: 'rooms' } }, SENT],
    ['a history', 'tools/call', { name: 'read_history', arguments: { stream: 'rooms', order: 'oldest' } }, SENT],
    ['a resource', 'resources/read', { uri: 'stream://rooms' }, SENT],
    ['what a handler answers', 'tools/call', { name: 'echo', arguments: { text: CUT } }, SENT],
    ['an argument that is wrong', 'tools/call', { name: 'echo', arguments: { text: [CUT], [CUT]: 1 } }, 'text'],
    ['a cursor', 'tools/list', { cursor: CUT }, ''],
  ])('in %s', async (_what, method, params, expected) => {
    const messages = await messagesOf(await send(method, params));
    const texts = messages.flatMap(textsOf);
    expect(messages.length).toBeGreaterThan(0);
    expect(texts.filter((text) => !text.isWellFormed())).toEqual([]);
    expect(texts.some((text) => text.includes(expected))).toBe(true);
  });
});

test.each([
  ['progress', 'tools/call', { name: 'tell', arguments: { text: CUT }, _meta: { progressToken: 1 } }, SENT],
  ['a tool that is not there', 'tools/call', { name: CUT, arguments: {} }, 'cut '],
  ['a resource that is not there', 'resources/read', { uri: `stream://rooms/${CUT}` }, 'well-formed'],
  ['a method that is not there', `none/${HALF}`, {}, 'none/'],
])('so do sessions of earlier revisions in %s', async (_what, method, params, expected) => {
  const texts = (await messagesOf(await sent({ jsonrpc: '2.0', id: 1, method, params }))).flatMap(textsOf);
  expect(texts.filter((text) => !text.isWellFormed())).toEqual([]);
  expect(JSON.stringify(texts)).toContain(expected);
});

test('what a push is refused with has none', async () => {
  const response = await pushed([{ room: 1, note: CUT, [CUT]: CUT }]);
  expect(response.status).toBe(400);
  expect(textsOf(await response.json()).filter((text) => !text.isWellFormed())).toEqual([]);
});

test.each([
  ['id', { id: HALF, method: 'ping' }],
  ['params._meta.progressToken', { id: 1, method: 'ping', params: { _meta: { progressToken: HALF } } }],
  ['params.requestId', { method: 'notifications/cancelled', params: { requestId: HALF } }],
])('an id is not answered as another one: %s', async (field, message) => {
  const response = await sent({ jsonrpc: '2.0', ...message });
  const { error } = (await response.json()) as { error?: { data?: { expected?: string } } };
  expect([response.status, error?.data?.expected]).toEqual([400, `${field}: a text without half of a surrogate pair`]);
});

test('a webhook is sent none', () => {
  const body = eventBody({ eventId: 'e', name: 'rooms', timestamp: 't', data: { note: CUT } }, 'c');
  expect((JSON.parse(body) as { data: unknown }).data).toEqual({ note: SENT });
});

test('whatever else is sent keeps its meaning, escapes that are text too', () => {
  const part = fc.oneof(
    fc.constantFrom('\\', 'ud83d', '\\ud83d', '"', '\u{1f600}', HALF, '\udc00'),
    fc.string({ unit: 'binary' }),
  );
  fc.assert(
    fc.property(fc.array(part), (parts) => {
      const text = parts.join('');
      expect(JSON.parse(sentJson([text]))).toEqual([text.toWellFormed()]);
    }),
  );
});
