import { expect, test } from 'vitest';
import * as z from 'zod';
import { createMemoryStore } from '../../src/store/drivers/memory.ts';
import { logEntry, record } from '../../src/store/record.ts';

const key = { partition: 'p', id: 'a' };
const options = { id: 'c1', now: 1_000, deadline: 2_000 };
const counter = record('counter', () => z.object({ n: z.number() }));
const nextCounter = record('counter', () => z.object({ m: z.number() }), {
  version: 2,
  upgrade: { 1: (value) => ({ m: (value as { n: number }).n }) },
});

test('a record is put, read, and put in place of what was read', async () => {
  const store = createMemoryStore();
  expect(counter.read(await store.get(key, 1_000))).toBeNull();
  await store.commit([counter.put(key, { n: 1 }, { expects: null, expiresAt: 9_000 })], options);
  const reading = await store.get(key, 1_000);
  expect(counter.read(reading)).toEqual({ n: 1 });
  const { status } = await store.commit([nextCounter.replace(reading, { m: 2 })], { ...options, id: 'c2' });
  expect(status).toBe('committed');
  expect(nextCounter.read(await store.get(key, 1_000))).toEqual({ m: 2 });
});

test('what a newer release wrote is neither read nor replaced', async () => {
  const store = createMemoryStore();
  await store.commit([nextCounter.put(key, { m: 1 }, { expects: null })], options);
  const reading = await store.get(key, 1_000);
  expect(() => counter.read(reading)).toThrow(expect.objectContaining({ code: 'newer_version' }));
  expect(() => counter.replace(reading, { n: 1 })).toThrow(expect.objectContaining({ code: 'newer_version' }));
});

test('log entries of all versions stand in one log', async () => {
  const store = createMemoryStore();
  const old = logEntry('note', () => z.string());
  const note = logEntry('note', () => z.object({ text: z.string() }), {
    version: 2,
    upgrade: { 1: (text) => ({ text }) },
  });
  await store.commit([old.append('log', ['one', 'two'])], options);
  await store.commit([note.append('log', [{ text: 'three' }])], { ...options, id: 'c2' });
  const { entries } = await store.read('log', null, 10);
  expect(entries.map((entry) => note.read(entry))).toEqual([{ text: 'one' }, { text: 'two' }, { text: 'three' }]);
  expect(() => entries.map((entry) => old.read(entry))).toThrow(expect.objectContaining({ code: 'newer_version' }));
});
