/** Logs that have subscribers are followed one after another. One that cannot be followed keeps no other from its turn. */
import { expect, test } from 'vitest';
import { TidegateError } from '../../src/base/errors.ts';
import { OUTBOX_QUEUE, outboxKey, subscriberPartition } from '../../src/deliveries/records/names.ts';
import { followDueOutboxes } from '../../src/deliveries/work/places.ts';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { PASS_OVER_MS } from '../../src/store/due.ts';
import { deliveryStage } from './stage.ts';

const NEWER = { $v: 9, value: 1 };

async function marked() {
  const { clock, deps, store, ...stage } = deliveryStage();
  const mark = async (place: string, value: typeof NEWER | 1, at = clock.now()) => {
    const put = {
      kind: 'put',
      ...outboxKey(place, 'prices'),
      value,
      expects: null,
      due: { queue: OUTBOX_QUEUE, at },
    } as const;
    await store.commit([put], { id: place, now: clock.now(), deadline: stage.within() });
  };
  await mark('newer', NEWER, clock.now() - 1_000);
  for (let n = 0; n < 40; n += 1) await mark(`tenant-${n}`, 1);
  const due = () => store.due(OUTBOX_QUEUE, { now: clock.now(), limit: 100, from: 0 });
  return { ...stage, clock, deps, store, due };
}

test('a mark of a newer release is passed over and stays, and all other logs are followed', async () => {
  const { clock, deps, store, due, within } = await marked();
  expect(await due()).toHaveLength(41);
  expect(await followDueOutboxes(deps, within())).toEqual({ woken: [], more: false });
  expect(await due()).toEqual([]);
  expect(await store.get(outboxKey('newer', 'prices'), clock.now())).toMatchObject({ value: NEWER });
  await clock.advance(PASS_OVER_MS);
  // Nobody had subscribed to the others, so their marks are gone.
  expect(await due()).toMatchObject([{ partition: outboxKey('newer', 'prices').partition }]);
});

test('a log that cannot be read keeps no other that has changed from its subscribers', async () => {
  const store = createMemoryStore();
  const broken = subscriberPartition('acme', 'prices');
  const list: typeof store.list = async (partition, options) => {
    if (partition === broken) throw new TidegateError('store_damaged', 'it cannot be listed');
    return store.list(partition, options);
  };
  const stage = deliveryStage({ store: { ...store, list } });
  await stage.subscribe();
  await stage.publish('a');
  const places = ['acme', 'public'].map((tenant) => ({ tenant, stream: 'prices' }));
  await stage.clock.drive(stage.work.run(stage.within(), places));
  expect(stage.ids()).toEqual(['a']);
});
