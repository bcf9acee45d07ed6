/** The line that each request leaves in the log: what was asked, how it was answered, what it cost the store. */
import { afterEach, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, pull, stream, TidegateError, tool } from '../../src/index.ts';
import { createRequestLog } from '../../src/http/request-log.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { type Logged, type Served, serveApp } from '../mcp/served.ts';

const TIMES = [0, 1, 2, 3, 4, 5, 6, 7] as const;

const app = defineApp({
  name: 'accounted',
  version: '1',
  description: 'Tools that ask the store for this and that',
  streams: {
    plant: stream({
      description: 'Temperatures',
      schema: z.object({ sensor: z.string(), celsius: z.number() }),
      key: 'sensor',
      feed: pull({ pull: () => Promise.resolve({ items: [] }) }),
    }),
  },
  tools: {
    ...Object.fromEntries(
      TIMES.map((times) => [
        `looks_${times}`,
        tool({
          description: 'Looks so many times, one after the other.',
          async run(_input, { streams }) {
            for (let n = 0; n < times; n += 1) await streams.latest('plant', `sensor-${n}`);
            return 'looked';
          },
        }),
      ]),
    ),
    publish: tool({
      description: 'Appends an event.',
      run: async (_input, { streams }) => (await streams.append('plant', { sensor: 'a', celsius: 1 })).id,
    }),
  },
});

/** A store whose calls take a turn of the event loop each, so that requests interleave. */
function slowStore(): Store {
  const inner = createMemoryStore();
  const slow = { ...inner };
  slow.get = async (...args) => {
    await new Promise<void>((resolve) => setImmediate(resolve));
    return inner.get(...args);
  };
  return slow;
}

const gone = () => Promise.reject(new TidegateError('store_unavailable', 'gone'));

let served: Served;
afterEach(() => served.close());

async function serve(store?: Store): Promise<void> {
  served = await serveApp(app, { builtIns: true, ...(store ? { store } : {}) });
}

const isLine = ({ message }: Logged) => message === 'request';

/** The lines of requests so far; they are written behind the answer. */
async function lines(count: number): Promise<Record<string, unknown>[]> {
  await expect.poll(() => served.logged.filter(isLine).length).toBe(count);
  return served.logged.filter(isLine).map(({ fields }) => fields as Record<string, unknown>);
}

function callTool(name: string, args: object = {}, meta: Record<string, unknown> = {}): Promise<Response> {
  return served.call('tools/call', { name, arguments: args }, { meta });
}

test.each<[string, object, Record<string, number>]>([
  ['server/discover', {}, {}],
  ['tools/list', {}, {}],
  ['resources/list', {}, {}],
  ['prompts/list', {}, {}],
  ['tools/call', { name: 'looks_0' }, {}],
  ['tools/call', { name: 'looks_2' }, { getMany: 2 }],
  // Where there is no event, a second call says why.
  ['tools/call', { name: 'read_latest', arguments: { stream: 'plant', key: 'a' } }, { getMany: 1, extent: 1 }],
  ['tools/call', { name: 'read_latest', arguments: { stream: 'plant' } }, { list: 1, extent: 1 }],
  ['tools/call', { name: 'read_history', arguments: { stream: 'plant' } }, { getMany: 1, read: 1, get: 1 }],
  ['tools/call', { name: 'read_history', arguments: { stream: 'plant', from: '-1h' } }, { getMany: 1, read: 1 }],
  ['tools/call', { name: 'list_streams', arguments: {} }, { getMany: 2, extent: 1, last: 1, list: 1 }],
  ['tools/call', { name: 'tail_stream', arguments: { stream: 'plant', seconds: 0 } }, { extent: 1, read: 1, get: 1 }],
  // The append, and the projection of the latest event behind it.
  ['tools/call', { name: 'publish' }, { commit: 2, get: 1, getMany: 1, read: 1 }],
  ['resources/read', { uri: 'stream://plant' }, { getMany: 1, read: 1, get: 1 }],
  ['resources/read', { uri: 'feed://plant' }, { getMany: 1, last: 1 }],
  [
    'completion/complete',
    { ref: { type: 'ref/resource', uri: 'stream://{name}/{key}' }, argument: { name: 'key', value: '' } },
    { list: 1 },
  ],
])('%s %j costs the store %j', async (method, params, storeCalls) => {
  await serve();
  const response = await served.call(method, params);
  expect(response.status, await response.text()).toBe(200);
  const { name, uri } = params as { name?: string; uri?: string };
  const [line] = await lines(1);
  expect(line).toEqual({
    method: 'POST',
    path: '/mcp',
    mcp: method,
    ...((name ?? uri) === undefined ? {} : { name: name ?? uri }),
    status: 200,
    ms: expect.any(Number) as number,
    storeCalls,
  });
  expect(served.logged.find(isLine)?.level).toBe('debug');
});

