/** An app on a real HTTP server on a free port of 127.0.0.1, for tests of the endpoint. */
import type { AddressInfo } from 'node:net';
import { serve as listen } from '@hono/node-server';
import type { App } from '../../src/declare/app.ts';
import type { Principal } from '../../src/base/principal.ts';
import { type Connect, systemRuntime } from '../../src/base/runtime.ts';
import { createSealer, type Secrets } from '../../src/base/seal.ts';
import { createApp } from '../../src/http/app.ts';
import type { HttpAppOptions } from '../../src/http/app-options.ts';
import { createAppAlarms } from '../../src/calls/events/app-alarms.ts';
import { createAppFeeds } from '../../src/calls/publishing/app-feeds.ts';
import type { HandlerDeps } from '../../src/calls/deps.ts';
import { createMcpEndpoint } from '../../src/mcp/serve/endpoint.ts';
import { bindHttpTools } from '../../src/apis/bind.ts';
import type { Extension } from '../../src/mcp/extension.ts';
import { tasksExtension } from '../../src/mcp/tasks/extension.ts';
import { createRegistry } from '../../src/mcp/registry/registry.ts';
import { createLateResults } from '../../src/mcp/asking/late-results.ts';
import { createResults, type ResultDeps } from '../../src/calls/results.ts';
import { resultReaders } from '../../src/tools/read-result.ts';
import { watchChanges } from '../../src/calls/changes/kept.ts';
import type { ListenBounds } from '../../src/mcp/listen/held.ts';
import type { ServerDeps } from '../../src/mcp/serve/answering.ts';
import { taskStatuses } from '../../src/mcp/tasks/notification.ts';
import { createServing } from '../../src/mcp/serve/serving.ts';
import { streamResources } from '../../src/tools/stream-resources.ts';
import { streamTools } from '../../src/tools/index.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { createAppStreams } from '../../src/calls/streams.ts';
import type { Deps } from '../../src/streams/deps.ts';
import { BY_SCHEDULE } from '../../src/tasks/records/dispatch.ts';
import { type RunnerOptions, startRunner } from '../../src/tasks/work/runner.ts';
import { createTasks } from '../../src/tasks/work/service.ts';
import { SECRETS, statesOn } from '../calls/states.ts';

export interface Logged {
  level: string;
  message: string;
  fields: unknown;
}

export interface Served {
  url: string;
  mcpUrl: string;
  logged: Logged[];
  /** A POST of a 2026-07-28 request with all that it needs; `headers` and `meta` replace or, with null, remove. */
  call(method: string, params?: object, change?: Change): Promise<Response>;
  /** Ends what is under way, and no connection. */
  end(): Promise<void>;
  close(): Promise<void>;
}

export interface Change {
  headers?: Record<string, string | null>;
  meta?: Record<string, unknown>;
  signal?: AbortSignal;
}

export interface ServeOptions {
  store?: Store;
  /** Whether the streams' own tools and resources are there; default: none. */
  builtIns?: boolean;
  http?: Partial<HttpAppOptions>;
  /** Null: there are none; default: the same for all. */
  secrets?: Secrets | null;
  /** Longest time of a request, ms; default: that of every host. */
  requestMs?: number;
  /** Works on tasks; null: nobody does. Default: null. */
  runner?: RunnerOptions | null;
  /** The environment, as HTTP tools read it. */
  variables?: Record<string, string>;
  /** Epoch ms; default: the system's. */
  now?: () => number;
  /** Keeps large results; default: nothing does, and there is nothing to read them. */
  results?: Partial<ResultDeps>;
  /** Opens sockets; default: nothing does. */
  connect?: Connect;
  /** Listed behind all others; default: none. */
  extensions?: readonly Extension[];
  /** Where the requests of callers are counted, where there is authentication; default: elsewhere than in `store`. */
  counts?: Store;
  /** What of serving is another than by default. */
  serving?: Partial<Pick<ServerDeps, 'streamMs' | 'standing' | 'outlivesClients' | 'deadlineOf' | 'worksAfterAnswer'>>;
  /** How clients listen to changes; default: they cannot. */
  listening?: ListenBounds;
  /** Whose every request is; default: nobody in particular. */
  principal?: Principal;
}

