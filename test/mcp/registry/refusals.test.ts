/**
 * What a refused call says. A refusal has no structured content: what a tool with an output schema answers has to conform to
 * the schema, and clients of the SDK's first line throw a refusal away that does not. So every client gives its model the text,
 * which says all; programs find the same as data in `_meta`.
 */
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, TidegateError, tool } from '../../../src/index.ts';
import { createTestApp } from '../../../src/testing.ts';
import { serveApp } from '../served.ts';

const failing = (made: () => TidegateError) =>
  tool({ description: 'Fails', output: z.object({ a: z.number() }), run: () => Promise.reject(made()) });
const app = defineApp({
  name: 'refusing',
  version: '1',
  description: 'd',
  streams: { plant: stream({ description: 'P', key: 'k', schema: z.object({ k: z.string(), a: z.number() }) }) },
  tools: {
    often: failing(() => new TidegateError('rate_limited', 'Too often', { retryAfterMs: 4_200 })),
    away: failing(() => new TidegateError('upstream', 'The archive is closed', { field: 'day', hint: 'try tomorrow' })),
    defect: failing(() => new TidegateError('internal', 'connect ECONNREFUSED 10.0.0.7')),
  },
});
const KEY = 'io.tidegate/error';

describe('a refused call says its code, the argument, what was expected and what to do', () => {
  test.each<[string, Record<string, unknown>, Record<string, unknown>]>([
    [
      'read_latest',
      { stream: 'plnt' },
      { code: 'not_found', field: 'stream', expected: 'one of the streams plant (did you mean plant?)' },
    ],
    [
      'read_history',
      { stream: 'plant', limit: -3 },
      { code: 'invalid_input', field: 'limit', expected: 'a number of at least 1' },
    ],
    ['read_history', { stream: 'plant', cursor: 'x' }, { code: 'bad_cursor', field: 'cursor' }],
    ['read_history', { stream: 'plant', field: 'a' }, { code: 'invalid_input', field: 'window' }],
    ['get_task', { task: 'zzz' }, { code: 'not_found', field: 'task' }],
    ['cancel_task', { task: 'zzz' }, { code: 'not_found', field: 'task' }],
    ['read_result', { handle: 'zzz' }, { code: 'not_found', field: 'handle' }],
    [
      'wait_for',
      { stream: 'plant', condition: { kind: 'match', forMs: 1 } },
      { code: 'invalid_input', field: 'condition.forMs' },
    ],
    ['often', {}, { code: 'rate_limited', retryAfterMs: 4_200 }],
    ['away', {}, { code: 'upstream', field: 'day', hint: 'try tomorrow' }],
  ])('%s %j', async (name, given, expected) => {
    const answer = await createTestApp(app).request('tools/call', { name, arguments: given });
    expect(answer).toMatchObject({ isError: true, _meta: { [KEY]: expected } });
    expect(answer).not.toHaveProperty('structuredContent');
    const text = (answer['content'] as { text: string }[]).map((block) => block.text).join('\n');
    const { retryAfterMs, ...words } = (answer['_meta'] as Record<string, Record<string, unknown>>)[KEY] ?? {};
    for (const word of Object.values(words)) expect(text).toContain(word);
    if (retryAfterMs !== undefined) expect(text).toContain('Again: after 5 s, not before.');
  });

  test('of a fault in the server no more than a reference', async () => {
    const answer = await createTestApp(app).request('tools/call', { name: 'defect', arguments: {} });
    expect(answer['_meta']).toMatchObject({ [KEY]: { code: 'internal', reference: expect.any(String) } });
    expect(JSON.stringify(answer)).not.toContain('ECONNREFUSED');
  });
});

test('a client of the first line that holds answers to their schemas gives refusals on', async () => {
  const served = await serveApp(app, { builtIns: true });
  const client = new Client({ name: 'v1', version: '1' });
  await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
  await client.listTools();
  const { isError, content } = await client.callTool({ name: 'read_latest', arguments: { stream: 'plnt' } });
  expect(isError).toBe(true);
  expect(JSON.stringify(content)).toContain('did you mean plant?');
  await client.close();
  await served.close();
});

test('the message of a protocol error says what was expected: most clients show nothing else', async () => {
  const at = createTestApp(app);
  const messageOf = (method: string, params: Record<string, unknown>) =>
    at.request(method, params).then(
      () => '',
      (thrown: unknown) => (thrown as Error).message,
    );
  expect(await messageOf('tools/call', { name: 'read_latst' })).toBe(
    'tools/call: Unknown tool: read_latst; expected the name of a tool that tools/list shows (did you mean read_latest?)',
  );
  expect(await messageOf('resources/read', { uri: 'stream://plnt' })).toContain('did you mean plant?');
  expect(await messageOf('prompts/get', { name: 'p' })).toContain('prompts/list');
});
