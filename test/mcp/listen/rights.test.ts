/** Rights end while a request stays open: it is ended, whatever its caller brought, and told why where the protocol has words for it. */
import { afterEach, describe, expect, test } from 'vitest';
import { createKeyIdentifier } from '../../../src/auth/keys/identifier.ts';
import { createKey, revokeKey } from '../../../src/auth/keys/manage.ts';
import { createOauthIdentifier } from '../../../src/auth/oauth/oauth-identifier.ts';
import { resourcesAt } from '../../../src/auth/oauth/audience.ts';
import { type Runtime, systemRuntime } from '../../../src/base/runtime.ts';
import { createTestClock } from '../../../src/hosts/testing/clock.ts';
import { type Authenticate, createAuthenticate } from '../../../src/http/authenticate.ts';
import { createChallenges } from '../../../src/http/challenge.ts';
import { createGuardedFetch } from '../../../src/net/guarded-fetch.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { BASE, keyOf, plainConfig } from '../../auth/oauth/checked.ts';
import { type ScriptedIssuer, signToken, startIssuer } from '../../auth/oauth/scripted-issuer.ts';
import { houseWith } from '../events/house.ts';
import { createListeningHost, type Listener, START } from './listening-host.ts';

const [SECOND, MINUTE] = [1_000, 60_000];
const listening = { streamMs: 60 * MINUTE, most: 20, reads: null };
const WANTED = { notifications: { resourceSubscriptions: ['stream://rooms/attic'] } };
const FORBIDDEN = { method: 'notifications/events/terminated', params: { error: { code: -32_012 } } };

async function send(
  { host }: Pick<ReturnType<typeof createListeningHost>, 'host'>,
  method: string,
  own: object,
  body?: object,
): Promise<Response> {
  const headers = { Accept: 'application/json, text/event-stream', 'Content-Type': 'application/json', ...own };
  const sent = body === undefined ? {} : { body: JSON.stringify(body) };
  return host.fetch(new Request('http://127.0.0.1/mcp', { method, headers, ...sent }));
}

/** What the caller may do is what the test says: scopes, the status of a refusal, or a failure. */
function stage() {
  let now: string[] | number | Error = ['*'];
  let subject = 'ada';
  let asked = 0;
  const authenticate: Authenticate = () => {
    asked += 1;
    if (now instanceof Error) throw now;
    if (typeof now === 'number') return Response.json({}, { status: now });
    return { tenant: 'acme', subject, client: null, scopes: now };
  };
  const at = createListeningHost(houseWith(), { listening, authenticate });

  async function openSession(): Promise<{ state: () => Listener['state'] }> {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
    const begun = await at.clock.drive(send(at, 'POST', {}, { jsonrpc: '2.0', id: 1, method: 'initialize', params }));
    const session = { 'Mcp-Session-Id': begun.headers.get('mcp-session-id') ?? '' };
    await begun.text();
    const response = await at.clock.drive(send(at, 'GET', session));
    let state: Listener['state'] = 'open';
    void response.text().then(
      () => (state = 'closed'),
      () => (state = 'broken'),
    );
    return { state: () => state };
  }

  return {
    ...at,
    asked: () => asked,
    may: (rights: typeof now, by = 'ada') => void ([now, subject] = [rights, by]),
    async openAll() {
      const events = await at.open('events/stream', { name: 'stream.rooms' });
      const listener = await at.open('subscriptions/listen', WANTED);
      const session = await openSession();
      const states = () => [events.state, listener.state, session.state()];
      return { events, listener, states };
    },
  };
}

describe('what stays open', () => {
  test.each<[what: string, rights: string[] | number, by?: string]>([
    ['a credential that is refused', 401],
    ['scopes that were taken away', ['tasks']],
    ['another caller of the same credential', ['*'], 'bob'],
  ])('ends within a minute of %s', async (_what, rights, by) => {
    const at = stage();
    const { events, listener, states } = await at.openAll();
    await at.clock.advance(5 * MINUTE);
    expect(states()).toEqual(['open', 'open', 'open']);
    at.may(rights, by);
    await at.clock.advance(MINUTE + SECOND);
    await expect.poll(states, { interval: 1, timeout: 15_000 }).toEqual(['closed', 'closed', 'closed']);
    expect(events.messages.slice(-2)).toMatchObject([FORBIDDEN, { result: { resultType: 'complete' } }]);
    // A completion would say that nothing comes any more, and clients would stay away.
    expect(listener.news()).not.toContain('completed');
    const asked = at.asked();
    await at.clock.advance(10 * MINUTE);
    expect(at.asked()).toBe(asked);
  });

  test('a store or an issuer that does not answer ends nothing, and is asked again', async () => {
    const at = stage();
    const { states } = await at.openAll();
    for (const rights of [503, 429, new Error('the issuer does not answer')]) {
      at.may(rights);
      await at.clock.advance(2 * MINUTE);
      expect(states()).toEqual(['open', 'open', 'open']);
    }
    at.may(401);
    await at.clock.advance(MINUTE + SECOND);
    await expect.poll(states, { interval: 1, timeout: 15_000 }).toEqual(['closed', 'closed', 'closed']);
  });

  test('goes on where its caller may do more, but for listeners, who come back and are told of that', async () => {
    const at = stage();
    at.may(['streams:read:rooms']);
    const { states } = await at.openAll();
    at.may(['tasks', 'streams:read:rooms']);
    await at.clock.advance(MINUTE + SECOND);
    await expect.poll(states, { interval: 1, timeout: 15_000 }).toEqual(['open', 'closed', 'closed']);
  });
});

