/** Streams of answers and of sessions on the wire: their events, who may come back to them, and what is refused. */
import { ENDING } from '../../../src/mcp/wire/errors.ts';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterEach, describe, expect, it } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createSealer } from '../../../src/base/seal.ts';
import { END, eventIdText, readEventId, STANDING } from '../../../src/mcp/sessions/event-ids.ts';
import { createKeptMessages } from '../../../src/mcp/sessions/kept-messages.ts';
import { createSessionHints } from '../../../src/mcp/sessions/session-hints.ts';
import { createSessions } from '../../../src/mcp/sessions/sessions.ts';
import type { StandingSource } from '../../../src/mcp/sessions/standing.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { tellHints } from '../../../src/streams/hints.ts';
import type { Served, ServeOptions } from '../served.ts';
import { SECRETS } from '../../calls/states.ts';
import { gate, instances, relayApp, relayTo } from './relay.ts';

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

/** Who sends is named by a header. */
const authenticate = ({ headers }: Request) => {
  const [tenant = 't', subject = 's'] = (headers.get('x-who') ?? 't/s').split('/');
  return { tenant, subject, client: null, scopes: ['*'] };
};

interface Stage {
  served: Served[];
  store: Store;
  clock: { ahead: number };
}

async function stage(
  given: Store = createMemoryStore(),
  serving: ServeOptions['serving'] = {},
  listening?: ServeOptions['listening'],
): Promise<Stage> {
  const clock = { ahead: 0 };
  const served = await instances(given, {
    http: { authenticate },
    serving,
    ...(listening ? { listening } : {}),
    now: () => Date.now() + clock.ahead,
  });
  open.push(...served);
  return { served, store: given, clock };
}

interface Asked {
  at?: number;
  method?: string;
  headers?: Record<string, string>;
  body?: object;
}

async function send({ served }: Stage, { at = 0, method = 'POST', headers = {}, body }: Asked): Promise<Response> {
  return fetch(served[at]?.mcpUrl ?? '', {
    method,
    headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream', ...headers },
    ...(body ? { body: JSON.stringify(body) } : {}),
  });
}

const request = (method: string, params: object = {}, id: string | number = 7) => ({
  jsonrpc: '2.0',
  id,
  method,
  params,
});
const work = (name: string, id?: string | number) =>
  request('tools/call', { name: 'work', arguments: { name }, _meta: { progressToken: 'p' } }, id);

async function begin(on: Stage, version = '2025-11-25', headers: Record<string, string> = {}): Promise<string> {
  const clientInfo = { name: 't', version: '0' };
  const body = request('initialize', { protocolVersion: version, capabilities: {}, clientInfo });
  const response = await send(on, { headers, body });
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
}

function resume(on: Stage, session: string, last: string, given: Asked = {}): Promise<Response> {
  const headers = { Accept: 'text/event-stream', 'Mcp-Session-Id': session, 'Last-Event-ID': last, ...given.headers };
  return send(on, { at: 1, method: 'GET', ...given, headers });
}

/** The ids of the events of a stream, in order. */
const idsIn = (text: string) => [...text.matchAll(/^id: (.+)$/gm)].map(([, id]) => id ?? '');

/** Reads a stream up to an event that contains this. */
async function readTo(response: Response, part: string): Promise<string> {
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let text = '';
  for (;;) {
    const next = await reader?.read();
    if (!next || next.done) break;
    text += next.value;
    if (text.includes(part)) break;
  }
  await reader?.cancel();
  return text;
}

/** What an instance works with. */
function inside({ clock }: Stage) {
  const runtime = { ...systemRuntime(() => {}), now: () => Date.now() + clock.ahead };
  const sessions = createSessions(runtime, createSealer(SECRETS, `${relayApp.name}/session`));
  const kept = createKeptMessages(runtime, createSessionHints(runtime));
  return { runtime, sessions, kept, principal: { tenant: 't', subject: 's', client: null, scopes: ['*'] } };
}

