/** A restore sees who works on the store, and nothing is changed beside them unless that was asked for. */
import { expect, test } from 'vitest';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import type { Store } from '../../../src/store/store.ts';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { noteEnded, notePresent, noteScheduled } from '../../../src/streams/presence.ts';
import { appOf, AT, dump, newWorld, opened, reading, restored, textOf } from './scene.ts';

const SECOND = 1_000;

function depsAt(store: Store, at = AT) {
  return { app: appOf(newWorld()), store, runtime: { ...systemRuntime(() => {}), now: () => at } };
}

async function backedUp(): Promise<string> {
  const store = createMemoryStore();
  const app = opened(newWorld(), store);
  await app.streams.append('readings', reading('r1', 's1', 20));
  await app.close();
  // Who works on the original is no part of its backup.
  await notePresent(depsAt(store), 'original', 'process 1 on old');
  const text = await textOf(store, newWorld());
  expect(text).not.toContain('process 1 on old');
  return text;
}

test.each([false, true])('a process that is there is named, and nothing is changed (replace: %s)', async (replace) => {
  const text = await backedUp();
  const to = createMemoryStore();
  await notePresent(depsAt(to), 'one', 'process 7 on web');
  const before = await dump(to);
  await expect(restored(to, text, { replace, at: AT + 100 * SECOND })).rejects.toMatchObject({
    code: 'invalid_input',
    field: '--even-if-running',
    message: expect.stringContaining('process 7 on web (version 2.1.0, seen 2090-01-01T00:00:00'),
  });
  expect(await dump(to)).toEqual(before);
  const told = await restored(to, text, { replace, evenIfRunning: true, at: AT + 100 * SECOND });
  expect(told.entries).toBe(1);
  // It is there still.
  await expect(restored(to, text, { replace: true, at: AT + 101 * SECOND })).rejects.toThrow('process 7 on web');
});

test('a process that has ended, or was killed long ago, is in nobody’s way', async () => {
  const text = await backedUp();
  const to = createMemoryStore();
  await notePresent(depsAt(to), 'ends', 'process 7 on web');
  await notePresent(depsAt(to), 'killed', 'process 8 on web');
  await noteEnded(depsAt(to), 'ends');
  await noteEnded(depsAt(to), 'ends');
  await expect(restored(to, text)).rejects.toThrow('store: process 8 on web (');
  expect(await restored(to, text, { at: AT + 151 * SECOND })).toMatchObject({ entries: 1 });
});

test('a schedule counts for ten minutes, and costs a read a run and a write each four minutes', async () => {
  const text = await backedUp();
  const { store: to, calls } = countCalls(createMemoryStore());
  for (let minute = 0; minute < 8; minute += 1) await noteScheduled(depsAt(to, AT + minute * 60 * SECOND));
  expect(calls()).toEqual({ get: 8, commit: 2 });
  await expect(restored(to, text, { at: AT + 8 * 60 * SECOND })).rejects.toThrow('a schedule of functions');
  expect(await restored(to, text, { at: AT + 15 * 60 * SECOND })).toMatchObject({ entries: 1 });
});

test('a file of one tenant is restored beside what runs', async () => {
  const store = createMemoryStore();
  const app = opened(newWorld(), store);
  await app.streams.append('own', { text: 'mine' });
  await app.close();
  const text = await textOf(store, newWorld(), 'acme');
  const to = createMemoryStore();
  await notePresent(depsAt(to), 'one', 'process 7 on web');
  expect(await restored(to, text)).toMatchObject({ entries: 1 });
});