describe('what a caller brought', () => {
  let issuer: ScriptedIssuer | null = null;
  afterEach(() => issuer?.close());

  async function known() {
    const clock = createTestClock(START);
    const store = createMemoryStore();
    const system = systemRuntime(() => {});
    const runtime: Runtime = { ...system, now: () => clock.now(), sleep: (ms, signal) => clock.sleep(ms, signal) };
    issuer = await startIssuer();
    const key = await keyOf('ES256');
    issuer.publish([key]);
    const introspection = { clientId: 'gate', clientSecret: 'a secret', url: null };
    const challenges = createChallenges();
    const identifiers = [
      createKeyIdentifier({ store, runtime }, { environmentKey: null }),
      createOauthIdentifier(
        { ...plainConfig, issuers: [issuer.url], introspection },
        { runtime, fetch: createGuardedFetch(system), resources: resourcesAt(BASE) },
      ),
    ];
    const authenticate = createAuthenticate(identifiers, challenges, runtime);
    const at = createListeningHost(houseWith(), { store, listening, challenges, authenticate }, clock);
    const claims = { iss: issuer.url, sub: 'ada', aud: `${BASE}/mcp`, client_id: 'app', scope: 'streams:read' };
    /** The clock moves on, slowly once it has to be waited for what an issuer answers over the network. */
    const later = async (ms: number, stream: Listener, state: Listener['state']) => {
      await clock.advance(ms);
      const next = async () => {
        if (stream.state !== state) await clock.advance(SECOND);
        return stream.state;
      };
      await expect.poll(next, { interval: 50, timeout: 20_000 }).toBe(state);
    };
    return {
      store,
      runtime,
      issuer,
      claims,
      later,
      jwt: (own: object = {}) => signToken(key, { ...claims, ...own }, clock.now()),
      open: async (credential: string) => {
        // What is asked over the network is known before the clock could move on for want of other work.
        const who = new Request(BASE, { headers: { Authorization: `Bearer ${credential}` } });
        await authenticate(who);
        return at.open('events/stream', { name: 'stream.rooms' }, `Bearer ${credential}`);
      },
    };
  }

  test('a token ends with its time', async () => {
    const { open, jwt, later } = await known();
    const stream = await open(await jwt());
    // Valid for 5 minutes, and half a minute of clocks that differ.
    await later(5 * MINUTE, stream, 'open');
    await later(MINUTE + SECOND, stream, 'closed');
    expect(stream.messages.at(-2)).toMatchObject(FORBIDDEN);
  });

  test('a token whose keys were withdrawn by its issuer', async () => {
    const { open, jwt, later, issuer: by } = await known();
    const stream = await open(await jwt({ exp: Math.floor(START / 1_000) + 86_400 }));
    await later(2 * MINUTE, stream, 'open');
    by.publish([await keyOf('ES256', '2')]);
    await later(30 * MINUTE, stream, 'closed');
    expect(stream.messages.at(-2)).toMatchObject(FORBIDDEN);
  });

  test('a token that its issuer looks up: revoked, or with fewer scopes', async () => {
    for (const after of [{ active: false }, { scope: 'tasks' }]) {
      const { open, later, claims, issuer: by } = await known();
      by.answers.set('/introspect', { ...claims, active: true });
      const stream = await open('opaque');
      await later(3 * MINUTE, stream, 'open');
      by.answers.set('/introspect', { ...claims, active: true, ...after });
      await later(MINUTE + SECOND, stream, 'closed');
      expect(stream.messages.at(-2)).toMatchObject(FORBIDDEN);
      await by.close();
    }
  });

  test('a key that is revoked, also where another one of its name is valid', async () => {
    const { open, later, store, runtime } = await known();
    const make = () =>
      createKey({ store, runtime }, { tenant: 'acme', scopes: ['streams:read'], name: 'ann', expiresAt: null });
    const [one, two] = [await make(), await make()];
    const streams = [await open(one.text), await open(two.text)] as const;
    await later(2 * MINUTE, streams[0], 'open');
    await revokeKey({ store, runtime }, one.key.id);
    await later(2 * MINUTE, streams[0], 'closed');
    expect(streams[0].messages.at(-2)).toMatchObject(FORBIDDEN);
    expect(streams[1].state).toBe('open');
  });
});
