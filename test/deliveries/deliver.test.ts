import { expect, test } from 'vitest';
import { Webhook } from 'standardwebhooks';
import {
  ADA,
  answering,
  appOf,
  deliveryStage,
  EVE,
  hanging,
  OTHER_SECRET,
  SECRET,
  taking,
  URL_OF_ADA,
} from './stage.ts';

test('what is appended comes to who subscribed, signed as Standard Webhooks are', async () => {
  const stage = deliveryStage();
  await stage.publish('before');
  const subscription = await stage.subscribe();
  expect(subscription).toMatchObject({
    source: 'stream.prices',
    truncated: false,
    status: { active: true, pending: 0 },
  });
  expect(subscription.id).toMatch(/^sub_/);
  expect(JSON.stringify(subscription)).not.toContain('whsec');
  await stage.publish('one', 7);
  await stage.run();
  const [event] = stage.events();
  expect(event?.url).toBe(URL_OF_ADA);
  expect(event?.body).toMatchObject({
    eventId: 'one',
    name: 'stream.prices',
    data: { key: 'ACME', data: { price: 7 } },
  });
  expect(event?.headers).toMatchObject({ 'webhook-id': 'one', 'X-MCP-Subscription-Id': subscription.id });
  const signed = { ...event?.headers };
  const at = stage.clock.now();
  const theirs = new Webhook(SECRET).sign('one', new Date(at), event?.text ?? '');
  expect(signed['webhook-signature']).toBe(theirs);
  expect(signed['webhook-timestamp']).toBe(String(Math.floor(at / 1_000)));
  await stage.run();
  expect(stage.ids()).toEqual(['one']);
  const refreshed = await stage.subscribe();
  expect(refreshed.cursor).toBe(event?.body['cursor']);
  expect(refreshed.status).toMatchObject({ lastDeliveryAt: at, lastError: null, failedSince: null });
});

test('a receiver is asked first, and nothing is stored of one that does not confirm', async () => {
  const stage = deliveryStage({ receive: () => Response.json({ challenge: 'something else' }) });
  const refused = stage.subscribe();
  await expect(refused).rejects.toMatchObject({ code: 'upstream', cause: { callback: 'challenge_failed' } });
  const [asked] = stage.received;
  expect(asked?.body['type']).toBe('verification');
  expect(asked?.headers['webhook-id']).toMatch(/^msg_verification_/);
  await stage.publish('one');
  await stage.run();
  expect(stage.ids()).toEqual([]);
  expect((await stage.service.list(ADA, { limit: 10 })).subscriptions).toEqual([]);
});

test('one that confirmed is not asked again by the same owner, and by another it is', async () => {
  const stage = deliveryStage();
  await stage.subscribe();
  await stage.subscribe({ arguments: { keys: ['ACME'] } });
  expect(stage.received).toHaveLength(1);
  await stage.subscribe({}, EVE);
  expect(stage.received.filter(({ body }) => body['type'] === 'verification')).toHaveLength(2);
});

test('an origin may say by a document that it takes deliveries', async () => {
  const stage = deliveryStage({
    receive: ({ url }) =>
      url.endsWith('/.well-known/mcp-webhook-receiver.json')
        ? Response.json({ receivers: ['/hooks/'] })
        : new Response(null, { status: 401 }),
  });
  await stage.subscribe({ url: 'https://hooks.example.com/hooks/ada' });
  await expect(stage.subscribe({ url: 'https://hooks.example.com/hooksy/ada' })).rejects.toMatchObject({
    cause: { callback: 'http_4xx' },
  });
});

test('what is not taken is sent again, with the same id and a signature of its own, and then no more', async () => {
  const stage = deliveryStage({ receive: answering(500, 500, 204) });
  await stage.subscribe();
  await stage.publish('one');
  for (let tries = 0; tries < 6; tries += 1) {
    await stage.run();
    await stage.clock.advance(60_000);
  }
  const events = stage.events();
  expect(events.map(({ body }) => body['eventId'])).toEqual(['one', 'one', 'one']);
  expect(new Set(events.map(({ headers }) => headers['webhook-timestamp'])).size).toBe(3);
  expect(new Set(events.map(({ headers }) => headers['webhook-signature'])).size).toBe(3);
  const { attempts } = await stage.service.deliveries(ADA, (await stage.subscribe()).id);
  expect(attempts.map(({ attempt, outcome }) => [attempt, outcome])).toEqual([
    [3, 'acknowledged'],
    [2, 'http_5xx'],
    [1, 'http_5xx'],
  ]);
});

