/** Backups and restores on engines in this process: what comes back, what is held, and what is refused with nothing changed. */
import { describe, expect, test } from 'vitest';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import type { Store } from '../../../src/store/store.ts';
import { resumeCopy } from '../../../src/operate/backup/restored.ts';
import { PRESENCE_PARTITION } from '../../../src/streams/presence.ts';
import { AT, dump, HOOK, newWorld, opened, reading, restored, run, SECRET, textOf, type World } from './scene.ts';

const MINUTE = 60_000;

/** A store in which something of each kind stands. */
async function filled(store: Store): Promise<World> {
  const world = newWorld();
  world.bids = [1, 2, 3, 4, 5].map((price) => ({ symbol: price % 2 === 0 ? 'B' : 'A', price }));
  const app = opened(world, store);
  await app.request('events/subscribe', {
    name: 'stream.readings',
    arguments: {},
    delivery: { mode: 'webhook', url: HOOK, secret: SECRET },
    cursor: null,
  });
  for (const task of ['sleeps', 'waits', 'asks']) await app.begin(task);
  await app.streams.append('readings', reading('r1', 's1', 20));
  await app.streams.append('readings', reading('r2', 's2', 60));
  await app.streams.append('own', { text: 'mine' });
  await app.scheduled();
  await app.advance(MINUTE);
  await app.scheduled();
  await app.streams.append('readings', reading('r3', 's1', 21));
  await app.scheduled();
  await app.close();
  return world;
}

const later = AT + 2 * MINUTE;

const isPresence = (partition: string) => partition === PRESENCE_PARTITION;

describe('a restored store', () => {
  test.each(['memory', 'sqlite'])('holds on %s what the backup holds, and goes on where it stood', async (engine) => {
    const from = createMemoryStore();
    const world = await filled(from);
    expect(world.received.length).toBeGreaterThan(0);
    expect(world.effects).toEqual(expect.arrayContaining(['first', 'cooled s2']));
    const text = await textOf(from, world, null, later);
    const to = engine === 'memory' ? createMemoryStore() : createSqliteStore({ path: ':memory:' });
    const report = await restored(to, text, { hold: false, at: later });
    expect(report).toMatchObject({ held: 0, continued: false });
    const [before, after] = [await dump(from, isPresence), await dump(to)];
    expect(after.logs).toEqual(before.logs);
    expect(Object.keys(after.records)).toEqual(Object.keys(before.records));
    for (const [name, record] of Object.entries(before.records)) {
      if (!/^\S+\/(feed|delivery) /.test(name)) expect([name, after.records[name]]).toEqual([name, record]);
    }
    // The feed without ids goes on behind its cursor: nothing comes twice, and nothing is passed over.
    world.bids.push({ symbol: 'C', price: 6 });
    const app = opened(world, to, later + MINUTE);
    await app.ingest();
    const bids = await app.streams.read('bids', null, 100);
    expect(bids.events.map(({ data }) => (data as { price: number }).price)).toEqual([1, 2, 3, 4, 5, 6]);
    await app.streams.append('readings', reading('r3', 's1', 21));
    await app.streams.append('readings', reading('r4', 's1', 22));
    expect((await app.streams.latest('readings', 's1'))?.id).toBe('r4');
    await app.advance(MINUTE);
    await app.scheduled();
    expect(world.effects.filter((effect) => effect === 'second')).toEqual(['second']);
    expect(new Set(world.received.map(({ id }) => id)).size).toBe(world.received.length);
    await app.close();
  });

  test('sends nothing and begins nothing until it is resumed, however long that takes', async () => {
    const from = createMemoryStore();
    const world = await filled(from);
    const text = await textOf(from, world, null, later);
    const to = createMemoryStore();
    const { held } = await restored(to, text, { at: later });
    expect(held).toBeGreaterThanOrEqual(6);
    const [received, effects] = [world.received.length, [...world.effects]];
    const app = opened(world, to, later);
    for (const [id, celsius] of [
      ['r4', 70],
      ['r5', 10],
      ['r6', -60],
    ] as const) {
      await app.streams.append('readings', reading(id, 's3', celsius));
      await app.advance(15 * MINUTE);
      await app.scheduled();
      await app.scheduled();
    }
    expect([world.received.length, world.effects]).toEqual([received, effects]);
    // What is new is not held.
    await app.begin('sleeps');
    await app.scheduled();
    expect(world.effects).toEqual([...effects, 'first']);

    const at = app.now();
    await app.close();
    expect(await run(resumeCopy, to, {}, at)).toMatchObject({ resumed: held, changed: 0 });
    expect(await run(resumeCopy, to, {}, at)).toEqual({ resumed: 0, changed: 0 });
    const resumed = opened(world, to, at);
    for (let round = 0; round < 4; round += 1) {
      await resumed.advance(MINUTE);
      await resumed.scheduled();
    }
    await resumed.close();
    expect(world.effects).toEqual(expect.arrayContaining(['second', 'cooled s3', 'met -60']));
    const ids = world.received.map(({ id }) => id);
    expect(ids).toEqual(expect.arrayContaining(['r4', 'r5', 'r6']));
    expect(new Set(ids).size).toBe(ids.length);
  });

  test('reads as truncated to cursors that clients hold', async () => {
    const from = createMemoryStore();
    const world = await filled(from);
    const { end } = await from.extent('public/stream/readings');
    const to = createMemoryStore();
    await restored(to, await textOf(from, world));
    expect(await to.read('public/stream/readings', end, 10)).toMatchObject({ truncated: true });
  });
});

