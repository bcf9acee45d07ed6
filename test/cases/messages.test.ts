/**
 * Mistakes that people and models made with other software: each is answered with the field as it was written, and with what
 * to write. Those of the command line are in test/hosts/cli, those of a declaration in test/declare.
 */
import { afterEach, describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, httpTool, secret, stream } from '../../src/index.ts';
import { createTestApp, type TestApp } from '../../src/testing.ts';

const NOON = Date.UTC(2026, 10, 20, 12);
const PUSH_TOKEN = 'a-token-of-this-test-alone';
const logged: [string, string, object?][] = [];
let app: TestApp;

afterEach(async () => {
  logged.length = 0;
  await app.close();
});

async function meters(): Promise<TestApp> {
  const readings = stream({
    description: 'Energy of each meter',
    schema: z.object({ meter: z.string(), at: z.string(), kwh: z.number(), customer: z.string() }),
    key: 'meter',
    time: 'at',
    push: { token: secret('PUSH_TOKEN') },
  });
  const silent = stream({ description: 'Takes no pushes', schema: z.object({ a: z.number() }) });
  const weather = httpTool({
    description: 'Weather of a city',
    url: 'https://weather.example/{city}',
    input: z.object({ city: z.string() }),
    output: z.object({ celsius: z.number() }),
  });
  const declared = { streams: { readings, silent }, tools: { weather } };
  app = createTestApp(defineApp({ name: 'meters', version: '1', description: 'Meters', ...declared }), {
    at: NOON,
    environment: { PUSH_TOKEN },
    fetch: () => Response.json({ celsius: 'warm' }),
    log: (...line) => void logged.push(line),
  });
  for (const meter of ['main', 'side']) {
    await app.streams.append('readings', { meter, at: '2026-11-20T11:00:00Z', kwh: 3, customer: 'c1' });
  }
  return app;
}

async function push(body: unknown, name = 'readings', token: string = PUSH_TOKEN) {
  const headers = { 'content-type': 'application/json', authorization: `Bearer ${token}` };
  const url = `http://127.0.0.1/ingest/${name}`;
  const answer = await app.fetch(new Request(url, { method: 'POST', headers, body: JSON.stringify(body) }));
  return { status: answer.status, body: (await answer.json()) as Record<string, unknown> };
}

describe('of arguments', () => {
  const query = { stream: 'readings', from: NOON - 7_200_000 };

  test('a lone text where a list is meant is a list of one', async () => {
    await meters();
    const { isError, structured } = await app.call('read_history', { ...query, window: '1h', by: 'customer' });
    expect(isError).toBe(false);
    expect(structured).toMatchObject({ windows: [{ group: { customer: 'c1' }, count: 2 }] });
  });

  test.each<[object, RegExp]>([
    [{ where: { kwh: { gt: 1 } } }, /^where\.kwh\.gt: .*did you mean above\?/m],
    [{ where: [{ field: 'kwh', gt: 1 }] }, /^where\.0\.gt: .*did you mean above\?/m],
    [{ where: { kwh: 'x' } }, /^where\.kwh: expected a number, which kwh holds, found "x"$/m],
    [{ window: '1h', aggregates: 'avg' }, /did you mean mean\?/],
    [{ window: '1h', by: { field: 'customer' } }, /^by: expected a list, found \{"field":"customer"\}$/m],
    [{ stream: undefined, strem: 'readings' }, /^strem: unknown here, did you mean stream\?/m],
  ])('%j is refused by its name, with what was meant', async (more, told) => {
    await meters();
    const { isError, text } = await app.call('read_history', { ...query, ...more });
    expect([isError, text]).toEqual([true, expect.stringMatching(told)]);
  });

  test('a key that no event has is told with the near one', async () => {
    await meters();
    const { text } = await app.call('read_history', { ...query, keys: ['mian'] });
    expect(text).toContain('No event has the key "mian", did you mean "main"?');
  });

  test('a condition of another word is told with ours, and a missing one with an example', async () => {
    await meters();
    const kind = await app.call('wait_for', { stream: 'readings', condition: { kind: 'above', field: 'kwh' } });
    expect(kind.text).toMatch(/^condition\.kind: .*did you mean threshold\?.*found "above"/m);
    const none = await app.call('wait_for', { stream: 'readings', condition: 'kwh > 1' });
    expect(none.text).toContain('condition: Expected an object such as { "kind": "threshold"');
  });

  test('of a tool that there is not the nearest one is told', async () => {
    await meters();
    await expect(app.call('read_histroy')).rejects.toMatchObject({
      data: { expected: expect.stringContaining('did you mean read_history?') },
    });
    const headers = { 'content-type': 'application/json' };
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/cal', params: {} });
    const earlier = await app.fetch(new Request('http://127.0.0.1/mcp', { method: 'POST', headers, body }));
    expect(await earlier.text()).toContain('Method not found: tools/cal (did you mean tools/call?)');
  });
});

describe('of a push', () => {
  const right = { meter: 'main', at: '2026-11-20T12:00:00Z', kwh: 1, customer: 'c1' };

  test('the time is named as its sender wrote it', async () => {
    await meters();
    const { status, body } = await push({ ...right, at: 'yesterday' });
    expect([status, body]).toEqual([400, expect.objectContaining({ field: 'body.at' })]);
    expect(body['title']).toMatch(/^body\.at: expected a time in ISO 8601 .*not "yesterday"$/);
  });

  test('to a stream that takes none, or that is misspelt, says so to whom has a token, and to the log', async () => {
    await meters();
    expect(await push(right, 'silent')).toMatchObject({
      status: 404,
      body: { title: 'The stream silent takes no pushes' },
    });
    expect(await push(right, 'raedings')).toMatchObject({
      status: 404,
      body: { expected: expect.stringContaining('did you mean readings?') },
    });
    const strangers = [];
    for (const name of ['silent', 'raedings', 'readings']) strangers.push(await push(right, name, 'wrong'));
    expect(new Set(strangers.map((answer) => JSON.stringify(answer))).size).toBe(1);
    expect(strangers[0]).toMatchObject({ status: 401 });
    const told = logged.flatMap(([, message]) =>
      message.startsWith('a push is refused: ') ? [message.slice(19)] : [],
    );
    expect(told.slice(2)).toEqual([
      'the stream declares no push',
      'there is no such stream',
      'its token is not the one of the stream',
    ]);
  });
});

test('an answer of an API that does not fit is logged, with field and expectation', async () => {
  await meters();
  const { isError, text } = await app.call('weather', { city: 'Berlin' });
  expect([isError, text]).toEqual([true, expect.stringContaining('celsius: expected a number, found "warm"')]);
  const line = [
    'warn',
    expect.stringContaining('the tool weather answered'),
    expect.objectContaining({ field: 'celsius' }),
  ];
  expect(logged).toContainEqual(line);
});
