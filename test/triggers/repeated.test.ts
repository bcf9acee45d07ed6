/** `dedupe` with an alarm: what ceases is told exactly where its holding was told. */
import { expect, test } from 'vitest';
import { each, high, is, shop } from './shop.ts';

const once = { when: high, alarm: {}, dedupe: ({ key }: { key: string | null }) => key };

test('a beginning that is left out has no end either, within one round', async () => {
  const { app, event, told } = shop(once);
  for (const n of [31, 10, 31, 10, 31]) await event('a', { n });
  await app.scheduled();
  await event('a', { n: 10 });
  await app.scheduled();
  expect(await told()).toEqual(['holding a', 'ceased a']);
});

test('nor in a later round, by another process, or under another condition', async () => {
  const { app, event, told, store } = shop(once);
  for (const n of [31, 10, 31]) {
    await event('a', { n });
    await app.scheduled();
  }
  const again = shop(once, store, app.now());
  await again.event('a', { n: 10 });
  await again.event('a', { n: 32 });
  await again.app.scheduled();
  expect(await told()).toEqual(['holding a', 'ceased a']);
  const changed = shop({ ...once, when: { ...high, above: 35 } }, store, app.now());
  await changed.app.scheduled();
  expect(await told()).toEqual(['holding a', 'ceased a']);
});

test('nor where more is told than one commit takes', async () => {
  const when = { kind: 'all', of: [high, { ...is('go'), perKey: false }] } as const;
  const { app, event, told } = shop({ ...once, when });
  await each(60, (id) => event(id));
  for (const what of ['go', 'stay', 'go', 'stay']) await event('all', { what, n: 1 });
  for (let rounds = 0; rounds < 3; rounds += 1) await app.scheduled();
  const all = await told();
  expect(all.filter((one) => one.startsWith('holding'))).toHaveLength(60);
  expect(all.filter((one) => one.startsWith('ceased'))).toHaveLength(60);
  expect(new Set(all).size).toBe(120);
});
