/** Nothing is lost or told wrongly where there is much at once, where parts repeat, or where a declaration changes. */
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import type { Store } from '../../src/store/store.ts';
import { streamLog } from '../../src/streams/log/stream-log.ts';
import { each, high, is, orders, payments, shop } from './shop.ts';

test.each([0, 30_000])('three hundred keys begin in one round, with lateMs %s', async (lateMs) => {
  const { app, event, told } = shop({ when: high, lateMs });
  const at = app.now();
  await each(300, (id) => event(id, { at }));
  await app.scheduled();
  await app.advance(120_000);
  await app.scheduled();
  expect(new Set(await told()).size).toBe(300);
  expect(await told()).toHaveLength(300);
});

test('one event begins it for all keys that wait for it', async () => {
  const all = { kind: 'all', of: [high, { ...is('go'), perKey: false }] } as const;
  const { app, event, told } = shop({ when: all });
  await each(300, (id) => event(id));
  await event('go', { what: 'go', n: 1 });
  for (let rounds = 0; rounds < 3; rounds += 1) await app.scheduled();
  expect(await told()).toHaveLength(300);
});

test('what a thousand keys wait for is not forgotten, and nothing is told twice', async () => {
  const when = { kind: 'missing', first: is('order'), next: is('paid'), withinMs: 600_000 } as const;
  const { app, event, told } = shop({ when });
  await each(900, (id) => event(`customer ${id} of a long name, so that what is remembered is much`));
  await app.scheduled();
  await app.advance(60_000);
  await event('customer k1 of a long name, so that what is remembered is much', { what: 'paid' });
  await app.scheduled();
  await app.advance(700_000);
  for (let rounds = 0; rounds < 3; rounds += 1) await app.scheduled();
  expect(await told()).toHaveLength(899);
  expect(new Set(await told()).size).toBe(899);
}, 30_000);

test('each order begins a sequence, though the one before it passed too', async () => {
  const when = { kind: 'sequence', first: is('order'), next: is('paid'), withinMs: 600_000 } as const;
  const { app, event, told } = shop({ when });
  for (const what of ['order', 'paid', 'order', 'paid', 'paid']) {
    await event('ada', { what });
    await app.advance(1_000);
  }
  await app.scheduled();
  expect(await told()).toEqual(['holding ada', 'holding ada']);
});

test('another condition ends what the one before told, and judges what waits', async () => {
  const { app, event, store } = shop({ when: high, alarm: {} });
  await event('a', { n: 32 });
  await app.scheduled();
  const changed = shop({ when: { ...high, above: 35 }, alarm: {} }, store);
  await changed.app.scheduled();
  expect(await changed.told()).toEqual(['holding a', 'ceased a']);
});

test('what waits to be judged is judged by the other condition', async () => {
  const { app, event, store } = shop({ when: high, lateMs: 600_000 });
  await app.scheduled();
  await event('a', { n: 50 });
  await event('b', { n: 35 });
  await app.scheduled();
  await app.advance(200_000);
  await app.scheduled();
  const changed = shop({ when: { ...high, above: 36 }, lateMs: 600_000 }, store, app.now());
  await changed.app.scheduled();
  expect(await changed.told()).toEqual([]);
  await changed.app.advance(700_000);
  await changed.app.scheduled();
  expect(await changed.told()).toEqual(['holding a']);
});

test('an alarm whose window is empty is over', async () => {
  const when = { kind: 'aggregate', of: 'mean', field: 'n', overMs: 600_000, above: 30 } as const;
  const { app, event, told } = shop({ when, alarm: {} });
  await event('a');
  await app.scheduled();
  await app.advance(1_200_000);
  await app.scheduled();
  expect(await told()).toEqual(['holding a', 'ceased a']);
});

test('with an alarm, what holds when the cooldown ends is told then', async () => {
  const { app, event, told } = shop({ when: high, alarm: {}, cooldownMs: 60_000 });
  for (const n of [40, 10, 40]) await event('a', { n });
  await app.scheduled();
  expect(await told()).toEqual(['holding a', 'ceased a']);
  await app.advance(70_000);
  await app.scheduled();
  expect(await told()).toEqual(['holding a', 'ceased a', 'holding a']);
});

test('silence after a first event of long ago is told', async () => {
  const { app, event, told } = shop({ when: { kind: 'absence', forMs: 300_000 } });
  await app.scheduled();
  await event('a', { at: 0 });
  await app.scheduled();
  await app.advance(4_200_000);
  await app.scheduled();
  expect(await told()).toEqual(['holding undefined']);
});

test('what comes to two streams between two reads is judged in its order', async () => {
  const memory = createMemoryStore();
  let between: (() => Promise<unknown>) | null = null;
  const store: Store = {
    ...memory,
    async read(log, ...rest) {
      const page = await memory.read(log, ...rest);
      if (log === streamLog('public', 'orders') && between !== null) {
        const go = between;
        between = null;
        await go();
      }
      return page;
    },
  };
  const when = {
    kind: 'sequence',
    first: { ...is('order'), on: 'orders' },
    next: { ...is('paid'), on: 'payments' },
    withinMs: 600_000,
  } as const;
  const { app, event, told } = shop({ on: { orders, payments }, when }, store);
  await app.scheduled();
  between = async () => {
    await event('ada');
    await event('ada', { what: 'paid', to: 'payments' });
  };
  await app.scheduled();
  await app.scheduled();
  expect(await told()).toEqual(['holding ada']);
});
