/** An app of so many streams over a counted store, served in this process, and what a client asks of it. */
import * as z from 'zod';
import type { Json } from '../../../src/base/json.ts';
import type { Principal } from '../../../src/base/principal.ts';
import type { DeclaredStream } from '../../../src/declare/stream.ts';
import { createHost } from '../../../src/hosts/host.ts';
import type { Host } from '../../../src/hosts/http-host.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { withTasks } from '../../../src/hosts/task-deps.ts';
import { defineApp, stream, task } from '../../../src/index.ts';
import { type CountedStore, countCalls } from '../../../src/store/counting.ts';
import type { Store } from '../../../src/store/store.ts';
import { findStream } from '../../../src/streams/find-stream.ts';
import { scopeOf, ofStream, type StreamScope } from '../../../src/streams/scope.ts';
import type { TaskDeps } from '../../../src/tasks/records/find-task.ts';

const HOST = 'http://127.0.0.1:8787';
const MODERN = '2026-07-28';
const UNBOUNDED = 1_000_000;
/** Whoever asks. */
export const ASKING: Principal = { tenant: 'acme', subject: 'asking', client: null, scopes: ['*'] };
export const STREAM = 'readings';

export const runtime = nodeRuntime(() => {});

export interface World {
  counted: CountedStore;
  /** Not counted. */
  store: Store;
  scope: StreamScope;
  stream: DeclaredStream;
  deps: TaskDeps;
  host: Host;
  /** The result of one request. `legacy`: as a client of 2025-11-25. */
  ask(method: string, params?: Record<string, Json>, legacy?: 'legacy'): Promise<Record<string, Json>>;
  /** Listens until the given end; resolves when the server has said that it listens. */
  listen(uri: string): Promise<() => Promise<void>>;
}

/** Who does not read is cut off. */
async function readOn(reader: ReadableStreamDefaultReader<Uint8Array> | undefined): Promise<void> {
  for (let isOver = false; !isOver;) isOver = (await reader?.read())?.done ?? true;
}

function readings() {
  return stream({
    description: 'Readings of sensors',
    schema: z.object({ id: z.string(), sensor: z.string(), time: z.number(), celsius: z.number() }),
    id: 'id',
    key: 'sensor',
    time: 'time',
    retention: { events: 20_000_000 },
  });
}

function appOf(streams: number) {
  const others = Array.from({ length: streams - 1 }, (_, index) => [`other_${index}`, readings()] as const);
  return defineApp({
    name: 'scale',
    version: '1.0.0',
    description: 'As much as there may be',
    streams: { [STREAM]: readings(), ...Object.fromEntries(others) },
    tasks: { wait: task({ description: 'Waits.', version: '1', run: async () => 'done' }) },
    quotas: {
      requests: 1_000_000_000,
      openStreams: UNBOUNDED,
      runningTasks: UNBOUNDED,
      subscriptions: UNBOUNDED,
      allSubscriptions: UNBOUNDED,
    },
  });
}

export function openWorld(store: Store, streams: number): World {
  const app = appOf(streams);
  const counted = countCalls(store);
  const secrets = { current: 'the secret of a server in a benchmark', previous: null };
  const listening = { streamMs: 3_600_000, most: 100_000, reads: null };
  const given = { app, store: counted.store, runtime, authenticate: () => ASKING };
  const host = createHost({ ...given, host: null, secrets, listening });
  const deps = withTasks({ app, store, runtime });
  const declared = findStream(app, STREAM);
  const scope = ofStream(scopeOf(deps, ASKING), declared);

  function send(method: string, params: Record<string, Json>, isLegacy: boolean): Response | Promise<Response> {
    const named = params['name'] ?? params['uri'] ?? params['taskId'];
    const meta = {
      'io.modelcontextprotocol/protocolVersion': MODERN,
      'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
    };
    const headers = {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': isLegacy ? '2025-11-25' : MODERN,
      ...(isLegacy ? {} : { 'Mcp-Method': method }),
      ...(isLegacy || typeof named !== 'string' ? {} : { 'Mcp-Name': named }),
    };
    const message = { jsonrpc: '2.0', id: 1, method, params: isLegacy ? params : { ...params, _meta: meta } };
    return host.fetch(new Request(`${HOST}/mcp`, { method: 'POST', headers, body: JSON.stringify(message) }));
  }

  return {
    counted,
    store,
    scope,
    stream: declared,
    deps,
    host,
    async ask(method, params = {}, legacy) {
      const text = await (await send(method, params, legacy === 'legacy')).text();
      const { result } = JSON.parse(/^data: (.+)$/m.exec(text)?.[1] ?? text) as { result?: Record<string, Json> };
      if (result === undefined || result['isError'] === true) throw new Error(`${method}: ${text.slice(0, 500)}`);
      return result;
    },
    async listen(uri) {
      const response = await send('subscriptions/listen', { notifications: { resourceSubscriptions: [uri] } }, false);
      const reader = response.body?.getReader();
      const first = await reader?.read();
      const said = new TextDecoder().decode(first?.value);
      if (!said.includes('acknowledged')) throw new Error(`subscriptions/listen: ${said.slice(0, 500)}`);
      const reading = readOn(reader);
      return async () => {
        await reader?.cancel();
        await reading;
      };
    },
  };
}
