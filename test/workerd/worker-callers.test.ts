/** Who calls a Worker: `authenticate` is asked before anything is served; and what its schedule may spend. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createWorker } from '../../src/hosts/workers/host.ts';
import { defineApp, pull, stream } from '../../src/index.ts';

const app = defineApp({
  name: 'callers',
  version: '1.0.0',
  description: 'One stream',
  streams: { things: stream({ description: 'Things', schema: z.object({ a: z.number() }) }) },
});
const worker = createWorker(app, {
  authenticate: ({ headers }) =>
    headers.has('authorization')
      ? { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] }
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

test('feeds stand still beyond FEED_REQUESTS_PER_DAY, and who asks is answered', async () => {
  let pulls = 0;
  const feed = pull({ everyMs: 1, pull: () => Promise.resolve({ items: [{ a: (pulls += 1) }], position: pulls }) });
  const things = stream({ description: 'Things', schema: z.object({ a: z.number() }), feed });
  const fed = createWorker(defineApp({ name: 'fed', version: '1.0.0', description: 'One feed', streams: { things } }));
  const environment = { STORE: 'memory', FEED_REQUESTS_PER_DAY: '1' };
  for (let minutes = 0; minutes < 3; minutes += 1) await fed.scheduled({}, environment);
  expect(pulls).toBe(1);
  expect((await fed.fetch(new Request('https://example.org/readyz'), environment)).status).toBe(200);
});
