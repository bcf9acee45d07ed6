/** Subscriptions of which something cannot be read are due before another one of their shard. It is sent to all the same. */
import { expect, test } from 'vitest';
import { DELIVERY_QUEUE, deliveryKey, wakeKey } from '../../src/deliveries/records/names.ts';
import { followDueOutboxes } from '../../src/deliveries/work/places.ts';
import { createDeliveryWork } from '../../src/deliveries/work/run-deliveries.ts';
import { FAILED_AGAIN_MS, PASS_OVER_MS } from '../../src/store/due.ts';
import { DUE_LIMIT } from '../../src/store/limits.ts';
import { shardOf } from '../../src/store/shard.ts';
import type { Put } from '../../src/store/store.ts';
import { deliveryStage } from './stage.ts';

test.each([
  ['this is none', FAILED_AGAIN_MS, deliveryKey],
  ['this is none', FAILED_AGAIN_MS, wakeKey],
  [{ $v: 9, value: 1 }, PASS_OVER_MS, wakeKey],
] as const)('more than a look finds, with %j, are put off by %i ms', async (value, putOffMs, dueKey) => {
  let shard = 0;
  const stage = deliveryStage({ runtime: { random: () => (shard + 0.5) / 16 } });
  const { clock, store, deps } = stage;
  const { id } = await stage.subscribe();
  await stage.publish('one');
  await clock.advance(60_000);
  await clock.drive(followDueOutboxes(deps, stage.within()));
  const good = { tenant: 'acme', subject: 'ada', id };
  shard = shardOf(wakeKey(good));

  const at = clock.now() - 120_000;
  for (let n = 0, bad = 0; bad <= DUE_LIMIT; n += 1) {
    const name = { tenant: 'acme', subject: `bad-${n}`, id: `sub_${n}` };
    if (shardOf(dueKey(name)) !== shard) continue;
    bad += 1;
    const put: Put = {
      kind: 'put',
      ...dueKey(name),
      value: dueKey === wakeKey ? 1 : value,
      expects: null,
      due: { queue: DELIVERY_QUEUE, at },
    };
    const state: Put = { kind: 'put', ...deliveryKey(name), value, expects: null };
    const operations = dueKey === wakeKey ? [put, state] : [put];
    await store.commit(operations, { id: `bad ${n}`, now: clock.now(), deadline: stage.within() });
  }
  const due = (ahead = 0) => store.due(DELIVERY_QUEUE, { now: clock.now() + ahead, limit: DUE_LIMIT, from: shard });
  expect((await due()).every(({ id: of }) => of.startsWith('bad-'))).toBe(true);
  await clock.drive(createDeliveryWork(deps).run(stage.within(), []));
  expect(stage.ids()).toEqual(['one']);
  expect(await due()).toEqual([]);
  expect(await due(putOffMs)).toHaveLength(DUE_LIMIT);
});
