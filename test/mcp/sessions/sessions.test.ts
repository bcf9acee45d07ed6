/** Sessions of 2025-11-25 and before: sealed texts that clients carry, and what is kept of them in the store. */
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StreamableHTTPClientTransport as OldTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { afterEach, describe, expect, it } from 'vitest';
import { defineApp, TidegateError, tool } from '../../../src/index.ts';
import { PUBLIC } from '../../../src/base/principal.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createQuotas } from '../../../src/store/quotas/quotas.ts';
import { createSessions, NEWLY_KEPT } from '../../../src/mcp/sessions/sessions.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createSealer } from '../../../src/base/seal.ts';
import { sampleApp } from '../sample-app.ts';
import { type Served, serveApp, type ServeOptions } from '../served.ts';

const DAY_MS = 86_400_000;
const LEVELS = ['debug', 'info', 'notice', 'warning', 'error', 'critical', 'alert', 'emergency'] as const;

/** The tools that ran. */
const runs: string[] = [];

const app = defineApp({
  name: 'talkative',
  version: '1',
  description: 'Logs at every level',
  tools: {
    look: tool({
      description: 'Looks, and changes nothing.',
      annotations: { readOnlyHint: true },
      run: (_input, { log, progress }) => {
        runs.push('look');
        progress(1);
        log('info', { level: 'info' }, 'look');
        log('alert', { level: 'alert' }, 'look');
        return Promise.resolve('seen');
      },
    }),
    talk: tool({
      description: 'Logs at every level.',
      run: (_input, { log }) => {
        runs.push('talk');
        for (const level of LEVELS) log(level, { level }, 'talk');
        return Promise.resolve('done');
      },
    }),
  },
});

const open: Served[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((served) => served.close()));
});

async function start(options: ServeOptions = {}): Promise<Served> {
  const served = await serveApp(app, options);
  open.push(served);
  return served;
}

function send(
  { mcpUrl }: Served,
  body: object | null,
  session: string | null,
  headers: Record<string, string> = {},
): Promise<Response> {
  return fetch(mcpUrl, {
    method: body === null ? 'DELETE' : 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      ...(session === null ? {} : { 'Mcp-Session-Id': session }),
      ...headers,
    },
    ...(body === null ? {} : { body: JSON.stringify(body) }),
  });
}

const request = (method: string, params: object = {}) => ({ jsonrpc: '2.0', id: 7, method, params });
const level = (value: string) => request('logging/setLevel', { level: value });
const talk = request('tools/call', { name: 'talk' });

async function begin(served: Served, params: object = {}): Promise<string> {
  const response = await send(
    served,
    request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '0' },
      ...params,
    }),
    null,
  );
  expect(response.status).toBe(200);
  await response.text();
  return response.headers.get('mcp-session-id') ?? '';
}

/** The levels of the log messages that came before the answer. */
async function heard(served: Served, session: string | null): Promise<string[]> {
  const text = await (await send(served, talk, session)).text();
  expect(text).toContain('done');
  return [...text.matchAll(/"level":"(\w+)","data"|"data":\{"level":"(\w+)"\}/g)]
    .map(([, first, second]) => first ?? second ?? '')
    .filter((each, place, all) => all.indexOf(each) === place);
}

describe('a session', () => {
  it('begins with initialize, as a text of visible ASCII below 1 KB, and costs no call to the store', async () => {
    const counted = countCalls(createMemoryStore());
    const served = await start({ store: counted.store });
    const session = await begin(served, {
      capabilities: {
        elicitation: { form: {}, url: {} },
        sampling: { tools: {}, context: {} },
        roots: {},
        other: { x: 1 },
      },
      clientInfo: { name: '🐟'.repeat(500), version: '🐠'.repeat(500), title: 'x'.repeat(10_000) },
    });
    expect(session).toMatch(/^[!-~]{100,1000}$/);
    expect(await begin(served)).not.toBe(await begin(served));
    expect(counted.total()).toBe(0);
  });

  it('is served by another instance of the same secret and store', async () => {
    const store = createMemoryStore();
    const first = await start({ store });
    const session = await begin(first);
    await send(first, level('error'), session);
    expect(await heard(await start({ store }), session)).toEqual(['error', 'critical', 'alert', 'emergency']);
  });

  it('is not needed: without one a client is served as if there were none', async () => {
    const served = await start();
    expect(await heard(served, null)).toEqual([...LEVELS]);
    expect((await send(served, request('tools/list'), null)).status).toBe(200);
  });

  it('says the protocol version where a request does not', async () => {
    const served = await start();
    const session = await begin(served, { protocolVersion: '2025-06-18' });
    expect((await send(served, request('tools/list'), session, { 'MCP-Protocol-Version': '1999-01-01' })).status).toBe(
      400,
    );
    expect((await send(served, request('tools/list'), session)).status).toBe(200);
  });
});