test.each([
  [410, 'refused'],
  [413, 'too_large'],
])('%i is the end of a delivery, and not of the subscription', async (status, reason) => {
  const stage = deliveryStage({ receive: answering(status, 204) });
  const { id } = await stage.subscribe();
  await stage.publish('one');
  await stage.run();
  await stage.publish('two');
  await stage.run();
  expect(stage.ids()).toEqual(['one', 'two']);
  expect((await stage.service.deliveries(ADA, id)).abandoned).toMatchObject([{ eventId: 'one', reason }]);
});

test('what was given up can be sent again', async () => {
  const stage = deliveryStage({ receive: answering(410, 204) });
  const { id } = await stage.subscribe();
  await stage.publish('one');
  await stage.run();
  expect(await stage.service.replay(ADA, id, null, stage.within())).toBe(1);
  await stage.run();
  expect(stage.ids()).toEqual(['one', 'one']);
  expect((await stage.service.deliveries(ADA, id)).abandoned).toEqual([]);
});

const asked = () => new Response(null, { status: 429, headers: { 'retry-after': '120' } });

test('Retry-After is kept to, and told', async () => {
  const stage = deliveryStage({ receive: answering(asked, 204) });
  await stage.subscribe();
  await stage.publish('one');
  await stage.run();
  expect((await stage.subscribe()).status).toMatchObject({ retryAfterMs: 120_000, lastError: 'http_4xx' });
  await stage.publish('two');
  await stage.clock.advance(100_000);
  await stage.run();
  expect(stage.ids()).toEqual(['one']);
  await stage.clock.advance(20_001);
  await stage.run();
  expect(stage.ids().toSorted()).toEqual(['one', 'one', 'two']);
});

test('the watermark stays before what is not acknowledged', async () => {
  const stage = deliveryStage({
    receive: (one, signal) =>
      one.body['eventId'] === 'one' ? new Response(null, { status: 500 }) : taking(one, signal),
  });
  await stage.publish('before');
  const { cursor } = await stage.subscribe();
  await stage.publish('one');
  await stage.publish('two');
  await stage.run();
  expect(stage.ids().toSorted()).toEqual(['one', 'two']);
  const two = stage.events().find(({ body }) => body['eventId'] === 'two');
  expect(two?.body['cursor']).toBe(cursor);
  expect((await stage.subscribe()).cursor).toBe(cursor);
});

test('in order where that was asked for', async () => {
  const stage = deliveryStage({ receive: answering(500, 204) });
  await stage.subscribe({ ordered: true });
  for (const id of ['1', '2', '3', '4']) await stage.publish(id);
  await stage.run();
  expect(stage.ids()).toEqual(['1']);
  await stage.clock.advance(60_000);
  await stage.run();
  expect(stage.ids()).toEqual(['1', '1', '2', '3', '4']);
});

test('a new secret signs beside the former one for a while', async () => {
  const stage = deliveryStage();
  await stage.subscribe();
  await stage.subscribe({ secret: OTHER_SECRET });
  await stage.publish('one');
  await stage.run();
  const [one] = stage.events();
  for (const secret of [SECRET, OTHER_SECRET]) {
    const theirs = new Webhook(secret).sign('one', new Date(one?.at ?? 0), one?.text ?? '');
    expect(one?.headers['webhook-signature']?.split(' ')).toContain(theirs);
  }
  await stage.clock.advance(5 * 60_000);
  await stage.publish('two');
  await stage.run();
  const two = stage.events()[1];
  const theirs = new Webhook(OTHER_SECRET).sign('two', new Date(two?.at ?? 0), two?.text ?? '');
  expect(two?.headers['webhook-signature']).toBe(theirs);
});