const whole = async () => {
  const from = createMemoryStore();
  return textOf(from, await filled(from), null, later);
};

describe('a backup that is refused', () => {
  const refusals: [string, (text: string) => string, string][] = [
    ['cut in its last line', (text) => text.slice(0, -20), 'invalid_input'],
    ['cut at a line', (text) => text.slice(0, text.lastIndexOf('\n["end"') + 1), 'invalid_input'],
    ['cut in its middle', (text) => text.slice(0, text.length / 2), 'invalid_input'],
    ['empty', () => '', 'invalid_input'],
    ['of another program', () => 'PRAGMA foreign_keys=OFF;\nBEGIN TRANSACTION;\n', 'invalid_input'],
    ['changed', (text) => text.replace('"celsius":60', '"celsius":61'), 'invalid_input'],
    ['followed by another one', (text) => text + text, 'invalid_input'],
    ['of a newer form', (text) => text.replace('"format":1', '"format":2'), 'newer_version'],
    ['of another app', (text) => text, 'invalid_input'],
  ];
  test.each(refusals)('is one that is %s, and nothing is changed', async (what, change, code) => {
    const to = createMemoryStore();
    const text = change(await whole());
    const app =
      what === 'of another app' ? { app: { ...(await import('./scene.ts')).appOf(newWorld()), name: 'other' } } : {};
    await expect(restored(to, text, { replace: true, ...app })).rejects.toMatchObject({ code });
    expect(await dump(to)).toEqual({ records: {}, logs: {} });
  });

  test('a store that holds data is refused, unless it is to be replaced', async () => {
    const text = await whole();
    const to = createMemoryStore();
    const app = opened(newWorld(), to, later);
    await app.streams.append('readings', reading('x', 's9', 1));
    await app.close();
    const before = await dump(to);
    await expect(restored(to, text)).rejects.toMatchObject({ code: 'invalid_input' });
    expect(await dump(to)).toEqual(before);
    await restored(to, text, { replace: true, hold: false, at: later });
    const fresh = createMemoryStore();
    await restored(fresh, text, { hold: false, at: later });
    expect(await dump(to)).toEqual(await dump(fresh));
  });
});

test('a restore that is broken off anywhere goes on when it is begun again, and only with the same backup', async () => {
  const from = createMemoryStore();
  const world = await filled(from);
  const text = await textOf(from, world, null, later);
  const fresh = createMemoryStore();
  await restored(fresh, text, { at: later });
  const wanted = await dump(fresh);
  for (let calls = 1, isOver = false; !isOver; calls += 3) {
    const inner = createMemoryStore();
    let left = calls;
    const failing: Store = {
      ...inner,
      async commit(...given) {
        if ((left -= 1) < 0) throw new Error('gone');
        return inner.commit(...given);
      },
      async transfer() {
        const transfer = await inner.transfer?.();
        if (transfer === undefined) throw new Error('there is one');
        return {
          ...transfer,
          async fill(...filling) {
            if ((left -= 1) < 0) throw new Error('gone');
            return transfer.fill(...filling);
          },
        };
      },
    };
    isOver = await restored(failing, text, { at: later }).then(
      () => true,
      () => false,
    );
    const other = (await textOf(from, world, null, later + 1)).replace('"version":"2.1.0"', '"version":"2.1.0"');
    if (!isOver) await expect(restored(inner, other, { at: later })).rejects.toMatchObject({ code: 'invalid_input' });
    if (!isOver) await restored(inner, text, { at: later });
    const found = await dump(inner);
    expect(found.logs).toEqual(wanted.logs);
    expect(Object.keys(found.records)).toEqual(Object.keys(wanted.records));
  }
});