describe('the level of log messages', () => {
  it.each(LEVELS)('%s: what is below is not sent', async (least) => {
    const served = await start();
    const session = await begin(served);
    expect(await heard(served, session)).toEqual([...LEVELS]);
    expect(await (await send(served, level(least), session)).json()).toEqual({ jsonrpc: '2.0', id: 7, result: {} });
    expect(await heard(served, session)).toEqual(LEVELS.slice(LEVELS.indexOf(least)));
  });

  it('may change, and is that of one session alone', async () => {
    const served = await start();
    const [one, other] = [await begin(served), await begin(served)];
    await send(served, level('emergency'), one);
    await send(served, level('alert'), one);
    expect(await heard(served, one)).toEqual(['alert', 'emergency']);
    expect(await heard(served, other)).toEqual([...LEVELS]);
  });

  it('is one of those that are there', async () => {
    const served = await start();
    const answer = await (await send(served, level('loud'), await begin(served))).json();
    expect(answer).toMatchObject({ error: { code: -32_602, data: { field: 'params.level' } } });
  });

  it('needs a session', async () => {
    const served = await start();
    const response = await send(served, level('error'), null);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ id: 7, error: { data: { field: 'Mcp-Session-Id' } } });
  });

  it('is kept for a day after it was used last', async () => {
    let now = Date.now();
    const served = await start({ now: () => now });
    const session = await begin(served);
    await send(served, level('alert'), session);
    for (let days = 0; days < 3; days += 0.75) {
      now += 0.75 * DAY_MS;
      expect(await heard(served, session)).toEqual(['alert', 'emergency']);
    }
    now += DAY_MS;
    expect(await heard(served, session)).toEqual([...LEVELS]);
  });

  it('is kept while the client pings, at no call to the store but one in half a day', async () => {
    let now = Date.now();
    const counted = countCalls(createMemoryStore());
    const served = await start({ store: counted.store, now: () => now });
    const session = await begin(served);
    await send(served, level('alert'), session);
    const ping = async () => {
      const before = counted.total();
      expect(await (await send(served, request('ping'), session)).json()).toEqual({
        jsonrpc: '2.0',
        id: 7,
        result: {},
      });
      return counted.total() - before;
    };
    expect(await ping()).toBe(1);
    for (let hours = 0; hours < 72; hours += 18) {
      now += 18 * 3_600_000;
      expect([await ping(), await ping()]).toEqual([2, 1]);
    }
    expect(await heard(served, session)).toEqual(['alert', 'emergency']);
  });

  it('is not declared where nothing can be sealed, and is no method then', async () => {
    const served = await start({ secrets: null });
    const initialize = request('initialize', {
      protocolVersion: '2025-11-25',
      capabilities: {},
      clientInfo: { name: 't', version: '0' },
    });
    const response = await send(served, initialize, null);
    expect(response.headers.get('mcp-session-id')).toBeNull();
    const { result } = (await response.json()) as { result: { capabilities: object } };
    expect(result.capabilities).not.toHaveProperty('logging');
    expect(await (await send(served, level('error'), null)).json()).toMatchObject({ error: { code: -32_601 } });
    expect(await heard(served, null)).toEqual([]);
    const refused = await send(served, null, 'x');
    expect([refused.status, refused.headers.get('allow')]).toEqual([405, 'POST, OPTIONS']);
    // A session of before is not looked at.
    expect((await send(served, request('tools/list'), 'x')).status).toBe(200);
  });
});

