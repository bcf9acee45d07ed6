/**
 * What the draft of the events extension (SEP-3415) asks of a server, section by section. `src/mcp/MUSTS.md` is made from the names
 * of such tests, here and elsewhere. What it asks of webhooks on their way is shown in `test/deliveries`.
 */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createKeyIdentifier } from '../../../src/auth/keys/identifier.ts';
import { createKey, revokeKey } from '../../../src/auth/keys/manage.ts';
import { createAuthenticate } from '../../../src/http/authenticate.ts';
import { createChallenges } from '../../../src/http/challenge.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { createListeningHost } from '../listen/listening-host.ts';
import { ADA, BOB, celsiusOf, createHouse, houseWith, OPEN, READER, rooms, shortOf, told } from './house.ts';
import { pipedApp } from './piped.ts';

const ID = 'io.modelcontextprotocol/events';
const SECRET = `whsec_${Buffer.from('a secret of thirty-two bytes, ok').toString('base64')}`;
const url = 'https://hooks.example.com/ada';
const delivery = { mode: 'webhook', url, secret: SECRET };
const RITA = { tenant: 'acme', subject: 'rita', scopes: ['*'] };
const TRUSTED = { webhooks: { trusted: ['https://hooks.example.com/'], endless: true } };
const secretOf = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString('base64')}`;
const houseOfHooks = (own = {}) => createHouse(own, TRUSTED);

test('SEP-3415 "Capability Negotiation": server/discover names the extension, and a server without it answers -32601', async () => {
  const { call } = createHouse();
  const { result } = await call('server/discover', {}, ADA);
  expect(result).toMatchObject({ capabilities: { extensions: { [ID]: { listChanged: true } } } });
  const without = createListeningHost(houseWith({ streams: {}, triggers: {}, tools: {} }));
  for (const method of ['list', 'poll', 'stream', 'subscribe', 'unsubscribe']) {
    expect((await without.call(`events/${method}`, {}, ADA)).error?.code).toBe(-32_601);
  }
});

test('SEP-3415 "Specification": each result is complete, for clients that declare nothing too', async () => {
  const { call, poll } = houseOfHooks();
  const { cursor } = await poll();
  for (const [method, params] of [
    ['list', {}],
    ['poll', { name: 'hot', cursor: null }],
    ['poll', { name: 'stream.rooms', cursor }],
    ['subscribe', { name: 'hot', delivery }],
    ['unsubscribe', { name: 'hot', delivery: { url } }],
  ] as const) {
    expect((await call(`events/${method}`, params, ADA)).result).toMatchObject({ resultType: 'complete' });
  }
});

test('SEP-3415 "Listing Available Events": data of what is delivered fits the schema that was listed', async () => {
  const { call, poll, put } = createHouse();
  const { result } = await call('events/list', {}, ADA);
  const { events } = result as unknown as { events: { name: string; delivery: string[]; payloadSchema: object }[] };
  for (const { delivery: modes } of events) expect(modes.length).toBeGreaterThan(0);
  const payload = events.find(({ name }) => name === 'stream.rooms')?.payloadSchema as Parameters<
    typeof z.fromJSONSchema
  >[0];
  const schema = z.fromJSONSchema(payload);
  const { cursor } = await poll();
  await put(20);
  const [event] = (await poll({ cursor })).events;
  expect(schema.safeParse(event?.data).success).toBe(true);
  expect(schema.safeParse({ data: { celsius: 'hot' } }).success).toBe(false);
});

test('SEP-3415 "Dynamic event types": who asks for eventsListChanged is told of another list, and of more of the same not', async () => {
  const before = createHouse();
  await before.listen({ eventsListChanged: true }, ADA);
  const restarted = createListeningHost(houseWith(), { store: before.store }, before.clock);
  await before.clock.advance(1_000);
  const same = await restarted.listen({ eventsListChanged: true }, ADA);
  const more = houseWith({ streams: { rooms } });
  const after = createListeningHost(more, { store: before.store }, before.clock);
  await before.clock.advance(1_000);
  const listener = await after.listen({ eventsListChanged: true }, ADA);
  await before.clock.advance(15_000);
  expect(listener.messages[0]?.params).toMatchObject({ notifications: { eventsListChanged: true } });
  expect(listener.messages.map(({ method }) => method)).toContain('notifications/events/list_changed');
  expect(same.news()).toEqual(['subscriptions/acknowledged', 'events/list_changed']);
});

test('SEP-3415 "Dynamic event types": a server that tells of no list leaves it out of what it honours', async () => {
  const without = createListeningHost(houseWith({ streams: {}, triggers: {}, tools: {} }));
  const listener = await without.listen({ eventsListChanged: true }, ADA);
  expect(listener.messages[0]?.params).toMatchObject({ notifications: {} });
  expect(listener.state).toBe('closed');
});

test('SEP-3415 "Event Occurrences": the same event has one id, by whatever way it comes, and whoever asks again', async () => {
  const { open, tell, poll } = createHouse();
  const stream = await open();
  const { cursor } = await poll();
  await tell(20);
  const [polled] = (await poll({ cursor })).events;
  const [again] = (await poll({ cursor })).events;
  expect(again).toEqual(polled);
  expect(stream.messages[1]?.params).toMatchObject({ ...polled });
});

test('SEP-3415 "Poll-Based Delivery": null begins now, with no events and a cursor; nothing is kept of who polls', async () => {
  const { poll, put, store, clock } = createHouse();
  await put(1);
  const first = await poll({ cursor: null });
  expect(first).toMatchObject({ events: [], truncated: false, hasMore: false });
  expect(typeof first.cursor).toBe('string');
  await put(2);
  const restarted = createListeningHost(houseWith(), { store }, clock);
  const { result } = await restarted.call('events/poll', { name: 'stream.rooms', cursor: first.cursor }, ADA);
  expect(result).toMatchObject({ events: [{ data: { data: { celsius: 2 } } }] });
});

test('SEP-3415 "Push-Based Delivery": what is wrong is an error, and no stream; else a confirmation comes first', async () => {
  const { open } = createHouse();
  expect((await open({ name: 'nothing' })).messages).toMatchObject([{ error: { code: -32_011 } }]);
  expect(told(await open())).toEqual(['active']);
});

test('SEP-3415 "Push-Based Delivery": over a pipe each stream has its own id, and a cancelled one sends nothing more', async () => {
  const { ask, of, send, clock } = pipedApp(houseWith());
  await ask('a', 'events/stream', { name: 'stream.rooms' });
  await ask('b', 'events/stream', { name: 'stream.rooms', arguments: { keys: ['cellar'] } });
  const put = async (id: number, room: string) => {
    await ask(id, 'tools/call', { name: 'put', arguments: { room, celsius: id } });
    await clock.advance(250);
  };
  await put(1, 'attic');
  await put(2, 'cellar');
  expect([of('a').map(shortOf), of('b').map(shortOf)]).toEqual([
    ['active', 'event 1', 'event 2'],
    ['active', 'event 2'],
  ]);
  await send({ method: 'notifications/cancelled', params: { requestId: 'a' } });
  await put(3, 'cellar');
  await clock.advance(60_000);
  expect(of('a').map(shortOf)).toEqual(['active', 'event 1', 'event 2']);
  expect(of('b').map(shortOf)).toEqual(expect.arrayContaining(['event 3', 'heartbeat']));
  expect(of(1)[0]?.result).toBeDefined();
});

test('SEP-3415 "Lifecycle": heartbeats come as data, more often than each 30 s, with the position that was looked at', async () => {
  const { open, put, poll, clock } = createHouse();
  const stream = await open({ arguments: { keys: ['nobody'] } });
  await put(1);
  await clock.advance(29_000);
  const { cursor } = await poll();
  expect(stream.messages.at(-1)).toMatchObject({ method: 'notifications/events/heartbeat', params: { cursor } });
  expect(stream.others).toEqual([]);
});

test('SEP-3415 "Lifecycle": streams are no part of the cap on concurrent requests', async () => {
  const { open, listen, poll } = createHouse({ requests: 1 }, { quotas: { openStreams: 1 } });
  for (const id of [1, 2, 3]) expect((await open({}, ADA, id)).status).toBe(200);
  expect((await poll()).events).toEqual([]);
  expect((await listen({ toolsListChanged: true }, ADA)).status).toBe(200);
});

test('SEP-3415 "Cursor advancement": each event says where it stands, and the next stream goes on there', async () => {
  const { open, tell, put } = createHouse();
  const stream = await open();
  await tell(1);
  await tell(2);
  const cursor = stream.messages[1]?.params?.['cursor'];
  await put(3);
  expect(told(await open({ cursor }))).toEqual(['active', 'event 2', 'event 3']);
});

test('SEP-3415 "Subscribing": secrets are whsec_ and 24 to 64 bytes, urls are https', async () => {
  const { call } = houseOfHooks();
  const codeOf = async (more: object) =>
    (await call('events/subscribe', { name: 'hot', delivery: { ...delivery, ...more } }, ADA)).error?.code;
  expect(await Promise.all([24, 64].map((bytes) => codeOf({ secret: secretOf(bytes) })))).toEqual([
    undefined,
    undefined,
  ]);
  for (const more of [
    { secret: secretOf(23) },
    { secret: secretOf(65) },
    { secret: 'whsec_***' },
    { secret: SECRET.slice(6) },
    { secret: undefined },
    { url: 'http://hooks.example.com/ada' },
    { url: 'hooks' },
  ]) {
    expect([more, await codeOf(more)]).toEqual([more, -32_602]);
  }
});

/** Hosts of one store whose caller comes by a key, so that it can be asked what it may do by then. */
async function keyedHosts() {
  const { store, runtime, clock } = houseOfHooks();
  const { key } = await createKey({ store, runtime }, { name: 'rita', tenant: 'acme', expiresAt: null, scopes: ['*'] });
  const authenticate = () => ({ ...RITA, client: `tg_${key.id}` });
  const start = () => createListeningHost(houseWith(TRUSTED), { store, authenticate }, clock);
  return { start, clock };
}

test('SEP-3415 "Subscription TTL": no expiry is granted to who asks for it, and to nobody else; times are clamped and not refused', async () => {
  const { call } = (await keyedHosts()).start();
  const granted = async (ttlMs?: unknown) =>
    (await call('events/subscribe', { name: 'hot', delivery, ttlMs })).result?.['refreshBefore'];
  expect(await granted(null)).toBeNull();
  for (const ttlMs of [undefined, 1, 60_000, 1e14]) expect(await granted(ttlMs)).toMatch(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
});

test('SEP-3415 "Subscription TTL": what was granted stands over restarts of the server', async () => {
  const { start, clock } = await keyedHosts();
  const { result } = await start().call('events/subscribe', { name: 'hot', delivery, ttlMs: null });
  await clock.advance(60_000);
  const listed = await start().call('tools/call', { name: 'list_subscriptions', arguments: {} });
  expect(JSON.stringify(listed.result)).toContain(result?.['id']);
});

test('SEP-3415 "Subscription identity": a caller whom nobody knows is Forbidden, whatever it asks for', async () => {
  const { call } = houseOfHooks();
  for (const method of ['events/subscribe', 'events/unsubscribe']) {
    expect((await call(method, { name: 'hot', delivery }, OPEN)).error?.code).toBe(-32_012);
  }
});

test('SEP-3415 "Subscription identity": the id is of principal, url, name and arguments, and the order of members says nothing', async () => {
  const { call, store, clock } = houseOfHooks();
  const idOf = async (params: object, who = ADA, at = { call }) =>
    (await at.call('events/subscribe', { name: 'stream.rooms', delivery, ...params }, who)).result?.['id'];
  const where = { celsius: { above: 1 } };
  const first = await idOf({ arguments: { keys: ['a'], where } });
  const restarted = createListeningHost(houseWith(TRUSTED), { store }, clock);
  expect(await idOf({ arguments: { where, keys: ['a'] } }, ADA, restarted)).toBe(first);
  const others = [
    await idOf({ arguments: { keys: ['b'], where } }),
    await idOf({ arguments: { keys: ['a'], where } }, BOB),
    await idOf({ name: 'hot', arguments: { keys: ['a'] } }),
    await idOf({ arguments: { keys: ['a'], where }, delivery: { ...delivery, url: `${url}/2` } }),
  ];
  expect(new Set([first, ...others]).size).toBe(5);
});

test('SEP-3415 "Subscription identity": a second subscribe refreshes, and an id is no input of any method', async () => {
  const { call, clock } = houseOfHooks();
  const ask = (method: string, params: object) => call(`events/${method}`, { name: 'hot', delivery, ...params }, ADA);
  const { result } = await ask('subscribe', { ttlMs: 120_000 });
  await clock.advance(60_000);
  const { result: again } = await ask('subscribe', { ttlMs: 120_000 });
  expect(again?.['id']).toBe(result?.['id']);
  expect(Date.parse(again?.['refreshBefore'] as string)).toBe(Date.parse(result?.['refreshBefore'] as string) + 60_000);
  const byId = await call('events/unsubscribe', { id: result?.['id'] }, ADA);
  expect(byId.error?.code).toBe(-32_602);
});

test('SEP-3415 "Unsubscribing": answers nothing, and of what is not there NotFound', async () => {
  const { call } = houseOfHooks();
  const unsubscribe = () => call('events/unsubscribe', { name: 'hot', delivery: { url } }, ADA);
  await call('events/subscribe', { name: 'hot', delivery }, ADA);
  const { result } = await unsubscribe();
  expect(Object.keys(result ?? {}).filter((name) => name !== '_meta')).toEqual(['resultType']);
  expect((await unsubscribe()).error).toMatchObject({ code: -32_011, data: { kind: 'subscription' } });
});

test('SEP-3415 "Cursor Lifecycle": an absent cursor is null, in each method', async () => {
  const { call, open, put } = houseOfHooks();
  await put(1);
  const [absent, given] = await Promise.all([
    call('events/poll', { name: 'stream.rooms' }, ADA),
    call('events/poll', { name: 'stream.rooms', cursor: null }, ADA),
  ]);
  expect(absent.result).toEqual(given.result);
  expect(told(await open({ cursor: null }))).toEqual(['active']);
  expect((await call('events/subscribe', { name: 'hot', delivery, cursor: null }, ADA)).result).toMatchObject({
    truncated: false,
  });
});

test('SEP-3415 "Cursor Lifecycle": what the log no longer has is truncated, with a fresh cursor, and no error', async () => {
  const { call, open, poll, put, store, clock } = houseOfHooks();
  const { cursor } = await poll();
  for (const celsius of [1, 2, 3]) await put(celsius);
  await store.trim(streamLog('acme', 'rooms'), { now: clock.now(), keep: 1, limit: 10 });
  const page = await poll({ cursor });
  expect([celsiusOf(page), page.truncated, page.cursor === cursor]).toEqual([[3], true, false]);
  expect(told(await open({ cursor }))).toEqual(['active truncated', 'event 3']);
  const { result } = await call('events/subscribe', { name: 'stream.rooms', delivery, cursor }, ADA);
  expect(result).toMatchObject({ truncated: true });
  expect(result?.['cursor']).not.toBe(cursor);
});

test('SEP-3415 "Cursor Lifecycle": maxAgeMs says nothing without a cursor, and with one what is left out is truncated', async () => {
  const { poll, put, clock } = createHouse();
  const { cursor } = await poll();
  await put(1);
  await clock.advance(60_000);
  expect(await poll({ maxAgeMs: 1 })).toMatchObject({ events: [], truncated: false });
  expect(await poll({ cursor, maxAgeMs: 1_000 })).toMatchObject({ events: [], truncated: true });
});

test('SEP-3415 "Subscription Termination": a stream whose key was revoked is told so, and answered; a poll is refused', async () => {
  const { open, tell, store, runtime, clock, app } = createHouse();
  const { key, text } = await createKey(
    { store, runtime },
    { name: 'rita', tenant: 'acme', expiresAt: null, scopes: ['streams:read:rooms'] },
  );
  const identifier = createKeyIdentifier({ store, runtime }, { environmentKey: null });
  const authenticate = createAuthenticate([identifier], createChallenges(), runtime);
  const rights = createListeningHost(app, { store, authenticate }, clock);
  const stream = await rights.open('events/stream', { name: 'stream.rooms' }, `Bearer ${text}`);
  await tell(1);
  await clock.advance(65_000);
  expect(told(stream).filter((one) => one !== 'heartbeat')).toEqual(['active', 'event 1']);
  await revokeKey({ store, runtime }, key.id);
  await clock.advance(65_000);
  await tell(2);
  expect(stream.messages.slice(-2)).toMatchObject([
    {
      method: 'notifications/events/terminated',
      params: { error: { code: -32_012, data: { reason: 'Access revoked' } } },
    },
    { result: { resultType: 'complete' } },
  ]);
  expect([stream.state, told(stream).includes('event 2')]).toEqual(['closed', false]);
  expect((await open()).status).toBe(200);
});

test('SEP-3415 "Error Handling": each error has its code in the dialect that was chosen, and data that tells it apart', async () => {
  const limits = { ...TRUSTED, quotas: { subscriptions: 1 } };
  for (const [codes, first] of [
    ['sketch', -32_011],
    ['sep', -32_023],
  ] as const) {
    const { call } = createHouse({}, { ...limits, events: { codes } });
    const errorOf = async (method: string, params: object, who = ADA) =>
      (await call(`events/${method}`, params, who)).error;
    expect(await errorOf('poll', { name: 'x' })).toMatchObject({ code: first, data: { kind: 'event' } });
    expect(await errorOf('subscribe', { name: 'hot', delivery }, OPEN)).toMatchObject({ code: first - 1 });
    await errorOf('subscribe', { name: 'hot', delivery });
    expect(await errorOf('subscribe', { name: 'stream.rooms', delivery })).toMatchObject({
      code: first - 2,
      data: { limit: expect.any(String) as string },
    });
    expect(await errorOf('subscribe', { name: 'hot', delivery: { ...delivery, mode: 'push' } })).toMatchObject({
      code: first - 3,
      data: { feature: 'deliveryMode', value: 'push' },
    });
    expect(await errorOf('poll', { name: 'hot', arguments: { nothing: 1 } })).toMatchObject({ code: -32_602 });
  }
});

test('SEP-3415 "Authorization": whoever may not have an event neither polls nor listens nor subscribes (Forbidden)', async () => {
  for (const [codes, code] of [
    ['sketch', -32_012],
    ['sep', -32_024],
  ] as const) {
    const house = createHouse({}, { ...TRUSTED, events: { codes } });
    for (const method of ['poll', 'stream', 'subscribe']) {
      const asked = house.post(`events/${method}`, { name: 'stream.secret', delivery }, READER, 'seven');
      const response = await house.clock.drive(asked);
      // With the challenge by which clients ask their user for more scopes.
      const challenge = expect.stringContaining('insufficient_scope') as string;
      expect([response.status, response.headers.get('www-authenticate')]).toEqual([403, challenge]);
      expect(await response.json()).toMatchObject({
        id: 'seven',
        error: { code, data: { reason: expect.any(String) as string, expected: 'streams:read:secret' } },
      });
    }
    const { result } = await house.call('events/list', {}, READER);
    expect(JSON.stringify(result)).not.toContain('secret');
  }
});

test('SEP-3415 "Backward Compatibility": clients of today find a capability events, of earlier revisions too', async () => {
  const { call, post, clock, host } = houseOfHooks();
  expect((await call('server/discover', {}, ADA)).result).toMatchObject({ capabilities: { events: {} } });
  const legacy = async (id: number, method: string, params: object) => {
    const request = new Request('http://127.0.0.1/mcp', {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        Authorization: ADA,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id, method, params }),
    });
    const response = await clock.drive(Promise.resolve(host.fetch(request)));
    return JSON.parse(/^(?:data: )?(\{.*\})$/m.exec(await response.text())?.[1] ?? '{}') as {
      result?: Record<string, unknown>;
      error?: { code: number };
    };
  };
  const clientInfo = { name: 'c', version: '1' };
  const begun = await legacy(1, 'initialize', { protocolVersion: '2025-03-26', capabilities: {}, clientInfo });
  expect(begun.result).toMatchObject({ capabilities: { events: {} } });
  expect(begun.result?.['capabilities']).not.toHaveProperty('extensions');
  const { result } = await legacy(2, 'events/list', {});
  expect(result).toMatchObject({ events: [{ delivery: ['poll', 'webhook'] }, {}, {}, {}, {}] });
  expect((await legacy(3, 'events/poll', { name: 'stream.rooms' })).result).toMatchObject({ events: [] });
  expect((await legacy(4, 'events/subscribe', { name: 'hot', delivery })).result).toMatchObject({ truncated: false });
  expect((await legacy(5, 'events/unsubscribe', { name: 'hot', delivery: { url } })).result).toBeDefined();
  expect((await legacy(6, 'events/stream', { name: 'hot' })).error?.code).toBe(-32_601);
  // A header that names the event is taken, and not needed.
  const named = await clock.drive(post('events/poll', { name: 'stream.rooms' }, ADA));
  expect(named.status).toBe(200);
});
