import { expect, test } from 'vitest';
import { attemptRow, subscriptionRow } from '../../src/tools/events/subscription-lines.ts';
import type { Outlet } from '../../src/declare/outlet.ts';
import { TidegateError } from '../../src/base/errors.ts';
import { PUBLIC } from '../../src/base/principal.ts';
import { ADA, answering, appOf, deliveryStage, EVE, hanging, SECRET, taking, URL_OF_ADA } from './stage.ts';

const SLACK = 'https://hooks.slack.com/services/T0/B0/x';
const DISCORD = 'https://discord.com/api/webhooks/1/x';

test('chats get one line, unsigned and unasked, that mentions nobody', async () => {
  const stage = deliveryStage();
  const target = { kind: 'webhook', secret: null } as const;
  await stage.subscribe({ target: { ...target, url: SLACK, shape: 'slack' } });
  await stage.subscribe({ target: { ...target, url: DISCORD, shape: 'discord' } });
  expect(stage.received).toEqual([]);
  await stage.publish('one', 3, 'ACME', '<!channel> & @everyone');
  await stage.run();
  const [slack, discord] = [SLACK, DISCORD].map((url) => stage.received.find((one) => one.url === url));
  expect(slack?.body['text']).toMatch(/^prices ACME \(2026-11-01T00:00:00.000Z\): .*&lt;!channel&gt; &amp; @everyone/);
  expect(discord?.body).toMatchObject({ content: expect.stringContaining('ACME'), allowed_mentions: { parse: [] } });
  expect(slack?.headers).not.toHaveProperty('webhook-signature');
});

test.each([
  ['slack', 'https://hooks.slack.com.example.com/services/x'],
  ['slack', DISCORD],
  ['discord', 'https://discord.com/channels/1'],
  ['discord', URL_OF_ADA],
] as const)('a message of the shape %s does not go to %s', async (shape, url) => {
  const stage = deliveryStage();
  const refused = stage.subscribe({ target: { kind: 'webhook', secret: null, url, shape } });
  await expect(refused).rejects.toMatchObject({ code: 'invalid_input', field: 'target.url' });
});

test('what the app trusts need not confirm', async () => {
  const trusted = ['https://hooks.example.com/ada/'];
  const stage = deliveryStage({ app: appOf({ webhooks: { trusted } }), receive: answering(204) });
  await stage.subscribe({ url: 'https://hooks.example.com/ada/1' });
  expect(stage.received).toEqual([]);
  await stage.subscribe({ url: 'https://hooks.example.com/adam' });
  expect(stage.received).toHaveLength(1);
});

test('a topic of a feed gets the same, for who may publish to it', async () => {
  const sent: unknown[] = [];
  const outlet = {
    rules: [],
    audit: null,
    factsOf: () => ({}),
    check: ({ topic, payload }: { topic: string; payload: object }) => ({
      rule: { pattern: topic, confirm: topic === 'asks' ? { message: null, otherwise: 'refuse' } : null },
      send: async () => {
        sent.push({ topic, payload });
        return { status: 'sent', reason: null, unheard: null };
      },
    }),
  } as unknown as Outlet;
  const app = appOf();
  const feeds = new Map([['plant', { name: 'plant', feed: {}, outlet }]]) as never;
  const stage = deliveryStage({ app: { ...app, feeds } });
  const target = { kind: 'mqtt', feed: 'plant', topic: 'prices' } as const;
  const publisher = { ...ADA, scopes: ['streams:publish:plant', 'streams:read'] };
  await expect(stage.subscribe({ target }, { ...EVE, scopes: ['streams:read'] })).rejects.toMatchObject({
    code: 'not_found',
    field: 'target.feed',
  });
  await expect(stage.subscribe({ target: { ...target, topic: 'asks' } }, publisher)).rejects.toMatchObject({
    code: 'not_supported',
  });
  await stage.subscribe({ target }, publisher);
  await stage.publish('one');
  await stage.run();
  expect(sent).toMatchObject([{ topic: 'prices', payload: { eventId: 'one', cursor: expect.any(String) } }]);
});