describe('404', () => {
  it.each([
    ['forged', (session: string) => `${session.slice(0, -4)}AAAA`],
    ['of nobody', () => 'b7c2f1d0'],
    ['too long', () => '1.'.padEnd(4_000, 'x')],
    ['empty', () => ''],
  ])('is answered to a session that is %s', async (_what, change) => {
    const served = await start();
    const session = change(await begin(served));
    for (const body of [request('tools/list'), { jsonrpc: '2.0', method: 'notifications/initialized' }, null]) {
      const response = await send(served, body, session);
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject({
        error: { data: { code: 'not_found', field: 'Mcp-Session-Id' } },
      });
    }
    // With `initialize` a new one begins, whatever came with it.
    expect(
      (
        await send(
          served,
          request('initialize', {
            protocolVersion: '2025-11-25',
            capabilities: {},
            clientInfo: { name: 't', version: '0' },
          }),
          session,
        )
      ).status,
    ).toBe(200);
  });

  it.each([
    ['subject', { ...PUBLIC, subject: 'another' }],
    ['key of other scopes', { ...PUBLIC, client: 'another', scopes: ['tasks'] }],
    ['tenant', { ...PUBLIC, tenant: 'another' }],
  ])('is answered to a session of another %s', async (_what, principal) => {
    const store = createMemoryStore();
    const session = await begin(await start({ store }));
    const other = await start({ store, principal });
    expect((await send(other, request('tools/list'), session)).status).toBe(404);
    expect((await send(other, null, session)).status).toBe(404);
  });

  it('is not answered to a key that takes the place of another, or to a client that got further scopes', async () => {
    const store = createMemoryStore();
    const session = await begin(await start({ store, principal: { ...PUBLIC, client: 'tg_before' } }));
    const rotated = await start({ store, principal: { ...PUBLIC, client: 'tg_after' } });
    expect((await send(rotated, request('tools/list'), session)).status).toBe(200);
    const client = 'tg_before';
    const before = await begin(await start({ store, principal: { ...PUBLIC, client, scopes: ['tasks'] } }));
    const stepped = await start({ store, principal: { ...PUBLIC, client } });
    expect((await send(stepped, request('tools/list'), before)).status).toBe(200);
  });

  it('is answered to a session of another secret', async () => {
    const session = await begin(await start());
    const other = await start({ secrets: { current: 'another secret of at least 32 characters', previous: null } });
    expect((await send(other, request('tools/list'), session)).status).toBe(404);
  });

  it('is answered to one that was ended, at once and for as long as its texts serve, and to no other', async () => {
    let now = Date.now();
    const served = await start({ now: () => now });
    const [session, other] = [await begin(served), await begin(served)];
    await send(served, level('alert'), session);
    const ended = await send(served, null, session);
    expect([ended.status, await ended.text()]).toEqual([204, '']);
    for (let days = 0; days < 31; days += 10) {
      for (const body of [request('tools/list'), talk, level('debug'), [request('ping')], null]) {
        expect((await send(served, body, session)).status).toBe(404);
      }
      if (days < 30) expect((await send(served, request('tools/list'), other)).status).toBe(200);
      now += 10 * DAY_MS;
    }
  });

  it('is answered to one that began by a clock that was a day ahead, for as long as its text opens', async () => {
    let now = Date.now() + DAY_MS;
    const served = await start({ now: () => now });
    const session = await begin(served);
    now -= DAY_MS;
    expect((await send(served, null, session)).status).toBe(204);
    now += 30.5 * DAY_MS;
    expect((await send(served, request('tools/list'), session)).status).toBe(404);
  });

  it('is answered to a text after 30 days, and a new one is given after a day', async () => {
    let now = Date.now();
    const served = await start({ now: () => now });
    const first = await begin(served);
    expect((await send(served, request('tools/list'), first)).headers.get('mcp-session-id')).toBeNull();
    now += 25 * DAY_MS;
    // While the record is there it is that of both texts.
    await send(served, level('alert'), first);
    const second = (await send(served, request('tools/list'), first)).headers.get('mcp-session-id') ?? '';
    expect(second).toMatch(/^[!-~]+$/);
    expect(second).not.toBe(first);
    expect(await heard(served, second)).toEqual(['alert', 'emergency']);
    now += 6 * DAY_MS;
    expect((await send(served, request('tools/list'), first)).status).toBe(404);
    expect((await send(served, request('tools/list'), second)).status).toBe(200);
    // Its end is that of both.
    await send(served, null, second);
    expect((await send(served, request('tools/list'), second)).status).toBe(404);
  });

  it('is the answer to all but one of those who end a session at once', async () => {
    const served = await start();
    const session = await begin(served);
    const answers = await Promise.all(Array.from({ length: 5 }, () => send(served, null, session)));
    expect(answers.map(({ status }) => status).toSorted((a, b) => a - b)).toEqual([204, 404, 404, 404, 404]);
  });
});

describe('DELETE', () => {
  it('needs a session, and a page that may send', async () => {
    const served = await start();
    expect((await send(served, null, null)).status).toBe(400);
    const session = await begin(served);
    expect((await send(served, null, session, { Origin: 'https://elsewhere.example' })).status).toBe(403);
    expect((await send(served, request('tools/list'), session)).status).toBe(200);
  });

  it('loses to nobody: a level that is set meanwhile does not bring the session back', async () => {
    const served = await start();
    for (let round = 0; round < 20; round += 1) {
      const session = await begin(served);
      const [set, ended] = await Promise.all([send(served, level('alert'), session), send(served, null, session)]);
      expect([200, 404]).toContain(set.status);
      expect(ended.status).toBe(204);
      expect((await send(served, request('tools/list'), session)).status).toBe(404);
    }
  });
});

