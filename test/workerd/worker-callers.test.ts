/** Who calls a Worker: `authenticate` is asked before anything is served. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createWorker } from '../../src/hosts/workers/host.ts';
import { defineApp, stream } from '../../src/index.ts';

const app = defineApp({
  name: 'callers',
  version: '1.0.0',
  description: 'One stream',
  streams: { things: stream({ description: 'Things', schema: z.object({ a: z.number() }) }) },
});
const worker = createWorker(app, {
  authenticate: ({ headers }) =>
    headers.has('authorization')
      ? { tenant: 'acme', subject: 'ada', client: null, scopes: [] }
      : new Response('who?', { status: 401 }),
  tenants: () => ['acme'],
});

function ask(more: Record<string, string>): Promise<Response> {
  const request = new Request('https://example.org/mcp', {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...more },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  });
  return worker.fetch(request, { STORE: 'memory' });
}

test('refuses who says nothing, and answers who does', async () => {
  expect((await ask({})).status).toBe(401);
  expect((await ask({ authorization: 'x' })).status).toBe(200);
});
