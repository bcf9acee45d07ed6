/** Outages, of a receiver and of whoever sends: a short one costs little, and none gives up what was not tried. */
import { expect, test } from 'vitest';
import { ADA, answering, deliveryStage, taking } from './stage.ts';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

test.each([20, 100])('one instant of 503 while %i wait does not silence a receiver', async (waiting) => {
  let isUp = true;
  const stage = deliveryStage({
    runtime: { random: () => 0.9 },
    receive: (one, signal) => (isUp ? taking(one, signal) : new Response(null, { status: 503 })),
  });
  await stage.subscribe();
  for (let one = 0; one < waiting; one += 1) await stage.publish(`waiting-${one}`);
  isUp = false;
  await stage.run();
  isUp = true;
  const downAt = stage.clock.now();
  await stage.publish('later');
  for (let minute = 0; minute < 2; minute += 1) {
    await stage.clock.advance(MINUTE_MS);
    await stage.run();
  }
  const later = stage.events().find(({ body }) => body['eventId'] === 'later');
  expect((later?.at ?? Infinity) - downAt).toBeLessThanOrEqual(MINUTE_MS);
  const { subscriptions } = await stage.service.list(ADA, { limit: 1 });
  expect(subscriptions[0]?.status).toMatchObject({ pending: 0, lastError: null });
});

test('an event with an id that is no value of a header is delivered, under the id that a poll shows', async () => {
  const stage = deliveryStage({
    receive: (one, signal) => {
      // As `fetch` does, which throws for what is no value of a header.
      expect(new Headers(one.headers).has('webhook-id')).toBe(true);
      return taking(one, signal);
    },
  });
  await stage.subscribe();
  for (const id of ['température', 'two\nlines', 'é'.repeat(128)]) await stage.publish(id);
  await stage.run();
  expect(stage.ids()).toHaveLength(3);
  expect(stage.ids().slice(0, 2)).toEqual(['%.temp%00e9rature', '%.two%000alines']);
  expect(stage.events().map(({ headers }) => headers['webhook-id'])).toEqual(stage.ids());
  await stage.run();
  expect(stage.ids()).toHaveLength(3);
});

test('what nobody sent while nobody was there to send it is sent, and not given up', async () => {
  let isUp = false;
  const stage = deliveryStage({
    receive: (one, signal) =>
      isUp || one.body['type'] === 'verification' ? taking(one, signal) : new Response(null, { status: 503 }),
  });
  const { id } = await stage.subscribe({ ttlMs: DAY_MS });
  for (const event of ['one', 'two']) await stage.publish(event);
  await stage.run();
  isUp = true;
  await stage.clock.advance(DAY_MS - MINUTE_MS);
  await stage.subscribe({ ttlMs: DAY_MS }).catch(() => {});
  expect((await stage.service.deliveries(ADA, id)).abandoned).toEqual([]);
  const tried = stage.ids().length;
  await stage.clock.advance(2 * MINUTE_MS);
  await stage.run();
  expect(stage.ids().slice(tried).toSorted()).toEqual(['one', 'two']);
  expect((await stage.service.deliveries(ADA, id)).abandoned).toEqual([]);
});

test('what a receiver does not take for long is given up, as long as somebody tries', async () => {
  const stage = deliveryStage({ receive: answering(503) });
  const { id } = await stage.subscribe({ ttlMs: DAY_MS });
  await stage.publish('one');
  for (let minutes = 0; minutes < 26 * 60; minutes += 10) {
    await stage.run();
    await stage.clock.advance(10 * MINUTE_MS);
    if (minutes % 600 === 0) await stage.subscribe({ ttlMs: DAY_MS });
  }
  expect((await stage.service.deliveries(ADA, id)).abandoned).toMatchObject([{ eventId: 'one', reason: 'http_5xx' }]);
});
