/**
 * Who calls, on Node and Lambda: `authenticate` is asked, and the schedule works for the tenants that it answers. Workers:
 * `test/workerd/worker-callers.test.ts`.
 */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../src/base/runtime.ts';
import { createHost } from '../../src/hosts/host.ts';
import type { CallerOptions } from '../../src/hosts/http-host.ts';
import { createLambdaHost } from '../../src/hosts/lambda/host.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { serve } from '../../src/hosts/node/serve.ts';
import { defineApp, stream, task } from '../../src/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { readConfig } from '../../src/store/drivers/open.ts';
import { event, invocation } from './lambda/invocation.ts';

const app = defineApp({
  name: 'callers',
  version: '1.0.0',
  description: 'One task',
  streams: { things: stream({ description: 'Things', schema: z.object({ a: z.number() }) }) },
  tasks: { greet: task({ description: 'Greets', version: '1', run: async () => 'hello' }) },
});
const ADA = { tenant: 'acme', subject: 'ada', client: null, scopes: ['*'] };
const callers: CallerOptions = {
  authenticate: ({ headers }) => (headers.has('authorization') ? ADA : new Response('who?', { status: 401 })),
  tenants: () => ['acme'],
};
const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream' };

function callOf(name: string, args: object): string {
  return JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name, arguments: args } });
}

test('a host with authenticate and without tenants does not start', () => {
  const { authenticate } = callers;
  const host = () =>
    createHost({
      app,
      store: createMemoryStore(),
      runtime: systemRuntime(() => {}),
      ...(authenticate && { authenticate }),
    });
  expect(host).toThrow(expect.objectContaining({ code: 'invalid_config', field: 'tenants' }));
});

test('the schedule works on a task of the tenant that authenticate answered', async () => {
  const host = createHost({ app, store: createMemoryStore(), runtime: systemRuntime(() => {}), ...callers });
  onTestFinished(() => host.close());
  const ask = async (name: string, args: object) => {
    const request = new Request('https://example.org/mcp', {
      method: 'POST',
      headers: { ...headers, authorization: 'x' },
      body: callOf(name, args),
    });
    return (await host.fetch(request)).text();
  };
  const [id = ''] = /[\w-]{20,}/.exec(await ask('greet', {})) ?? [];
  await host.scheduled(Date.now() + 5_000);
  expect(await ask('get_task', { task: id })).toContain('hello');
});

test.each(['node', 'lambda'])('%s asks who calls', async (platform) => {
  const statusOf: Record<string, (authorized: boolean) => Promise<number>> = {
    async node(authorized) {
      const config = readConfig({ STORE: 'memory', PORT: '0', HOST: '127.0.0.1' }, 'memory');
      const serving = await serve(
        config,
        app,
        nodeRuntime(() => {}),
        null,
        callers,
      );
      onTestFinished(() => serving.stop());
      const sent = authorized ? { ...headers, authorization: 'x' } : headers;
      return (await fetch(`${serving.url}/mcp`, { method: 'POST', headers: sent, body: callOf('list_streams', {}) }))
        .status;
    },
    async lambda(authorized) {
      const sent = authorized ? { ...headers, authorization: 'x' } : headers;
      const called = event('POST', '/mcp', { headers: sent, body: callOf('list_streams', {}) });
      const host = createLambdaHost(app, { STORE: 'memory' }, { write: () => {}, ...callers });
      return (await host.buffered(called, invocation(5_000))).statusCode;
    },
  };
  expect(await statusOf[platform]?.(false)).toBe(401);
  expect(await statusOf[platform]?.(true)).toBe(200);
});
