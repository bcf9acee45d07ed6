/** From sqlite to Redis to DynamoDB and back: all that was stored is there, by the names, places and times that it had. */
import { expect, test } from 'vitest';
import { randomId, systemRuntime } from '../../../src/base/runtime.ts';
import { openStore, readConfig } from '../../../src/store/drivers/open.ts';
import { requireService } from '../../services/available.ts';
import { startEngine } from '../../services/engine.ts';
import type { Store } from '../../../src/store/store.ts';
import { dump, HOOK, newWorld, opened, reading, restored, SECRET, textOf } from './scene.ts';

/** Without handles and cursors, which are of another epoch. */
const plain = (value: unknown) => JSON.stringify(value).replaceAll(/[\w-]{40,}/g, '…');

const canRun = requireService('redis') && requireService('dynamodb');

test.skipIf(!canRun)('a backup goes from engine to engine', { timeout: 60_000 }, async () => {
  const engines = await Promise.all((['sqlite', 'redis', 'dynamodb', 'sqlite'] as const).map(startEngine));
  const stores: Store[] = [];
  try {
    for (const { environment } of engines) {
      stores.push(
        await openStore(
          readConfig(environment, 'sqlite'),
          systemRuntime(() => {}),
          `app-${randomId()}`,
        ),
      );
    }
    const [first, ...others] = stores as [Store, ...Store[]];
    const world = newWorld();
    world.bids = [1, 2, 3, 4].map((price) => ({ symbol: 'A', price }));
    // One of them is no bid, and becomes a dead letter.
    world.bids.splice(1, 0, { symbol: 'A', price: 'x' as never });
    const app = opened(world, first);
    const delivery = { mode: 'webhook', url: HOOK, secret: SECRET };
    await app.request('events/subscribe', { name: 'stream.readings', arguments: {}, delivery, cursor: null });
    for (const task of ['sleeps', 'waits', 'asks']) await app.begin(task);
    for (let index = 0; index < 250; index += 1) {
      if (index % 50 === 0) await app.advance(1_000);
      await app.streams.append('readings', reading(`r${index}`, `s${index % 7}`, index % 100));
    }
    await app.scheduled();
    await app.streams.remove('readings', { key: 's3' });
    await app.sweep();
    await first.trim('public/stream/readings', { now: app.now(), keep: 120, limit: 1_000 });
    const at = app.now();
    const asked = {
      history: await app.call('read_history', { stream: 'readings', from: '-1h', limit: 20 }),
      windows: await app.call('read_history', { stream: 'readings', from: '-1h', window: '1m', field: 'celsius' }),
      latest: await app.call('read_latest', { stream: 'readings' }),
      alarms: await app.call('list_alarms', {}),
    };
    await app.close();
    const wanted = await dump(first);
    for (const kind of ['subscribers', 'subscription', 'delivery', 'reactions', 'task']) {
      expect(Object.keys(wanted.records).some((name) => name.includes(`/${kind}`))).toBe(true);
    }
    expect(wanted.logs['public/dead/bids']).toHaveLength(1);
    expect(JSON.stringify(wanted).length).toBeGreaterThan(50_000);

    let from = first;
    for (const [place, to] of others.entries()) {
      // The first copy holds back, and what it holds travels on.
      const hold = place === 0;
      const { held } = await restored(to, await textOf(from, world, null, at), { hold, at });
      expect(held > 0).toBe(hold);
      const found = await dump(to);
      expect(found.logs, to.name).toEqual(wanted.logs);
      for (const [name, record] of hold ? [] : Object.entries(wanted.records)) {
        if (!/\/(?:feed|delivery|presence) /.test(name))
          expect([name, found.records[name]], to.name).toEqual([name, record]);
      }
      const again = opened(world, to, at);
      const answers = {
        history: await again.call('read_history', { stream: 'readings', from: '-1h', limit: 20 }),
        windows: await again.call('read_history', { stream: 'readings', from: '-1h', window: '1m', field: 'celsius' }),
        latest: await again.call('read_latest', { stream: 'readings' }),
        alarms: await again.call('list_alarms', {}),
      };
      expect(plain(answers.windows), to.name).toBe(plain(asked.windows));
      expect(plain(answers.alarms), to.name).toBe(plain(asked.alarms));
      expect(plain(answers.latest), to.name).toBe(plain(asked.latest));
      await again.close();
      from = to;
    }
    // The feed goes on behind its cursor, in the last of them as it would have in the first.
    world.bids.push({ symbol: 'A', price: 5 });
    const last = opened(world, from, at + 60_000);
    await last.ingest();
    const { events } = await last.streams.read('bids', null, 100);
    expect(events.map(({ data }) => (data as { price: number }).price)).toEqual([1, 2, 3, 4, 5]);
    await last.close();
  } finally {
    await Promise.all(stores.map((store) => store.close()));
    await Promise.all(engines.map((engine) => engine.stop()));
  }
});