test('a task is begun with an event, once for its id; what it does not take is given up', async () => {
  const begun: unknown[] = [];
  const stage = deliveryStage({
    deps: {
      checkTask() {},
      async beginTask(principal, task, input, once) {
        if (once.endsWith('wrong')) throw new TidegateError('invalid_input', 'not of this kind');
        begun.push({ by: principal.subject, task, once, input });
      },
    },
  });
  const { id } = await stage.subscribe({ target: { kind: 'task', task: 'look' } });
  await stage.publish('one');
  await stage.publish('wrong');
  await stage.run();
  expect(begun).toMatchObject([{ by: 'ada', task: 'look', once: `${id} one`, input: { eventId: 'one' } }]);
  const { attempts, abandoned } = await stage.service.deliveries(ADA, id);
  const why = 'not of this kind';
  expect(abandoned).toMatchObject([{ eventId: 'wrong', reason: 'refused', why }]);
  expect(attempts).toMatchObject([{ eventId: 'wrong', outcome: 'refused', why }, { eventId: 'one' }]);
  const [subscription] = (await stage.service.list(ADA, { limit: 10 })).subscriptions;
  expect(subscription?.status.givenUp).toEqual({ events: 1, why });
  const lines = [...(subscription ? [subscriptionRow(subscription)] : []), ...attempts.map(attemptRow)];
  expect(lines.map(({ line }) => line)).toEqual([
    expect.stringContaining(`1 given up (the last: ${why})`),
    expect.stringMatching(new RegExp(`try 1 of wrong: refused after \\d+ ms: ${why}$`)),
    expect.stringContaining('acknowledged'),
  ]);
});

test('nobody whom nobody knows subscribes, and nothing that is signed without a secret of the server', async () => {
  await expect(deliveryStage().subscribe({}, PUBLIC)).rejects.toMatchObject({
    code: 'not_supported',
    field: 'principal',
  });
  await expect(deliveryStage({ deps: { isOpen: true } }).subscribe()).rejects.toMatchObject({ field: 'principal' });
  const none = deliveryStage({ deps: { sealer: null } });
  await expect(none.subscribe()).rejects.toMatchObject({ code: 'invalid_config', field: 'TIDEGATE_SECRET' });
  expect(none.received).toEqual([]);
});

test('secrets are nowhere in the store as they are', async () => {
  const stage = deliveryStage();
  await stage.subscribe();
  const { records } = await stage.store.list('acme/subscription', { now: stage.clock.now(), limit: 10 });
  expect(records).toHaveLength(1);
  expect(JSON.stringify(records)).not.toContain(SECRET.slice(6, 20));
});

test('a host is asked to confirm so often and no more, whoever subscribes it and by one even less', async () => {
  const stage = deliveryStage({ receive: () => new Response(null, { status: 404 }) });
  const refusals: string[] = [];
  for (let one = 0; one < 650; one += 1) {
    const url = `https://victim.example.com/${one}`;
    const principal = one < 40 ? ADA : { ...ADA, subject: `s${one}`, tenant: `t${one}` };
    await stage.subscribe({ url }, principal).catch((thrown: TidegateError) => refusals.push(thrown.code));
  }
  expect(refusals.filter((code) => code === 'rate_limited')).toHaveLength(10 + 40);
  expect(stage.received.filter(({ body }) => body['type'] === 'verification')).toHaveLength(600);
});

test('a hundred thousand subscriptions of one caller are refused for one store call each', async () => {
  const stage = deliveryStage();
  for (let one = 0; one < 100; one += 1) await stage.subscribe({ arguments: { keys: [`${one}`] } });
  let asked = 0;
  const counted = new Proxy(stage.store, {
    get(target, name) {
      const member: unknown = Reflect.get(target, name);
      if (typeof member === 'function') asked += 1;
      return typeof member === 'function' ? (member.bind(target) as unknown) : member;
    },
  });
  const hostile = deliveryStage({ store: counted });
  for (let one = 0; one < 500; one += 1) {
    const refused = hostile.subscribe({ arguments: { keys: [`more ${one}`] } });
    await expect(refused).rejects.toMatchObject({ code: 'rate_limited', field: 'quotas.subscriptions' });
  }
  expect(asked).toBe(500);
  expect(hostile.received).toEqual([]);
  // Another caller is not in the way.
  await stage.subscribe({}, EVE);
});

