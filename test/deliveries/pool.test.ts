/** Turns that wait for a place get one in the order in which they came, and no one is woken for nothing. */
import { expect, test } from 'vitest';
import type { SubscriptionName } from '../../src/deliveries/records/names.ts';
import { createDeliveryPool } from '../../src/deliveries/work/pool.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { ADA, deliveryStage } from './stage.ts';

test('turns begin in the order in which they were taken, whoever asks for room meanwhile', async () => {
  const inner = createMemoryStore();
  const begun: string[] = [];
  const note = ({ id }: { id: string }) => {
    const [, name = ''] = id.split('/');
    if (name.startsWith('turn-') && !begun.includes(name)) begun.push(name);
  };
  const get: typeof inner.get = async (key, now) => {
    note(key);
    return inner.get(key, now);
  };
  const getMany: typeof inner.getMany = async (keys, now) => {
    keys.forEach(note);
    return inner.getMany(keys, now);
  };
  const { deps, clock, within } = deliveryStage({ store: { ...inner, get, getMany } });
  const pool = createDeliveryPool(deps, { concurrency: 1 });
  const names = Array.from({ length: 20 }, (_, n): SubscriptionName => ({
    tenant: ADA.tenant,
    subject: ADA.subject,
    id: `turn-${n}`,
  }));
  const late = { ...ADA, id: 'turn-late' };
  const turns: Promise<void>[] = names.map((name, at) =>
    // Who comes when a place becomes free stands behind those who wait.
    pool.take(name, within(), () => void (at === 0 && turns.push(pool.take(late, within(), () => {})))),
  );
  const rooms = names.map(() => pool.room());
  await clock.drive(Promise.all([...turns, ...rooms]).then(() => pool.drain()));
  expect(begun).toEqual([...names, late].map(({ id }) => id));
  expect([pool.underWay(), pool.placed()]).toEqual([0, 0]);
});