const stand = (on: Stage, session: string, at = 0, headers: Record<string, string> = {}) =>
  send(on, { at, method: 'GET', headers: { Accept: 'text/event-stream', 'Mcp-Session-Id': session, ...headers } });

/** What is kept for it, by an instance that has no connection of it. */
async function keep(on: Stage, session: string, id: string): Promise<void> {
  const { runtime, principal, sessions, kept } = inside(on);
  const facts = await sessions.open(session, principal);
  const call = { principal, account: { store: on.store }, deadline: runtime.now() + 10_000 };
  const message = { jsonrpc: '2.0' as const, id, method: 'ping' };
  expect(await kept.keep(facts?.id ?? '', STANDING, [message], call)).toBe(true);
}

const cancel = (id: string | number) => ({
  jsonrpc: '2.0',
  method: 'notifications/cancelled',
  params: { requestId: id },
});

let names = 0;
const newName = () => `stream ${(names += 1)}`;

const unstreamed = (name: string, id: number) => request('tools/call', { name: 'work', arguments: { name } }, id);

describe('a request whose answer is no stream', () => {
  it.each([
    ['here', 0],
    ['on another instance', 1],
  ])(
    'topcheer/ggcode#2490: is answered with 202 and nothing once it is cancelled %s, which ends no client',
    async (_where, at) => {
      const on = await stage();
      const headers = { 'Mcp-Session-Id': await begin(on) };
      const name = newName();
      const answer = send(on, { headers, body: unstreamed(name, 41) });
      await gate(name).begun;
      expect((await send(on, { at, headers, body: cancel(41) })).status).toBe(202);
      const response = await answer;
      expect([response.status, await response.text(), await gate(name).ended]).toEqual([202, '', 'aborted']);
    },
  );

  it('of a batch is left out of its answer', async () => {
    const on = await stage();
    const headers = { 'Mcp-Session-Id': await begin(on, '2025-03-26') };
    const name = newName();
    const body = [unstreamed(name, 42), request('ping', {}, 43)];
    const answer = send(on, { headers, body });
    await gate(name).begun;
    await send(on, { headers, body: cancel(42) });
    expect(await (await answer).json()).toEqual([{ jsonrpc: '2.0', id: 43, result: {} }]);
  });

  it.each(['2025-11-25', '2026-07-28'])('hears that the server ended: %s', async (version) => {
    const on = await stage();
    const name = newName();
    const own = on.served[0];
    const answer =
      version === '2026-07-28'
        ? own?.call('tools/call', { name: 'work', arguments: { name } })
        : send(on, { headers: { 'Mcp-Session-Id': await begin(on) }, body: unstreamed(name, 44) });
    await gate(name).begun;
    const [response] = await Promise.all([answer, own?.end()]);
    const told = (await response?.json()) as { id: unknown; error: unknown };
    expect([response?.status, told.error]).toEqual([200, ENDING]);
  });
});

