/** A host that observes itself, on a memory store and a clock that the test turns. */
import * as z from 'zod';
import { defineApp, pull, stream, tool } from '../../../src/index.ts';
import { type Runtime, systemRuntime } from '../../../src/base/runtime.ts';
import { createHost } from '../../../src/hosts/host.ts';
import type { HostOptions } from '../../../src/hosts/http-host.ts';
import { createObserve, type ObserveOptions } from '../../../src/http/observe/observe.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import type { Deps } from '../../../src/streams/deps.ts';

export interface Line {
  level: string;
  message: string;
  fields: Record<string, unknown>;
}

export function observedApp(pulled: () => Promise<{ items: object[] }>) {
  return defineApp({
    name: 'observed',
    version: '1',
    description: 'an app of the test',
    streams: {
      rooms: stream({
        description: 'Rooms',
        schema: z.object({ room: z.string(), celsius: z.number() }),
        key: 'room',
        feed: pull({ lateAfterMs: 3_600_000, pull: pulled }),
      }),
    },
    tools: { hot: tool({ description: 'Says what is hot.', run: () => Promise.resolve('attic') }) },
  });
}

export const META = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test', version: '1' },
    'io.modelcontextprotocol/clientCapabilities': {},
  },
};

export interface ObservedHost {
  deps: Deps;
  store: Store;
  lines: Line[];
  clock: { now: number };
  host: ReturnType<typeof createHost>;
  get(path: string, headers?: Record<string, string>): Promise<Response>;
  call(body: object, headers?: Record<string, string>): Promise<Response>;
  tool(name: string): Promise<Response>;
}

export function observedHost(
  options: Partial<HostOptions> & {
    sleep?: Runtime['sleep'];
    variables?: Record<string, string>;
    observing?: ObserveOptions | null;
    from?: Store;
    pulled?: () => Promise<{ items: object[] }>;
  } = {},
): ObservedHost {
  const {
    variables = {},
    sleep,
    observing = { process: () => [] },
    from,
    pulled = () => Promise.resolve({ items: [] }),
    ...own
  } = options;
  const clock = { now: Date.parse('2026-11-30T12:00:00Z') };
  const lines: Line[] = [];
  const log = (level: string, message: string, fields = {}) => void lines.push({ level, message, fields });
  const runtime = {
    ...systemRuntime(log),
    now: () => clock.now,
    variable: (name: string) => variables[name] ?? null,
    ...(sleep ? { sleep } : {}),
  };
  const app = observedApp(pulled);
  const observe = observing === null ? undefined : createObserve(app, observing);
  const store = observe?.timed(from ?? createMemoryStore()) ?? createMemoryStore();
  const host = createHost({ app, store, runtime, host: '127.0.0.1', isOpen: true, observe, ...own });
  const get = async (path: string, headers: Record<string, string> = {}) =>
    host.fetch(new Request(`http://127.0.0.1${path}`, { headers }));
  const call = async (body: object, headers: Record<string, string> = {}) => {
    const { method, params } = body as { method: string; params?: { name?: string } };
    const named = params?.name === undefined ? {} : { 'Mcp-Name': params.name };
    return host.fetch(
      new Request('http://127.0.0.1/mcp', {
        method: 'POST',
        body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }),
        headers: {
          'content-type': 'application/json',
          accept: 'application/json, text/event-stream',
          'MCP-Protocol-Version': '2026-07-28',
          'Mcp-Method': method,
          ...named,
          ...headers,
        },
      }),
    );
  };
  const tool = (name: string) => call({ method: 'tools/call', params: { name, arguments: {}, ...META } });
  return { deps: { app, store, runtime }, store, lines, clock, host, get, call, tool };
}