describe('calls to the store', () => {
  it('are one more with a session than without, and none for a notification', async () => {
    const counted = countCalls(createMemoryStore());
    const served = await serveApp(sampleApp, { store: counted.store });
    open.push(served);
    const session = await begin(served);
    for (const [body, calls] of [
      [{ jsonrpc: '2.0', method: 'notifications/initialized' }, {}],
      [request('tools/list'), { get: 1 }],
      [request('tools/call', { name: 'add', arguments: { a: 1, b: 2 } }), { get: 1 }],
      [[request('ping'), request('tools/list')], { get: 1 }],
      [level('info'), { get: 1, commit: 1 }],
      [level('error'), { get: 1, commit: 1 }],
      [request('tools/list'), { get: 1 }],
      // Small sums are told to the store together: here, and in those before.
      [null, { add: 3, commit: 2 }],
      [null, { commit: 1 }],
    ] as const) {
      counted.reset();
      await (await send(served, body, session)).text();
      expect([body, counted.calls()]).toEqual([body, calls]);
    }
  });

  it('are bounded in what they leave: about 2,000 sessions an hour of one subject, over all instances', async () => {
    let now = Date.UTC(2026, 10, 29, 12);
    const store = createMemoryStore();
    const instances = [await start({ store, now: () => now }), await start({ store, now: () => now })];
    const [served] = instances as [Awaited<ReturnType<typeof start>>];
    const ended = async (at: number) => {
      const instance = instances[at % 2] ?? served;
      return send(instance, null, await begin(instance));
    };
    const owner = { tenant: 'public', subject: 'public' };
    await createQuotas({ now: () => now, log: () => {} }).take(store, NEWLY_KEPT, owner, 1_990);
    let refused = await ended(0);
    for (let at = 1; at < 20 && refused.status === 204; at += 1) refused = await ended(at);
    expect([refused.status, refused.headers.get('retry-after')]).toEqual([429, '5400']);
    expect(await refused.json()).toMatchObject({ error: { code: -32_010, data: { code: 'rate_limited' } } });
    const session = await begin(served);
    expect(await heard(served, session)).toEqual([...LEVELS]);
    now += 5_400_000;
    expect((await send(served, null, session)).status).toBe(204);
  });

  it('that are not answered are told with 503 and Retry-After, and what needs none is served', async () => {
    const store = createMemoryStore();
    const served = await start({
      store: {
        ...store,
        get: () => Promise.reject(new TidegateError('store_unavailable', 'gone', { retryAfterMs: 1_500 })),
        commit: () => Promise.reject(new TidegateError('store_unavailable', 'gone', { retryAfterMs: 1_500 })),
      },
    });
    const session = await begin(served);
    const look = request('tools/call', { name: 'look' });
    for (const body of [request('tools/list'), look, { jsonrpc: '2.0', method: 'notifications/initialized' }]) {
      expect((await send(served, body, session)).ok).toBe(true);
    }
    runs.length = 0;
    for (const body of [level('info'), talk, [talk], null]) {
      const response = await send(served, body, session);
      expect([response.status, response.headers.get('retry-after')]).toEqual([503, '2']);
      expect(await response.json()).toMatchObject({ error: { data: { code: 'store_unavailable' } } });
    }
    // Nothing was done for a session that may have been ended.
    expect(runs).toEqual([]);
  });

  it('that fail let an ended session do nothing, and show it what its caller may see without it', async () => {
    const store = createMemoryStore();
    let isGone = false;
    const served = await start({
      store: {
        ...store,
        get: (...args) =>
          isGone ? Promise.reject(new TidegateError('store_unavailable', 'gone')) : store.get(...args),
      },
    });
    const session = await begin(served);
    expect((await send(served, null, session)).status).toBe(204);
    isGone = true;
    runs.length = 0;
    expect((await send(served, talk, session)).status).toBe(503);
    expect((await send(served, level('info'), session)).status).toBe(503);
    const stream = { headers: { 'Mcp-Session-Id': session, 'Last-Event-ID': 'a:1', Accept: 'text/event-stream' } };
    expect((await fetch(served.mcpUrl, stream)).status).toBe(503);
    expect(runs).toEqual([]);
    const answers = [session, null].map(async (held) => (await send(served, request('tools/list'), held)).text());
    const [withIt, without] = await Promise.all(answers);
    expect(withIt).toBe(without);
    isGone = false;
    expect((await send(served, request('tools/list'), session)).status).toBe(404);
  });
});

