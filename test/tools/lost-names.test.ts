/** A member `__proto__` is kept or refused wherever it comes in: as a filter that is dropped it would let everything pass. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { csv, defineApp, http, secret, stream, tool } from '../../src/index.ts';
import { createTestApp } from '../../src/testing.ts';

const TOKEN = 'a-token-of-a-test-forty-characters-long';
const ROW = '{"n":1,"__proto__":{"admin":true}}';
const feed = (path: string, more: object = {}) =>
  http({ url: `https://source.example/${path}`, everyMs: 1_000, ...more });

const app = defineApp({
  name: 'names',
  version: '1.0.0',
  description: 'Names that objects have by themselves',
  streams: {
    open: stream({ description: 'Any', schema: z.unknown(), push: { token: secret('TOKEN') } }),
    record: stream({
      description: 'Any names',
      schema: z.record(z.string(), z.unknown()),
      push: { token: secret('TOKEN') },
    }),
    loose: stream({
      description: 'Further names',
      schema: z.looseObject({ n: z.coerce.number() }),
      feed: feed('json'),
    }),
    rows: stream({
      description: 'Rows',
      schema: z.record(z.string(), z.string()),
      feed: feed('csv', { format: csv() }),
    }),
    named: stream({ description: 'Others', schema: z.record(z.string(), z.unknown()), feed: feed('others') }),
  },
  tools: { echo: tool({ description: 'Says what came', run: async (input) => JSON.stringify(input) }) },
});

const SOURCES: Record<string, [type: string, body: string]> = {
  json: ['application/json', `[${ROW}]`],
  csv: ['text/csv', 'n,__proto__\n1,x\n'],
  others: ['application/json', '[{"constructor":1,"toString":2,"hasOwnProperty":3}]'],
};

function made() {
  const test = createTestApp(app, {
    environment: { TOKEN },
    fetch: ({ url }) => {
      const [type, body] = SOURCES[new URL(url).pathname.slice(1)] ?? ['text/plain', ''];
      return new Response(body, { headers: { 'Content-Type': type } });
    },
  });
  onTestFinished(() => test.close());
  return test;
}
const proto = (value: unknown) => JSON.parse(`{"__proto__":${JSON.stringify(value)}}`) as Record<string, unknown>;

test.each([
  ['by field', proto({ above: 5 })],
  ['by field, of a value', proto(5)],
  ['as a list', [{ field: '__proto__', above: 5 }]],
])('a filter is refused: %s', async (_what, where) => {
  const answer = await made().call('read_history', { stream: 'record', from: '-1h', where });
  expect(answer.isError).toBe(true);
  expect(answer.text).toContain('__proto__: another name than __proto__');
});

test('arguments of a tool that declares none', async () => {
  const answer = await made().call('echo', { a: proto(1) });
  expect(answer).toMatchObject({ isError: false, text: '{"a":{"__proto__":1}}' });
  expect((await made().call('echo', proto(1))).text).toContain('__proto__');
});

test.each([
  ['open', 200],
  ['record', 400],
])('a push to the stream %s is answered %i', async (name, status) => {
  const test = made();
  const headers = { 'Content-Type': 'application/json', Authorization: `Bearer ${TOKEN}` };
  const request = new Request(`http://localhost/ingest/${name}`, { method: 'POST', headers, body: ROW });
  const answer = await test.fetch(request);
  const said = await answer.text();
  expect([answer.status, said.includes('__proto__')]).toEqual([status, status === 400]);
  const { events } = (await test.call('read_latest', { stream: name })).structured as { events: { data: object }[] };
  expect(events.map(({ data }) => JSON.stringify(data))).toEqual(status === 200 ? [ROW] : []);
});

test('items of feeds: what would be lost is a dead letter that says so, and other names stand', async () => {
  const test = made();
  const { feeds } = await test.ingest();
  const told = Object.fromEntries(feeds.map(({ feed, events, rejected }) => [feed, [events, rejected]]));
  expect(told).toEqual({ loose: [0, 1], rows: [0, 1], named: [1, 0] });
  expect((await test.call('list_streams', { stream: 'rows' })).text).toContain('data.__proto__: another name than');
  expect((await test.call('read_latest', { stream: 'named' })).text).toContain('constructor=1 toString=2');
});
