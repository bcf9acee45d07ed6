import { describe, expect, test } from 'vitest';
import type { LoggedEvent } from '../../../src/base/event.ts';
import { countCalls } from '../../../src/store/counting.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { createWindow, loadWindow } from '../../../src/streams/log/dedupe.ts';

function event(id: string, revision?: string): LoggedEvent {
  return { id, ...(revision === undefined ? {} : { revision }), time: 0, data: null };
}

describe('the window of newest ids', () => {
  test('knows the newest ones, up to its size', () => {
    const window = createWindow(3);
    for (const id of ['a', 'b', 'c', 'd']) window.add(event(id));
    expect(['a', 'b', 'c', 'd'].map((id) => window.has(event(id)))).toEqual([false, true, true, true]);
    window.add(event('e'));
    expect(['b', 'c', 'e'].map((id) => window.has(event(id)))).toEqual([false, true, true]);
  });

  test('tells revisions apart, and an id from an id with a revision', () => {
    const window = createWindow(10);
    window.add(event('a', '1'));
    expect([event('a', '1'), event('a', '2'), event('a')].map((one) => window.has(one))).toEqual([true, false, false]);
  });

  test('tells ids and revisions apart wherever a separator stands in them', () => {
    const texts = ['a', '\0', 'a\0', '\0a', 'a\0a', '\0\0', '["a",null]', '\0["a",null]'];
    const events = texts.flatMap((id) => [event(id), ...texts.map((revision) => event(id, revision))]);
    for (const one of events) {
      const window = createWindow(10);
      window.add(one);
      expect(events.filter((other) => window.has(other))).toEqual([one]);
    }
  });

  test.each([
    [10, 5],
    [1_000, 1_500],
    [2_500, 5_000],
    [10_000, 2_000],
  ])('of %i is read from the end of a log of %i', async (size, length) => {
    const store = createMemoryStore();
    const entries = Array.from({ length }, (_, i) => event(`${i}`));
    for (let from = 0; from < length; from += 500) {
      const part = entries.slice(from, from + 500);
      await store.commit([{ kind: 'append', log: 'l', entries: part }], { id: `c${from}`, now: 0, deadline: 1 });
    }
    const { window, found } = await loadWindow(store, 'l', size);
    expect(found).toBeNull();
    const oldest = Math.max(0, length - size);
    for (let i = 0; i < length; i += 1) expect(window.has(event(`${i}`))).toBe(i >= oldest);
  });

  test('is read no further than to the event that is sought, which is answered as it stands', async () => {
    const { store, calls } = countCalls(createMemoryStore());
    const entries = Array.from({ length: 2_500 }, (_, i) => ({ ...event(`${i}`), key: `of ${i}` }) as LoggedEvent);
    for (let from = 0; from < entries.length; from += 500) {
      const part = entries.slice(from, from + 500);
      await store.commit([{ kind: 'append', log: 'l', entries: part }], { id: `c${from}`, now: 0, deadline: 1 });
    }
    for (const [sought, reads] of [
      ['1600', 1],
      ['1400', 2],
      ['20', 3],
    ] as const) {
      const before = calls().last ?? 0;
      expect((await loadWindow(store, 'l', 10_000, { sought: event(sought) })).found).toEqual(entries[Number(sought)]);
      expect((calls().last ?? 0) - before).toBe(reads);
    }
    expect((await loadWindow(store, 'l', 10_000, { sought: event('20', 'other') })).found).toBeNull();
  });

  test('of a log that has nothing is empty', async () => {
    const { window, found } = await loadWindow(createMemoryStore(), 'l', 10, { sought: event('a') });
    expect([window.has(event('a')), found]).toEqual([false, null]);
  });
});
