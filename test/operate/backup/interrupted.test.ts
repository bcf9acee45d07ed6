/** What happens to a store whose restore is broken off, and to a copy that is backed up again before it was resumed. */
import { describe, expect, test } from 'vitest';
import { resumeCopy } from '../../../src/operate/backup/restored.ts';
import { tenantsDelete } from '../../../src/operate/backup/tenants.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { refuseHalfRestored, RESTORE_KEY } from '../../../src/streams/half-restored.ts';
import { AT, dump, HOOK, newWorld, opened, reading, restored, run, SECRET, textOf, type World } from './scene.ts';

const MINUTE = 60_000;
const later = AT + 2 * MINUTE;

/** A store with a subscription and tasks that have not ended, whose texts and positions all stand. */
async function filled(store: Store): Promise<World> {
  const world = newWorld();
  const app = opened(world, store);
  await app.request('events/subscribe', {
    name: 'stream.readings',
    arguments: {},
    delivery: { mode: 'webhook', url: HOOK, secret: SECRET },
    cursor: null,
  });
  for (const task of ['sleeps', 'waits', 'asks']) await app.begin(task);
  await app.streams.append('readings', reading('r1', 's1', 20));
  await app.streams.append('own', { text: 'mine' });
  await app.scheduled();
  await app.advance(MINUTE);
  await app.scheduled();
  await app.close();
  return world;
}

/** The backup of a store with many events, and another one in which its restore was broken off behind the first of them. */
async function half(): Promise<{ text: string; to: Store }> {
  const from = createMemoryStore();
  const app = opened(newWorld(), from);
  for (let place = 0; place < 300; place += 1) {
    await app.streams.append('readings', reading(`r${place}`, `s${place % 5}`, 20));
  }
  await app.close();
  const text = await textOf(from, newWorld(), null, later);
  const to = createMemoryStore();
  const stop = new AbortController();
  const stopping: Store = {
    ...to,
    async transfer() {
      const transfer = await to.transfer?.();
      if (transfer === undefined) throw new Error('there is one');
      return {
        ...transfer,
        async fill(log, filling) {
          const filled = await transfer.fill(log, filling);
          if (log.endsWith('/readings')) stop.abort();
          return filled;
        },
      };
    },
  };
  await expect(restored(stopping, text, { at: later, signal: stop.signal })).rejects.toThrow();
  const { count } = await to.extent('public/stream/readings');
  expect(count).toBeGreaterThan(0);
  expect(count).toBeLessThan(300);
  return { text, to };
}

const runtime = { now: () => later };
const isMark = (partition: string) => partition === RESTORE_KEY.partition;

describe('a restore that was broken off', () => {
  test('is told to whoever opens the store or backs it up, until it is through', async () => {
    const { text, to } = await half();
    await expect(refuseHalfRestored(to, runtime)).rejects.toMatchObject({ code: 'store_damaged' });
    await expect(textOf(to, newWorld(), null, later)).rejects.toMatchObject({ code: 'store_damaged' });
    const app = opened(newWorld(), to, later);
    expect((await app.scheduled()).error).toMatchObject({ code: 'store_damaged' });
    await app.close();
    expect(await restored(to, text, { at: later })).toMatchObject({ continued: true, entries: 300 });
    await refuseHalfRestored(to, runtime);
  });

  test.each(['an event', 'a record'])('does not go on over %s of others, and --replace begins anew', async (what) => {
    const { text, to } = await half();
    const app = opened(newWorld(), to, later);
    if (what === 'an event') await app.streams.append('own', { text: 'x' });
    for (let place = 0; place < 50; place += 1) {
      const stream = what === 'an event' ? `new${place}` : `r${place}`;
      await app.streams.append('readings', reading(stream, 's1', 30 + place));
    }
    await app.close();
    await expect(restored(to, text, { at: later })).rejects.toMatchObject({
      code: 'invalid_input',
      field: '--replace',
    });
    expect(await restored(to, text, { at: later, replace: true })).toMatchObject({ continued: false, entries: 300 });
    const fresh = createMemoryStore();
    await restored(fresh, text, { at: later });
    expect(await dump(to, isMark)).toEqual(await dump(fresh, isMark));
  });

  test('goes on also where it was broken off while it removed what was there', async () => {
    const { text, to: other } = await half();
    await restored(other, text, { at: later });
    const text2 = await textOf(other, newWorld(), null, later + 1);
    let left = 2;
    const failing: Store = {
      ...other,
      async commit(...given) {
        if ((left -= 1) < 0) throw new Error('gone');
        return other.commit(...given);
      },
    };
    await expect(restored(failing, text2, { at: later, replace: true })).rejects.toThrow('gone');
    await expect(refuseHalfRestored(other, runtime)).rejects.toMatchObject({ code: 'store_damaged' });
    expect(await restored(other, text2, { at: later })).toMatchObject({ continued: true, entries: 300 });
    const fresh = createMemoryStore();
    await restored(fresh, text2, { at: later });
    expect(await dump(other, isMark)).toEqual(await dump(fresh, isMark));
  });
});

const names = (records: Record<string, unknown>) =>
  Object.keys(records).filter((name) => !name.includes('/reactions '));

describe('a copy that holds back', () => {
  test('is backed up as what it will be, so that nothing is held for ever', async () => {
    const from = createMemoryStore();
    const world = await filled(from);
    const copy = createMemoryStore();
    const { held } = await restored(copy, await textOf(from, world, null, later), { at: later });
    expect(held).toBeGreaterThanOrEqual(5);
    const text = await textOf(copy, world, null, later);
    const second = createMemoryStore();
    expect(await restored(second, text, { at: later })).toMatchObject({ held });
    const third = createMemoryStore();
    await restored(third, text, { at: later, hold: false });
    const straight = createMemoryStore();
    await restored(straight, await textOf(from, world, null, later), { at: later, hold: false });
    expect((await dump(third)).logs).toEqual((await dump(straight)).logs);
    expect(names((await dump(third)).records)).toEqual(names((await dump(straight)).records));

    const [received, effects] = [world.received.length, world.effects.length];
    const app = opened(world, third, later);
    await app.advance(10 * MINUTE);
    await app.scheduled();
    await app.streams.append('readings', reading('r9', 's1', 22));
    for (let round = 0; round < 2; round += 1) {
      await app.scheduled();
      await app.advance(MINUTE);
    }
    await app.close();
    expect([world.received.length - received, world.effects.slice(effects)]).toEqual([1, ['second']]);
  });

  test('has nothing left of a tenant that was removed, and brings nothing back', async () => {
    const from = createMemoryStore();
    const world = await filled(from);
    const copy = createMemoryStore();
    await restored(copy, await textOf(from, world, null, later), { at: later });
    const taken = await textOf(copy, world, 'acme', later);
    expect(taken).toContain('/subscribers/');
    await run(tenantsDelete, copy, { name: 'acme' }, later);
    expect(JSON.stringify(await dump(copy))).not.toContain('acme');
    await run(resumeCopy, copy, {}, later);
    expect(JSON.stringify(await dump(copy))).not.toContain('acme');
  });
});