/** A session over a store that answers `get` when it is told to. */
async function slow(least: string | null, isEnded: boolean) {
  const store = createMemoryStore();
  const asked = Promise.withResolvers<void>();
  const answers = Promise.withResolvers<void>();
  let isSlow = false;
  const served = await start({
    store: {
      ...store,
      async get(...args) {
        if (isSlow) asked.resolve();
        if (isSlow) await answers.promise;
        return store.get(...args);
      },
    },
  });
  const session = await begin(served);
  if (least !== null) await send(served, level(least), session);
  if (isEnded) await send(served, null, session);
  isSlow = true;
  runs.length = 0;
  const calling = (name: string) =>
    send(served, request('tools/call', { name, _meta: { progressToken: 'p' } }), session);
  return { calling, whenAsked: asked.promise, answer: () => answers.resolve() };
}

describe('what is kept of a session', () => {
  it('is read from a store that is full, which does not set its time anew', async () => {
    const inner = createMemoryStore();
    let isFull = false;
    const commit: typeof inner.commit = async (...asked) => {
      if (isFull) throw new TidegateError('store_full', 'there is no room');
      return inner.commit(...asked);
    };
    const clock = { now: 1_800_000_000_000 };
    const runtime = { ...systemRuntime(() => {}), now: () => clock.now };
    const sealer = createSealer({ current: 'the secret of a server in a test', previous: null }, 'sessions');
    const sessions = createSessions(runtime, sealer);
    const call = () => ({ principal: PUBLIC, account: { store: { ...inner, commit } }, deadline: clock.now + 10_000 });
    const facts = { id: 'one', version: '2025-11-25', client: { name: 'c', version: '1' }, askable: {} };
    const begun = await sessions.read(facts, call());
    if (begun) await sessions.change(begun, (kept) => ({ ...kept, level: 'error' }), call());
    clock.now += 13 * 3_600_000;
    isFull = true;
    expect(await sessions.read(facts, call(), true)).toMatchObject({ level: 'error' });
  });

  it('is read while a tool that changes nothing is at work, and decides what is sent', async () => {
    const { calling, whenAsked, answer } = await slow('alert', false);
    const call = calling('look');
    await whenAsked;
    await expect.poll(() => runs).toEqual(['look']);
    answer();
    const text = await (await call).text();
    expect(text.match(/"(method|result)":("[^"]+"|\{)/g)).toEqual([
      '"method":"notifications/progress"',
      '"method":"notifications/message"',
      '"result":{',
    ]);
    expect(text).toContain('"level":"alert"');
  });

  it.each([
    ['look', ['look']],
    ['talk', []],
  ])('ends a call of %s with 404 and nothing else, where the session was ended', async (name, ran) => {
    const { calling, answer } = await slow(null, true);
    const call = calling(name);
    answer();
    const response = await call;
    expect([response.status, response.headers.get('content-type')]).toEqual([404, 'application/json']);
    expect(await response.json()).toMatchObject({ error: { data: { code: 'not_found' } } });
    expect(runs).toEqual(ran);
  });

  it('is known before a tool runs that may change something', async () => {
    const { calling, whenAsked, answer } = await slow('alert', false);
    const call = calling('talk');
    await whenAsked;
    expect(runs).toEqual([]);
    answer();
    expect((await (await call).text()).match(/notifications\/message/g)).toHaveLength(2);
  });
});

describe('the v1 client', () => {
  it('sets a level, goes on with a new text, and ends its session', async () => {
    let now = Date.now();
    const served = await start({ now: () => now });
    const client = new OldClient({ name: 't', version: '0' });
    const transport = new OldTransport(new URL(served.mcpUrl));
    await client.connect(transport);
    const levels: string[] = [];
    client.fallbackNotificationHandler = ({ params }) => {
      levels.push(String(params?.['level']));
      return Promise.resolve();
    };
    const first = transport.sessionId ?? '';
    await client.setLoggingLevel('alert');
    await client.callTool({ name: 'talk' });
    expect(levels).toEqual(['alert', 'emergency']);
    now += 0.9 * DAY_MS;
    await client.listTools();
    now += 0.9 * DAY_MS;
    await client.callTool({ name: 'talk' });
    expect(transport.sessionId).not.toBe(first);
    expect(levels).toHaveLength(4);
    await transport.terminateSession();
    expect(transport.sessionId).toBeUndefined();
    expect((await send(served, request('tools/list'), first)).status).toBe(404);
    await client.close();
  });
});