test('a body that is too large loses its largest members, and says which', async () => {
  const app = appOf();
  const stage = deliveryStage({ app });
  await stage.subscribe();
  await stage.publish('one', 1, 'ACME', 'x'.repeat(255_000));
  await stage.run();
  const [event] = stage.events();
  expect(event?.text.length).toBeLessThanOrEqual(256 * 1024);
  await stage.publish('two', 1, 'ACME', '€'.repeat(87_330));
  await stage.run();
  const two = stage.events()[1];
  expect(two?.body).toMatchObject({ data: { key: 'ACME' }, _meta: { 'io.tidegate/omitted': ['data.data'] } });
});

test('a receiver that takes nothing is suspended, and goes on where it was once it is refreshed', async () => {
  const retryForMs = 3_600_000;
  const stage = deliveryStage({
    app: appOf({ webhooks: { retryForMs, mostTtlMs: 30 * 86_400_000 } }),
    receive: answering(500),
  });
  await stage.subscribe({ ttlMs: 30 * 86_400_000 });
  for (let minutes = 0; minutes < 900; minutes += 10) {
    if (minutes % 60 === 0) await stage.publish(`at ${minutes}`);
    await stage.run();
    await stage.clock.advance(600_000);
  }
  const { subscriptions } = await stage.service.list(ADA, { limit: 1 });
  expect(subscriptions[0]?.status).toMatchObject({ active: false, lastError: 'http_5xx' });
  const before = stage.received.length;
  expect(before).toBeLessThan(60);
  await stage.publish('late');
  await stage.run();
  expect(stage.received).toHaveLength(before);
  stage.answer(taking);
  await stage.subscribe({ ttlMs: 30 * 86_400_000 });
  await stage.run();
  expect(stage.ids()).toContain('late');
  expect((await stage.service.list(ADA, { limit: 1 })).subscriptions[0]?.status).toMatchObject({
    active: true,
    lastError: null,
  });
});

test('more than a hundred that wait hold the position back, and come all once they can', async () => {
  let takes = false;
  const stage = deliveryStage({
    receive: (one, signal) => (takes || 'type' in one.body ? taking(one, signal) : new Response(null, { status: 503 })),
  });
  await stage.subscribe();
  for (let one = 0; one < 250; one += 1) await stage.publish(`${one}`);
  await stage.run();
  expect((await stage.service.list(ADA, { limit: 1 })).subscriptions[0]?.status.pending).toBe(100);
  takes = true;
  await stage.clock.advance(3_600_000 - 600_000);
  stage.received.length = 0;
  await stage.run();
  await stage.subscribe();
  await stage.run();
  expect(new Set(stage.ids()).size).toBe(250);
});

test('a test is sent under an id of its own, and counts for nothing', async () => {
  const stage = deliveryStage({ receive: answering(500) });
  await stage.publish('one', 5);
  const { id } = await stage.subscribe();
  const tried = await stage.clock.drive(stage.service.test(ADA, id, stage.within()));
  expect(tried).toMatchObject({ outcome: 'http_5xx', eventId: expect.stringMatching(/^test_/) });
  const [event] = stage.events();
  expect(event?.body).toMatchObject({ data: { data: { price: 5 } }, _meta: { 'io.tidegate/test': true } });
  expect((await stage.service.list(ADA, { limit: 1 })).subscriptions[0]?.status).toMatchObject({ lastError: null });
});

test('what the log no longer holds is told as a gap', async () => {
  const stage = deliveryStage({ receive: hanging });
  await stage.subscribe();
  await stage.publish('one');
  await stage.run();
  await stage.store.trim('public/stream/prices', { now: stage.clock.now(), keep: 0, limit: 10 });
  for (let one = 0; one < 3; one += 1) await stage.publish(`later ${one}`);
  await stage.store.trim('public/stream/prices', { now: stage.clock.now(), keep: 1, limit: 10 });
  stage.answer(taking);
  await stage.clock.advance(600_000);
  await stage.run();
  const types = stage.received.map(({ body }) => body['type'] ?? body['eventId']);
  expect(types.slice(-2)).toEqual(expect.arrayContaining(['gap', 'later 2']));
});
