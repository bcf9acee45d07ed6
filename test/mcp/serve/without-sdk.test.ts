/** What is answered before the SDK is loaded: here whoever asks for it fails. */
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { sampleApp } from '../sample-app.ts';
import { type Served, serveApp } from '../served.ts';

const asked = vi.hoisted(() => ({ times: 0 }));
vi.mock('../../../src/mcp/serve/eras.ts', () => ({
  createEras() {
    asked.times += 1;
    throw new Error('the SDK is asked for');
  },
}));

let served: Served;
beforeAll(async () => {
  served = await serveApp(sampleApp);
});
afterAll(() => served.close());

test.each([
  ['tools/list', {}],
  ['tools/call', { name: 'add', arguments: { a: 1, b: 2 } }],
  ['tools/call', { name: 'no such tool', arguments: {} }],
  ['resources/list', {}],
  ['prompts/list', {}],
])('%s is answered without the SDK', async (method, params) => {
  const answer = await served.call(method, params);
  expect(answer.status).toBe(200);
  expect(asked.times).toBe(0);
});

test('what is of another revision asks for it', async () => {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
  await fetch(served.mcpUrl, { method: 'POST', headers: { 'content-type': 'application/json' }, body });
  expect(asked.times).toBe(1);
});