test('nothing comes after the end, and what is left is removed', async () => {
  const stage = deliveryStage();
  await stage.subscribe();
  await stage.publish('one');
  await stage.run();
  const which = { source: 'stream.prices', arguments: null, to: URL_OF_ADA };
  await stage.service.unsubscribe(ADA, which, stage.within());
  await stage.publish('two');
  await stage.run();
  expect(stage.ids()).toEqual(['one']);
  await expect(stage.service.unsubscribe(ADA, which, stage.within())).rejects.toMatchObject({ code: 'not_found' });
});

test('one that is not refreshed ends, and counts no more', async () => {
  const stage = deliveryStage({ app: appOf({ quotas: { subscriptions: 1 } }) });
  await stage.subscribe({ ttlMs: 60_000 });
  await expect(stage.subscribe({ arguments: { keys: ['A'] } })).rejects.toMatchObject({
    code: 'rate_limited',
    field: 'quotas.subscriptions',
  });
  await stage.clock.advance(60_001);
  await stage.publish('one');
  await stage.run();
  expect(stage.ids()).toEqual([]);
  await stage.subscribe({ arguments: { keys: ['A'] } });
});

test('a cursor is gone on from, and what the log no longer holds is a gap', async () => {
  const stage = deliveryStage();
  const { cursor } = await stage.subscribe();
  await stage.service.unsubscribe(ADA, { source: 'stream.prices', arguments: null, to: URL_OF_ADA }, stage.within());
  for (const id of ['1', '2', '3']) await stage.publish(id);
  const again = await stage.subscribe({ cursor });
  expect(again).toMatchObject({ truncated: false, cursor });
  await stage.run();
  // They are sent side by side, since no order was asked for.
  expect(stage.ids().toSorted()).toEqual(['1', '2', '3']);
  await stage.store.trim('public/stream/prices', { now: stage.clock.now(), keep: 1, limit: 100 });
  const late = await stage.subscribe({ cursor, url: `${URL_OF_ADA}&late` });
  expect(late.truncated).toBe(true);
});

test('rights that end, end the subscription, and the receiver is told', async () => {
  let held: typeof ADA | null = ADA;
  const stage = deliveryStage({ deps: { rightsOf: async () => held } });
  await stage.subscribe();
  held = null;
  await stage.publish('one');
  await stage.run();
  const [told] = stage.received.filter(({ body }) => body['type'] === 'terminated');
  expect(told?.body).toMatchObject({
    error: { code: -32_012, message: 'Forbidden', data: { reason: 'Access revoked' } },
  });
  expect(stage.ids()).toEqual([]);
  expect((await stage.service.list(ADA, { limit: 10 })).subscriptions).toEqual([]);
});

test("another's subscription is unknown", async () => {
  const stage = deliveryStage();
  const { id } = await stage.subscribe();
  for (const call of [
    stage.service.unsubscribe(EVE, { id }, stage.within()),
    stage.service.test(EVE, id, stage.within()),
    stage.service.deliveries(EVE, id),
    stage.service.replay(EVE, id, null, stage.within()),
    stage.service.deliveries({ ...ADA, tenant: 'other' }, id),
  ]) {
    await expect(call).rejects.toMatchObject({ code: 'not_found' });
  }
  expect((await stage.service.list(EVE, { limit: 10 })).subscriptions).toEqual([]);
});

test('receivers that hang delay no other', async () => {
  const stage = deliveryStage({
    app: appOf({ quotas: { subscriptions: 1_000 } }),
    receive: (one, signal) => (one.url.includes('hangs') ? hanging(one, signal) : taking(one, signal)),
  });
  for (let one = 0; one < 200; one += 1) {
    const target = one % 20 === 0 ? 'hangs' : 'works';
    await stage.subscribe({ url: `https://hooks-${one}.example.com/${target}` });
  }
  await stage.publish('one');
  const at = stage.clock.now();
  await stage.run({ concurrency: 4 });
  const others = stage.events().filter(({ url }) => url.includes('works'));
  expect(others).toHaveLength(190);
  expect(Math.max(...others.map((one) => one.at)) - at).toBeLessThan(2_000);
});
