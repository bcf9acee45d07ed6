/** What has to stand for a while: written as what did not end within it. */
import { expect, test } from 'vitest';
import { high, shop } from './shop.ts';

const MINUTE = 60_000;
const when = {
  kind: 'missing',
  first: high,
  next: { kind: 'threshold', field: 'n', atMost: 30 },
  withinMs: 5 * MINUTE,
} as const;

test('it holds once the value has been beyond the bound for so long, and begins anew where it was back meanwhile', async () => {
  const { app, event, told } = shop({ when });
  const pass = async (minutes: number) => {
    for (let minute = 0; minute < minutes; minute += 1) {
      await app.advance(MINUTE);
      await app.scheduled();
    }
  };
  await event('a');
  await event('b');
  await pass(2);
  await event('b', { n: 10 });
  await event('a', { n: 50 });
  await pass(2);
  await event('b');
  expect(await told()).toEqual([]);
  await pass(2);
  expect(await told()).toEqual(['holding a']);
  await event('b', { n: 45 });
  await pass(2);
  expect(await told()).toEqual(['holding a']);
  await pass(2);
  expect(await told()).toEqual(['holding a', 'holding b']);
});