test('requests that overlap keep apart', async () => {
  await serve(slowStore());
  const asked = [...TIMES, ...TIMES.toReversed(), ...TIMES];
  await Promise.all(asked.map(async (times) => (await callTool(`looks_${times}`)).text()));
  const found = await lines(asked.length);
  for (const times of TIMES) {
    const own = found.filter(({ name }) => name === `looks_${times}`).map(({ storeCalls }) => storeCalls);
    const expected = times === 0 ? {} : { getMany: times };
    expect(own).toEqual([expected, expected, expected]);
  }
});

test('of an answer that is streamed the line comes at its end, with all that it cost', async () => {
  await serve();
  const { structuredContent } = (
    (await (await callTool('tail_stream', { stream: 'plant', seconds: 0 })).json()) as {
      result: { structuredContent: { cursor: string } };
    }
  ).result;
  await lines(1);
  const args = { stream: 'plant', cursor: structuredContent.cursor, maxEvents: 2, seconds: 20 };
  await callTool('publish');
  const response = await callTool('tail_stream', args, { progressToken: 'p' });
  expect(response.headers.get('content-type')).toBe('text/event-stream');
  // Its head is here and its first event is on the way: the line is not.
  expect(await lines(2)).toMatchObject([{ name: 'tail_stream' }, { name: 'publish' }]);
  await callTool('publish');
  const text = await response.text();
  expect(text).toContain('"ended":"count"');
  const [, , , tail] = (await lines(4)) as { storeCalls: Record<string, number> }[];
  expect(tail).toMatchObject({ name: 'tail_stream', status: 200, storeCalls: { get: 1 } });
  expect(tail?.storeCalls['read']).toBeGreaterThan(1);
});

test('a batch of the older protocol is one request', async () => {
  await serve();
  const response = await fetch(served.mcpUrl, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Accept: 'application/json', 'MCP-Protocol-Version': '2025-03-26' },
    body: JSON.stringify(
      [2, 3].map((n) => ({ jsonrpc: '2.0', id: n, method: 'tools/call', params: { name: `looks_${n}` } })),
    ),
  });
  expect(await response.json()).toHaveLength(2);
  expect(await lines(1)).toMatchObject([{ mcp: 'batch of 2', status: 200, storeCalls: { getMany: 5 } }]);
});

test('a store that is gone is a warning, with what was asked of it', async () => {
  await serve({ ...createMemoryStore(), getMany: gone, ping: gone });
  expect((await callTool('looks_2')).status).toBe(503);
  expect((await fetch(`${served.url}/readyz`)).status).toBe(503);
  expect(await lines(2)).toMatchObject([
    { mcp: 'tools/call', name: 'looks_2', status: 503, storeCalls: { getMany: 1 } },
    { method: 'GET', path: '/readyz', status: 503, storeCalls: { ping: 1 } },
  ]);
  expect(served.logged.filter(isLine).map(({ level }) => level)).toEqual(['warn', 'warn']);
});

test('what never reaches a message has its line too', async () => {
  await serve();
  await fetch(`${served.url}/nope?secret=1`);
  await fetch(`${served.url}/mcp`, { method: 'POST', body: 'x' });
  await fetch(`${served.url}/mcp`, { method: 'POST', headers: { Origin: 'https://evil.example' } });
  await served.call('no/such/method');
  await served.call('tools/call', { name: 'x'.repeat(10_000) });
  expect(await lines(5)).toMatchObject([
    { method: 'GET', path: '/nope', status: 404 },
    { method: 'POST', path: '/mcp', status: 415 },
    { method: 'POST', path: '/mcp', status: 403 },
    { mcp: 'no/such/method', status: 404, storeCalls: {} },
    { mcp: 'tools/call', name: `${'x'.repeat(200)}…` },
  ]);
});

test('warnings are written again where the clock was set back, and not when its time has come', async () => {
  let now = Date.UTC(2026, 10, 20) + 86_400_000;
  let written = 0;
  const log = createRequestLog({ now: () => now, log: () => (written += 1) });
  const failing = { req: { method: 'GET', path: '/' }, res: { status: 503 }, get: () => undefined } as never;
  const fail = async () => {
    for (let times = 0; times < 30; times += 1) await log(failing, () => Promise.resolve());
  };
  await fail();
  expect(written).toBe(20);
  now -= 86_400_000;
  await fail();
  expect(written).toBe(40);
});