export async function serveApp(app: App, options: ServeOptions = {}): Promise<Served> {
  const logged: Logged[] = [];
  const system = systemRuntime((level, message, fields) => void logged.push({ level, message, fields }));
  const runtime = { ...system, now: options.now ?? Date.now, connect: options.connect ?? null };
  const { store, watch } = watchChanges({ store: options.store ?? createMemoryStore({}), runtime });
  const deps: Deps = { app, store, runtime };
  const bound = bindHttpTools(deps, (name) => options.variables?.[name] ?? null);
  const streamsFor: HandlerDeps['streamsFor'] = (principal, deadline, view) =>
    createAppStreams({ ...deps, store: view }, principal, deadline);
  const feedsFor: HandlerDeps['feedsFor'] = (context, view) => createAppFeeds({ ...deps, store: view }, context);
  const taskDeps = { ...deps, streamsFor: createAppStreams, catalog: app.tasks };
  const alarmsFor: HandlerDeps['alarmsFor'] = (principal, deadline, view) =>
    createAppAlarms({ ...deps, store: view }, principal, deadline);
  const runner = options.runner ? startRunner(taskDeps, options.runner) : null;
  const tasks = createTasks(taskDeps, runner?.dispatch ?? BY_SCHEDULE);
  const requestStates = statesOn(runtime, store, options.secrets);
  const sealer = options.secrets === null ? null : createSealer(options.secrets ?? SECRETS, 'test/result');
  const results =
    options.results &&
    createResults({ runtime, sealer, ...app.results, most: app.quotas, reader: 'read_result', ...options.results });
  const handlerDeps = {
    app: bound,
    runtime,
    streamsFor,
    feedsFor,
    alarmsFor,
    requestStates,
    ...(results ? { results } : {}),
  };
  const extensions: Extension[] = [
    ...(options.builtIns ? [{ tools: streamTools(deps), resources: streamResources(deps) }] : []),
    ...(app.tasks.size > 0 ? [tasksExtension(tasks, deps)] : []),
    ...(results ? [resultReaders(results, app)] : []),
    ...(options.extensions ?? []),
  ];
  const registry = createRegistry(handlerDeps, extensions);
  const sessionSealer =
    options.secrets === null ? null : createSealer(options.secrets ?? SECRETS, `${app.name}/session`);
  const late =
    options.results &&
    createLateResults({
      runtime,
      keptMs: app.results.keptMs,
      most: app.quotas,
      reader: 'read_result',
      ...options.results,
    });
  const serving = createServing({
    runtime,
    registry,
    registryOf: () => registry,
    store,
    standing: [taskStatuses({ watch, tasks, runtime })],
    watch,
    listening: options.listening ? { watch, bounds: options.listening } : null,
    sessionSealer,
    ...(late ? { late } : {}),
    ...(options.requestMs === undefined ? {} : { requestMs: options.requestMs }),
    ...options.serving,
  });
  const mcp = createMcpEndpoint({
    about: registry.about,
    aboutPart: () => Promise.resolve(registry.about),
    knowsCallers: false,
    serving,
    sessions: sessionSealer !== null,
  });
  const { principal } = options;
  // So tests that count calls see those of what they ask for.
  const isKnown = principal !== undefined || options.http?.authenticate !== undefined;
  const { counts = isKnown ? createMemoryStore({}) : store } = options;
  const http = createApp(
    { ...deps, store: { ...store, add: (...asked) => counts.add(...asked) }, mcp },
    { publicUrl: null, host: '127.0.0.1', ...(principal ? { authenticate: () => principal } : {}), ...options.http },
  );
  const server = listen({ fetch: http.fetch, port: 0, hostname: '127.0.0.1' });
  await new Promise<void>((resolve) => server.once('listening', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    mcpUrl: `${url}/mcp`,
    logged,
    call: (method, params = {}, change = {}) => postModern(`${url}/mcp`, method, params, change),
    end: () => mcp.close(),
    async close() {
      await runner?.stop();
      await mcp.close();
      await new Promise<void>((resolve) => {
        server.close(() => resolve());
        if ('closeAllConnections' in server) server.closeAllConnections();
      });
    },
  };
}

function postModern(url: string, method: string, params: object, change: Change): Promise<Response> {
  const { name = (params as { taskId?: string }).taskId, uri } = params as { name?: string; uri?: string };
  const headers = new Headers({
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': '2026-07-28',
    'Mcp-Method': method,
    ...(method === 'resources/read' ? { 'Mcp-Name': uri ?? '' } : name === undefined ? {} : { 'Mcp-Name': name }),
  });
  for (const [header, value] of Object.entries(change.headers ?? {})) {
    if (value === null) headers.delete(header);
    else headers.set(header, value);
  }
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
    ...change.meta,
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: meta } });
  return fetch(url, { method: 'POST', headers, body, ...(change.signal ? { signal: change.signal } : {}) });
}
