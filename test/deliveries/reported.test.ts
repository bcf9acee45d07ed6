/** What others reported of software that sends webhooks, each tried here. Those that another test tries are named there. */
import { expect, test } from 'vitest';
import { takeDeliveryTurn } from '../../src/deliveries/work/turn.ts';
import { createDeliveryWork } from '../../src/deliveries/work/run-deliveries.ts';
import { ADA, answering, appOf, deliveryStage, EVE, hanging, type Receiver, SECRET, taking } from './stage.ts';

test('frain-dev/convoy#1833: a receiver that answers 403 is not tried for ever, and each try is counted', async () => {
  const app = appOf({ webhooks: { retryForMs: 3_600_000, mostTtlMs: 30 * 86_400_000 } });
  const stage = deliveryStage({ app, receive: answering(403) });
  const { id } = await stage.subscribe({ ttlMs: 30 * 86_400_000 });
  await stage.publish('one');
  for (let minutes = 0; minutes < 300; minutes += 1) {
    await stage.run();
    await stage.clock.advance(60_000);
  }
  const { attempts, abandoned } = await stage.service.deliveries(ADA, id);
  expect(abandoned).toMatchObject([{ eventId: 'one', reason: 'http_4xx', attempts: attempts.length }]);
  expect(attempts.map(({ attempt }) => attempt).toReversed()).toEqual(attempts.map((_, at) => at + 1));
  expect(stage.ids()).toHaveLength(attempts.length);
});

const someHang: Receiver = (one, signal) => (one.url.includes('hangs') ? hanging(one, signal) : taking(one, signal));

test('endatix/endatix#956: what a receiver that hangs holds is not sent by another worker as well, nor is what others get', async () => {
  const stage = deliveryStage({ receive: someHang });
  const { id } = await stage.subscribe({ url: 'https://hooks.example.com/hangs' });
  await stage.subscribe({ url: 'https://hooks.example.com/works' });
  await stage.publish('one');
  const first = createDeliveryWork(stage.deps, { stays: true });
  await stage.clock.drive(first.run(stage.clock.now() + 50_000, stage.places));
  // The first one still waits for the receiver.
  const second = await takeDeliveryTurn(stage.deps, { ...ADA, id }, { deadline: stage.clock.now() + 5_000 });
  expect(second.end).toBe('held');
  await stage.clock.drive(first.stop());
  expect(stage.events().map(({ url }) => url)).toHaveLength(2);
});

test('sendgrid/docs#2933: what was answered with 200 does not come again, whatever the body is', async () => {
  const never = new ReadableStream({ pull: () => new Promise(() => {}) });
  const stage = deliveryStage({ receive: answering(() => new Response(never, { status: 200 }), 204) });
  await stage.subscribe();
  await stage.publish('one');
  for (let hours = 0; hours < 30; hours += 1) {
    await stage.run();
    await stage.subscribe();
    await stage.clock.advance(1_800_000);
  }
  expect(stage.ids()).toEqual(['one']);
});

test('standard-webhooks#235: a secret with the prefix of signatures is refused, and the error says what is right', async () => {
  await expect(deliveryStage().subscribe({ secret: `v1,${SECRET}` })).rejects.toMatchObject({
    code: 'invalid_input',
    field: 'target.secret',
    expected: expect.stringContaining('whsec_'),
  });
});

test('openclaw/openclaw#135946: a message of Discord keeps to 2,000 characters, and cuts none in half', async () => {
  const stage = deliveryStage();
  const url = 'https://discord.com/api/webhooks/1/x';
  await stage.subscribe({ target: { kind: 'webhook', secret: null, url, shape: 'discord' } });
  await stage.publish('one', 1, 'ACME', '🚢'.repeat(3_000));
  await stage.run();
  const content = stage.received[0]?.body['content'] as string;
  expect(content.length).toBeLessThanOrEqual(2_000);
  expect(content.isWellFormed()).toBe(true);
});

test('wintermeyer/vutuv#775: a test delivery goes by the same guard as all others', async () => {
  let address = '203.0.114.7';
  const stage = deliveryStage({ runtime: { resolve: async () => [address] } });
  const { id } = await stage.subscribe();
  address = '169.254.169.254';
  const before = stage.received.length;
  const tried = await stage.clock.drive(stage.service.test(ADA, id, stage.within()));
  expect(tried.outcome).toBe('connection_refused');
  expect(stage.received).toHaveLength(before);
});

test('joemccann/radon#282: one that was suspended needs nobody but who refreshes it, and what was missed can be replayed', async () => {
  const app = appOf({ webhooks: { retryForMs: 3_600_000, mostTtlMs: 30 * 86_400_000 } });
  const stage = deliveryStage({ app, receive: answering(500) });
  const { id } = await stage.subscribe({ ttlMs: 30 * 86_400_000 });
  await stage.publish('missed');
  for (let hours = 0; hours < 40; hours += 1) {
    await stage.publish(`at ${hours}`);
    await stage.run();
    await stage.clock.advance(1_800_000);
  }
  stage.answer(taking);
  await stage.subscribe({ ttlMs: 30 * 86_400_000 });
  await stage.run();
  expect((await stage.service.deliveries(ADA, id)).abandoned.map(({ eventId }) => eventId)).toContain('missed');
  stage.received.length = 0;
  expect(await stage.service.replay(ADA, id, ['missed'], stage.within())).toBe(1);
  await stage.run();
  expect(stage.ids()).toEqual(['missed']);
});

test('reapit/foundations#10832: each try of an event has its one id, for each subscriber', async () => {
  const stage = deliveryStage({ receive: answering(500, 500, 204) });
  await stage.subscribe();
  await stage.subscribe({}, EVE);
  await stage.publish('one');
  for (let tries = 0; tries < 8; tries += 1) {
    await stage.run();
    await stage.clock.advance(60_000);
  }
  expect(new Set(stage.events().map(({ headers }) => headers['webhook-id']))).toEqual(new Set(['one']));
});

test('nextlyhq/nextly#283: what waits for another try is not sent any more once its owner may have it no more', async () => {
  let held: typeof ADA | null = ADA;
  const stage = deliveryStage({ receive: answering(500), deps: { rightsOf: async () => held } });
  await stage.subscribe();
  await stage.publish('one');
  await stage.run();
  const tried = stage.ids().length;
  expect(tried).toBeGreaterThan(0);
  held = null;
  await stage.clock.advance(600_000);
  await stage.run();
  expect(stage.ids()).toHaveLength(tried);
  expect((await stage.service.list(ADA, { limit: 10 })).subscriptions).toEqual([]);
});

test('keygen-sh/keygen-api#139: a try that waits is over with its subscription', async () => {
  const stage = deliveryStage({ receive: answering(500) });
  const { id } = await stage.subscribe();
  await stage.publish('one');
  await stage.run();
  const tried = stage.ids().length;
  expect(tried).toBeGreaterThan(0);
  await stage.service.unsubscribe(ADA, { id }, stage.within());
  for (let minutes = 0; minutes < 30; minutes += 1) {
    await stage.clock.advance(60_000);
    await stage.run();
  }
  expect(stage.ids()).toHaveLength(tried);
});
