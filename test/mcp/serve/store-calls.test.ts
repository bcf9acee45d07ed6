/** What the endpoint asks of the store: nothing for discovery and lists; and what becomes of a store that is gone. */
import { afterEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineApp, stream, TidegateError, tool } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { type Served, serveApp } from '../served.ts';
import { begin, getTask } from '../tasks/client.ts';
import { taskApp } from '../tasks/task-app.ts';

const app = defineApp({
  name: 'counted',
  version: '1',
  description: 'An app with a stream',
  streams: {
    plant: stream({
      description: 'Temperatures',
      schema: z.object({ sensor: z.string(), celsius: z.number() }),
      key: 'sensor',
    }),
  },
  tools: {
    newest: tool({
      description: 'The newest event.',
      run: async (_input, { streams }) => JSON.stringify(await streams.latest('plant', 'boiler')),
    }),
  },
});

/** Every call to the store goes through `onCall` first. */
function watched(onCall: (method: string) => void): Store {
  return new Proxy(createMemoryStore({}), {
    get(target, name, receiver) {
      const value: unknown = Reflect.get(target, name, receiver);
      if (typeof value !== 'function') return value;
      return (...args: unknown[]) => {
        onCall(String(name));
        return (value as (...args: unknown[]) => unknown)(...args);
      };
    },
  });
}

function gone(): never {
  throw new TidegateError('store_unavailable', 'connect ECONNREFUSED 10.0.0.7:6379', { retryAfterMs: 1_500 });
}

let served: Served;
afterEach(() => served.close());

describe('calls to the store', () => {
  it.each(['server/discover', 'tools/list', 'resources/list', 'resources/templates/list', 'prompts/list'])(
    'are none for %s',
    async (method) => {
      const calls: string[] = [];
      served = await serveApp(app, { builtIns: true, store: watched((name) => calls.push(name)) });
      expect((await served.call(method)).status).toBe(200);
      expect(calls).toEqual([]);
    },
  );

  it('are one for a tool that reads the latest event', async () => {
    const calls: string[] = [];
    served = await serveApp(app, { builtIns: true, store: watched((name) => calls.push(name)) });
    expect((await served.call('tools/call', { name: 'newest' })).status).toBe(200);
    expect(calls).toEqual(['getMany']);
  });

  it('are one for how a task is, at each poll', async () => {
    const calls: string[] = [];
    served = await serveApp(taskApp, { store: watched((name) => calls.push(name)) });
    const taskId = await begin(served, 'nap', { ms: 1 });
    expect(calls).toEqual(['commit']);
    for (let polls = 0; polls < 20; polls += 1) await getTask(served, taskId);
    expect(calls.slice(1)).toEqual(Array.from({ length: 20 }, () => 'get'));
  });
});

describe('a store that is gone', () => {
  it.each([
    ['tools/call', { name: 'newest' }],
    ['tools/call', { name: 'read_latest', arguments: { stream: 'plant', key: 'boiler' } }],
    ['tools/call', { name: 'read_history', arguments: { stream: 'plant' } }],
    ['resources/read', { uri: 'stream://plant' }],
  ])('answers 503 with Retry-After to %s %j, in both eras', async (method, params) => {
    served = await serveApp(app, { builtIns: true, store: watched(gone) });
    const modern = await served.call(method, params);
    const legacy = await fetch(served.mcpUrl, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
    });
    for (const response of [modern, legacy]) {
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
      const text = await response.text();
      expect(JSON.parse(text)).toMatchObject({ id: 1, error: { code: -32_603, data: { code: 'store_unavailable' } } });
      expect(text).not.toContain('10.0.0.7');
    }
    expect((await served.call('tools/list')).status).toBe(200);
  });
});