describe('the stream of an answer', () => {
  it('begins with an id and a time to come back after, and ends with the response, of which the id ends it', async () => {
    const on = await stage();
    const session = await begin(on);
    const name = newName();
    gate(name).open();
    const response = await send(on, { headers: { 'Mcp-Session-Id': session }, body: work(name) });
    expect(response.headers.get('content-type')).toBe('text/event-stream');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    const text = await response.text();
    expect(text).toMatch(
      /^id: \S+\nretry: 1000\ndata: \n\nevent: message\ndata: \{.*progress.*\}\n\nid: \S+\nevent: message\ndata: \{.*\}\n\n$/,
    );
    const [first = '', last = ''] = idsIn(text);
    expect(readEventId(first)).toMatchObject({ place: '0', request: 7 });
    expect(readEventId(last)).toMatchObject({ place: END, stream: readEventId(first)?.stream });
    const ended = await resume(on, session, last);
    expect([ended.status, ended.headers.get('allow')]).toEqual([405, 'POST, DELETE, OPTIONS']);
  });

  it.each(['2025-06-18', '2025-03-26'])(
    'has no event without a message for a client of %s, and keeps nothing',
    async (version) => {
      const counted = countCalls(createMemoryStore());
      const on = await stage(counted.store);
      const session = await begin(on, version);
      const name = newName();
      gate(name).open();
      counted.reset();
      const response = await send(on, { headers: { 'Mcp-Session-Id': session }, body: work(name) });
      const text = await response.text();
      expect(text).toMatch(/^event: message\ndata: \{.*\}\n\nevent: message\ndata: \{.*\}\n\n$/);
      expect(counted.calls().commit).toBeUndefined();
    },
  );

  it('is nobody else’s: ids of another session, subject or tenant are answered as ids of nothing', async () => {
    const on = await stage();
    const session = await begin(on);
    const name = newName();
    gate(name).open();
    const text = await (await send(on, { headers: { 'Mcp-Session-Id': session }, body: work(name) })).text();
    const [first = ''] = idsIn(text);
    expect(await (await resume(on, session, first)).text()).toContain(`done: ${name}`);
    const others: [string, string][] = [];
    for (const who of ['t/s', 't/other', 'other/s'])
      others.push([who, await begin(on, '2025-11-25', { 'x-who': who })]);
    // Whether it is another's or nobody's, the client is told the same once its time is over.
    on.clock.ahead = 200_000;
    const nothing = eventIdText({ stream: 'n'.repeat(22), place: '0', by: Date.now(), request: 7 });
    const told = new Set<string>();
    for (const [who, other] of others) {
      for (const id of [first, nothing]) {
        const answer = await (await resume(on, other, id, { headers: { 'x-who': who } })).text();
        expect(answer).not.toContain('done');
        told.add(answer.replaceAll(/^id: .*$/gm, ''));
      }
      expect((await resume(on, session, first, { headers: { 'x-who': who } })).status).toBe(who === 't/s' ? 200 : 404);
    }
    expect(told.size).toBe(1);
    expect([...told][0]).toMatch(/"id":7,"error":\{"code":-32603,.*not known/);
  });

  it('is one of several, of which each replays its own alone', async () => {
    const on = await stage();
    const session = await begin(on);
    const both = [newName(), newName()];
    const texts = both.map(async (name, id) => {
      gate(name).open();
      return (await send(on, { headers: { 'Mcp-Session-Id': session }, body: work(name, id) })).text();
    });
    const firsts = (await Promise.all(texts)).map((text) => idsIn(text)[0] ?? '');
    for (const [at, first] of firsts.entries()) {
      const again = await (await resume(on, session, first)).text();
      expect(again).toContain(`done: ${both[at]}`);
      expect(again).not.toContain(`done: ${both[1 - at]}`);
    }
  });

  it('goes on without a client that vanished, which finds its answer later', async () => {
    const on = await stage();
    const session = await begin(on);
    const name = newName();
    const { begun, open: let_, ended } = gate(name);
    const response = await send(on, { headers: { 'Mcp-Session-Id': session }, body: work(name) });
    await begun;
    const [first = ''] = idsIn(await readTo(response, 'progress'));
    let_();
    expect(await ended).toBe('answered');
    const found = await (await resume(on, session, first, { at: 2 })).text();
    expect(found).toContain(`done: ${name}`);
    expect(idsIn(found)).toHaveLength(2);
  });

  it('is kept for five minutes', async () => {
    const on = await stage();
    const session = await begin(on);
    const name = newName();
    gate(name).open();
    const text = await (await send(on, { headers: { 'Mcp-Session-Id': session }, body: work(name) })).text();
    const [first = ''] = idsIn(text);
    on.clock.ahead = 299_000;
    expect(await (await resume(on, session, first)).text()).toContain('done');
    on.clock.ahead = 301_000;
    expect(await (await resume(on, session, first)).text()).toContain('not known');
  });

  it('is sent all the same where the store does not keep it', async () => {
    const store = createMemoryStore();
    const on = await stage({
      ...store,
      commit: () => Promise.resolve({ status: 'unknown', cause: new Error('gone') }),
    });
    const session = await begin(on);
    const name = newName();
    gate(name).open();
    const text = await (await send(on, { headers: { 'Mcp-Session-Id': session }, body: work(name) })).text();
    expect(text).toContain(`done: ${name}`);
  }, 30_000);

  it('ends for the v1 client with an error that it is answered, without one request more than one', async () => {
    const on = await stage();
    const relay = relayTo(on.served);
    const client = new OldClient({ name: 'old', version: '0' });
    await client.connect(new OldTransport(new URL(on.served[0]?.mcpUrl ?? ''), { fetch: relay.fetch }));
    await expect.poll(() => relay.asked.map(({ method }) => method)).toContain('GET');
    relay.asked.length = 0;
    await expect(client.getPrompt({ name: 'failing' })).rejects.toThrow();
    await expect.poll(() => relay.asked.at(-1)?.status, { timeout: 5_000 }).toBe(405);
    // It would have come back after another second.
    await new Promise((resolve) => setTimeout(resolve, 2_000));
    expect(relay.asked.map(({ method, status }) => `${method} ${status}`)).toEqual(['POST 200', 'GET 405']);
    await client.close();
  });

  it('is ended by a handler that wants its client to come back', async () => {
    const on = await stage();
    const relay = relayTo(on.served);
    const client = new OldClient({ name: 'old', version: '0' });
    await client.connect(new OldTransport(new URL(on.served[0]?.mcpUrl ?? ''), { fetch: relay.fetch }));
    await expect.poll(() => relay.asked.map(({ method }) => method)).toContain('GET');
    relay.asked.length = 0;
    const name = newName();
    const { open: let_ } = gate(name);
    const answer = client.callTool({ name: 'long', arguments: { name } });
    await expect.poll(() => relay.asked.length, { timeout: 5_000 }).toBe(2);
    let_();
    expect(JSON.stringify(await answer)).toContain(`done: ${name}`);
    expect(relay.asked.map(({ method, status }) => `${method} ${status}`)).toEqual(['POST 200', 'GET 200']);
    await client.close();
  });
});

describe('GET', () => {
  it.each([
    ['without a session', {}, 405],
    ['of a transport that expects an endpoint', { Accept: 'text/event-stream' }, 405],
    ['that takes no events', { Accept: 'application/json' }, 406],
    ['of a version that nobody knows', { 'MCP-Protocol-Version': '1999-01-01' }, 400],
    ['that comes back without a session', { 'Last-Event-ID': 'x' }, 400],
    ['with a forged session', { 'Mcp-Session-Id': 'forged' }, 404],
  ])('%s is refused', async (_case, headers, status) => {
    const on = await stage();
    const response = await send(on, { method: 'GET', headers: { Accept: 'text/event-stream', ...headers } });
    expect(response.status).toBe(status);
    expect(await response.json()).toMatchObject({ error: { code: -32_600 } });
  });

  it('of the transport of 2024-11-05 is told where MCP is', async () => {
    const on = await stage();
    for (const [path, method] of [
      ['/sse', 'GET'],
      ['/messages', 'POST'],
    ] as const) {
      const response = await fetch(new URL(path, on.served[0]?.url), { method });
      expect([response.status, await response.text()]).toEqual([404, expect.stringMatching(/\/mcp.*Streamable HTTP/)]);
    }
    const response = await send(on, { method: 'GET', headers: { Accept: 'text/event-stream' } });
    expect(await response.text()).toMatch(/POST initialize to \/mcp/);
    expect((await send(on, { method: 'HEAD' })).status).toBe(405);
  });
});

describe('the stream that belongs to no request', () => {
  it('delivers what another instance keeps for it, and after a cut what came meanwhile', async () => {
    const on = await stage();
    const session = await begin(on);
    const first = await stand(on, session);
    expect(first.headers.get('content-type')).toBe('text/event-stream');
    await keep(on, session, 'q1');
    const text = await readTo(first, 'q1');
    expect(text).toMatch(
      /^id: get\.\S+\nretry: 1000\ndata: \n\nid: (get\.\S+)\nevent: message\ndata: \{.*"q1".*\}\n\n$/,
    );
    await keep(on, session, 'q2');
    const again = await readTo(await stand(on, session, 1, { 'Last-Event-ID': idsIn(text)[1] ?? '' }), 'q2');
    expect(again).not.toContain('q1');
    expect(await readTo(await stand(on, session, 2), 'q2')).toContain('q1');
  }, 30_000);

  it('is the newest: an older one ends, on whichever instance it is', async () => {
    const on = await stage();
    const session = await begin(on);
    const older = await stand(on, session);
    const newer = await stand(on, session, 1);
    expect(await older.text()).toMatch(/retry: 30000\ndata: \n\n$/);
    await keep(on, session, 'q3');
    expect(await readTo(newer, 'q3')).toContain('q3');
  }, 30_000);

  it('ends with its session, which is deleted on another instance', async () => {
    const on = await stage();
    const session = await begin(on);
    const stream = await stand(on, session);
    expect((await send(on, { at: 2, method: 'DELETE', headers: { 'Mcp-Session-Id': session } })).status).toBe(204);
    await stream.text();
    expect((await stand(on, session)).status).toBe(404);
  }, 30_000);

  it('comes with a new text of its session where that is a day old', async () => {
    const on = await stage();
    const session = await begin(on);
    const textOf = async (from: string) => {
      const stream = await stand(on, from);
      expect(stream.status).toBe(200);
      await stream.body?.cancel();
      return stream.headers.get('mcp-session-id');
    };
    expect(await textOf(session)).toBeNull();
    on.clock.ahead = 2 * 86_400_000;
    const renewed = await textOf(session);
    expect(renewed).not.toBeNull();
    expect(await textOf(renewed ?? '')).toBeNull();
  });

  it('takes the id of another server for none', async () => {
    const on = await stage();
    const response = await stand(on, await begin(on), 0, { 'Last-Event-ID': '_GET_stream_1700000000000_abc' });
    expect(response.status).toBe(200);
    await response.body?.cancel();
  });

  it('ends at the platform’s bound with a time to come back after, and is not there where there is none', async () => {
    const on = await stage(createMemoryStore(), { streamMs: 50 });
    const text = await (await stand(on, await begin(on))).text();
    // It says how far the client has heard.
    expect(text).toMatch(/id: get\.\S+\nretry: 1\d\d\d\ndata: \n\n$/);
    const none = await stage(createMemoryStore(), { streamMs: 0 });
    expect((await stand(none, await begin(none))).status).toBe(405);
  });

  it('is told by sources, with ids that say when', async () => {
    const ends: AbortSignal[] = [];
    const sinces: number[] = [];
    const source: StandingSource = {
      attend({ tell, signal, since }) {
        ends.push(signal);
        sinces.push(since);
        void tell({ jsonrpc: '2.0', method: 'notifications/prompts/list_changed' });
        void tell({ jsonrpc: '2.0', method: 'notifications/resources/list_changed', params: { _meta: { since } } });
        return { changed() {} };
      },
    };
    const on = await stage(createMemoryStore(), { standing: [source] });
    const session = await begin(on);
    const text = await readTo(await stand(on, session), 'resources/list_changed');
    const [primer = '', first = '', id = ''] = idsIn(text);
    // Each id stands once, however fast events come; those of earlier releases have whole seconds.
    expect(new Set([primer, first, id]).size).toBe(3);
    expect(readEventId(`get.0.${Math.ceil(1_796_000_000).toString(36)}.`)?.by).toBe(1_796_000_000_000);
    expect(Math.abs((readEventId(id)?.by ?? 0) - Date.now())).toBeLessThan(5_000);
    await expect.poll(() => ends[0]?.aborted).toBe(true);
    expect(sinces[0]).toBeLessThanOrEqual(Date.now() - 55_000);
    // Whoever comes back is told of what changed a while before its last event: what was told of it may be lost.
    const again = await readTo(await stand(on, session, 1, { 'Last-Event-ID': id }), 'resources/list_changed');
    expect(idsIn(again)).not.toContain(id);
    expect(sinces[1]).toBeLessThanOrEqual(Date.now() - 25_000);
    expect(sinces[1]).toBeGreaterThan(Date.now() - 55_000);
  });

  it('is refused where too many are open in its process, and served once another has ended', async () => {
    const on = await stage(createMemoryStore(), {}, { streamMs: 60_000, most: 1, reads: null });
    const [one, other] = [await begin(on), await begin(on)];
    const first = await stand(on, one);
    const refused = await stand(on, other);
    expect(refused.status).toBe(503);
    expect(refused.headers.get('retry-after')).toBe('30');
    expect(await refused.json()).toMatchObject({ error: { data: { code: 'overloaded' } } });
    expect((await send(on, { method: 'DELETE', headers: { 'Mcp-Session-Id': one } })).status).toBe(204);
    await first.text();
    await expect
      .poll(async () => {
        const next = await stand(on, other);
        await next.body?.cancel();
        return next.status;
      })
      .toBe(200);
  });

  it('tells a client again what it was told just before its connection broke', async () => {
    const on = await stage(createMemoryStore(), {}, { streamMs: 60_000, most: 10, reads: null });
    const session = await begin(on);
    const first = await stand(on, session);
    const { runtime } = inside(on);
    const [primer = ''] = idsIn(await readTo(first, 'retry'));
    await tellHints({ store: on.store, runtime }, 't', [{ list: 'tools' }], runtime.now() + 10_000);
    const again = await stand(on, session, 1, { 'Last-Event-ID': primer });
    expect(await readTo(again, 'list_changed')).toContain('notifications/tools/list_changed');
  });
});

describe('a cancellation', () => {
  it.each([0, 1])(
    'reaches the request of its session on instance %s, and of no other session',
    async (at) => {
      const on = await stage();
      const session = await begin(on);
      const another = await begin(on);
      const name = newName();
      const { begun, ended } = gate(name);
      const response = await send(on, { headers: { 'Mcp-Session-Id': session }, body: work(name, 'c') });
      await begun;
      expect((await send(on, { at, headers: { 'Mcp-Session-Id': another }, body: cancel('c') })).status).toBe(202);
      expect((await send(on, { at, headers: { 'Mcp-Session-Id': session }, body: cancel('c') })).status).toBe(202);
      expect(await ended).toBe('aborted');
      const ids = idsIn(await response.text());
      // Whoever comes back is told that nothing comes.
      expect((await resume(on, session, ids.at(-1) ?? '')).status).toBe(405);
    },
    30_000,
  );
});

describe('calls to the store', () => {
  it('are none for initialize, and one more than without a session for a call', async () => {
    const counted = countCalls(createMemoryStore());
    const on = await stage(counted.store);
    const session = await begin(on);
    expect(counted.total()).toBe(0);
    const call = request('tools/call', { name: 'read' });
    await (await send(on, { body: call })).text();
    const without = counted.total();
    counted.reset();
    const response = await send(on, { headers: { 'Mcp-Session-Id': session }, body: call });
    expect(response.headers.get('content-type')).toMatch(/json/);
    await response.text();
    expect([without, counted.total(), counted.calls().commit]).toEqual([1, 2, undefined]);
  });
});
