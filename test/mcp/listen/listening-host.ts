/** A host whose clock a test moves, and listeners of it that read what is sent. */
import type { Principal } from '../../../src/base/principal.ts';
import { type Runtime, systemRuntime } from '../../../src/base/runtime.ts';
import type { App } from '../../../src/declare/app.ts';
import { createHost } from '../../../src/hosts/host.ts';
import type { HostOptions } from '../../../src/hosts/http-host.ts';
import { createTestClock } from '../../../src/hosts/testing/clock.ts';
import { TASKS } from '../../../src/mcp/tasks/capability.ts';
import { trustClock } from '../../../src/store/clock-watch.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';

export const START = Date.UTC(2026, 10, 30, 12);
const SECRETS = { current: 'a secret of a test, which guards nothing', previous: null };
const META = 'io.modelcontextprotocol/';

export interface Sent {
  method?: string;
  /** Of the event that brought it. */
  retry?: string;
  id?: unknown;
  result?: Record<string, unknown>;
  error?: { code: number; message: string; data?: Record<string, unknown> };
  params?: Record<string, unknown> & { _meta?: Record<string, unknown> };
}

export interface Listener {
  status: number;
  /** The messages that came, oldest first; each with the time, ms after the start. */
  messages: (Sent & { at: number })[];
  /** What came beside messages: comments and fields. */
  others: string[];
  /** `open`, or how the stream ended. */
  state: 'open' | 'closed' | 'broken';
  /** Names what came since the last call. */
  news(): string[];
  leave(): void;
}

/** Who calls is the text of the `Authorization` header: `tenant subject scope …`. */
function principalOf(request: Request): Principal {
  const [tenant = '', subject = '', ...scopes] = (request.headers.get('authorization') ?? 'public public *').split(' ');
  return { tenant, subject, client: null, scopes };
}

/** Headers have ASCII alone. */
function inHeader(text: string): string {
  return /^[ -~]*$/.test(text) ? text : `=?base64?${Buffer.from(text).toString('base64')}?=`;
}

export function createListeningHost(app: App, own: Partial<HostOptions> = {}, clock = createTestClock(START)) {
  const runtime: Runtime = {
    ...systemRuntime(() => {}),
    now: () => clock.now(),
    sleep: (ms, signal) => clock.sleep(ms, signal),
    random: () => 0.5,
    fetch: () => Promise.reject(new TypeError('fetch failed: a test reaches no network')),
    resolve: null,
  };
  const store: Store = trustClock(own.store ?? createMemoryStore());
  const host = createHost({ app, runtime, secrets: SECRETS, authenticate: principalOf, ...own, store });

  async function post(method: string, params: object, who?: string, id: string | number = 1): Promise<Response> {
    const meta = {
      [`${META}protocolVersion`]: '2026-07-28',
      [`${META}clientCapabilities`]: { extensions: { [TASKS.id]: {} } },
    };
    const { name, uri, taskId } = params as { name?: string; uri?: string; taskId?: string };
    const named = name ?? uri ?? taskId;
    const request = new Request('http://127.0.0.1/mcp', {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': method,
        ...(named === undefined ? {} : { 'Mcp-Name': inHeader(named) }),
        ...(who === undefined ? {} : { Authorization: who }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } }),
    });
    return host.fetch(request);
  }

  async function call(method: string, params: object, who?: string): Promise<Sent> {
    return clock.drive(post(method, params, who).then(async (response) => (await response.json()) as Sent));
  }

  /** @param isRead false: nothing is taken of the stream */
  const listen = (notifications: object, who?: string, id: string | number = 1, isRead = true): Promise<Listener> =>
    open('subscriptions/listen', { notifications }, who, id, isRead);

  /** A request that stays open, of any method. */
  async function open(
    method: string,
    params: object,
    who?: string,
    id: string | number = 1,
    isRead = true,
  ): Promise<Listener> {
    const response = await clock.drive(post(method, params, who, id));
    const listener: Listener = {
      status: response.status,
      messages: [],
      others: [],
      state: 'open',
      news: () => listener.messages.splice(0).map(nameOf),
      leave: () => {},
    };
    if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
      listener.messages.push({ ...((await response.json()) as Sent), at: clock.now() - START });
      listener.state = 'closed';
      return listener;
    }
    const reader = response.body!.pipeThrough(new TextDecoderStream()).getReader();
    listener.leave = () => void reader.cancel();
    if (isRead) void read(reader, listener);
    await clock.advance(0);
    return listener;
  }

  async function read(reader: ReadableStreamDefaultReader<string>, listener: Listener): Promise<void> {
    let rest = '';
    try {
      for (let next = await reader.read(); !next.done; next = await reader.read()) {
        const events = (rest + next.value).split('\n\n');
        rest = events.pop() ?? '';
        for (const event of events) take(event, listener);
      }
      listener.state = 'closed';
    } catch {
      listener.state = 'broken';
    }
  }

  function take(event: string, listener: Listener): void {
    const data = event.split('\n').find((line) => line.startsWith('data: '));
    if (data === undefined) listener.others.push(event);
    else {
      const retry = /^retry: (\d+)$/m.exec(event)?.[1];
      const message = { ...(JSON.parse(data.slice(6)) as Sent), at: clock.now() - START };
      listener.messages.push(retry === undefined ? message : { ...message, retry });
    }
  }

  return { host, store, runtime, clock, call, post, listen, open };
}

function nameOf({ method, params, result, error }: Sent): string {
  if (error) return `error ${error.code}`;
  if (result) return 'completed';
  const about = params?.['uri'] ?? (params?.['taskId'] === undefined ? '' : params['status']);
  return `${method?.replace('notifications/', '')} ${String(about)}`.trim();
}
