/** Backups of an app that goes on: whatever of it was read when, the restored feed goes on behind the last event that it has. */
import { expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { decodeCursor } from '../../../src/store/cursor.ts';
import type { Store } from '../../../src/store/store.ts';
import { seededRandom } from '../../../src/store/contract/seeded.ts';
import { AT, newWorld, opened, reading, restored, textOf } from './scene.ts';

/** The store as the backup reads it: between two of its calls the app does something. */
function interrupted(store: Store, meanwhile: () => Promise<void>): Store {
  return {
    ...store,
    get: async (...given) => meanwhile().then(() => store.get(...given)),
    list: async (...given) => meanwhile().then(() => store.list(...given)),
    read: async (...given) => meanwhile().then(() => store.read(...given)),
    extent: async (...given) => meanwhile().then(() => store.extent(...given)),
    async transfer() {
      const transfer = await store.transfer?.();
      if (transfer === undefined) throw new Error('there is one');
      return {
        ...transfer,
        records: async (...given) => meanwhile().then(() => transfer.records(...given)),
        logs: async (...given) => meanwhile().then(() => transfer.logs(...given)),
      };
    },
  };
}

test.each([1, 2, 3, 4, 5, 6])('nothing is lost and nothing doubled, whatever happens meanwhile (%i)', async (seed) => {
  const random = seededRandom(seed);
  const store = createMemoryStore();
  const world = newWorld();
  const app = opened(world, store);
  let [bids, readings] = [0, 0];
  const happens = async () => {
    const what = random();
    if (what < 0.5) return;
    if (what < 0.75) {
      for (let more = 1 + Math.floor(random() * 4); more > 0; more -= 1)
        world.bids.push({ symbol: 'A', price: (bids += 1) });
      await app.advance(60_000);
      await app.ingest();
    } else if (what < 0.95) {
      await app.streams.append(
        'readings',
        reading(`r${(readings += 1)}`, `s${readings % 3}`, Math.floor(random() * 100)),
      );
      await app.scheduled();
    } else await app.sweep();
  };
  for (let steps = 0; steps < 20; steps += 1) await happens();
  const text = await textOf(interrupted(store, happens), world, null, app.now());
  for (let steps = 0; steps < 5; steps += 1) await happens();
  const at = app.now();
  await app.close();

  const to = createMemoryStore();
  await restored(to, text, { at, hold: false });
  // Every position lies within the log that it is in.
  for (const [partition, log] of [['public/position/latest', 'public/stream/bids']] as const) {
    const position = await to.get({ partition, id: log }, at);
    const { end } = await to.extent(log);
    const { cursor } = (position.value ?? { cursor: null }) as { cursor: string | null };
    if (cursor !== null) {
      expect(decodeCursor(cursor).place).toBeLessThanOrEqual(decodeCursor(end ?? '').place);
      expect(decodeCursor(cursor).epoch).toBe(decodeCursor(end ?? '').epoch);
    }
  }
  const again = opened(world, to, at + 60_000);
  world.bids.push({ symbol: 'A', price: (bids += 1) });
  for (let bursts = 0; bursts < 40; bursts += 1) {
    await again.ingest();
    await again.advance(60_000);
  }
  await again.sweep();
  const { events } = await again.streams.read('bids', null, 1_000);
  const prices = events.map(({ data }) => (data as { price: number }).price);
  expect(prices).toEqual(Array.from({ length: bids }, (_, index) => index + 1));
  expect((await again.streams.latest('bids', 'A'))?.data).toMatchObject({ price: bids });
  // Each occurrence is told once, and each key's alarm counts as many.
  const { events: told } = await again.streams.read('readings', null, 1_000);
  expect(new Set(told.map(({ id }) => id)).size).toBe(told.length);
  await again.close();
  expect(AT).toBeLessThan(at);
});
