/** What operators do to dead letters: each by its number, tried again, and erased for good. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import type { FeedBatch } from '../../../src/declare/feed.ts';
import { deadLetterLog } from '../../../src/feeds/records/dead-letters.ts';
import { defineApp, stream } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';
import { feedOf, items } from '../../feeds/run/stage.ts';
import { acting } from '../act.ts';

async function* burst(): AsyncIterable<FeedBatch> {
  yield { items: items([{ n: 1 }, { n: 'two' }, { m: 'secret-of-ada' }, { n: 4 }]), position: 1, last: true };
}

/** What the schema takes is mended between two runs, as a deploy does. */
function appOf(takesTexts: boolean, takesNone = false) {
  const n = takesTexts ? z.union([z.number(), z.string()]) : z.number();
  const schema = z.object({ n: takesNone ? n.optional() : n });
  return defineApp({
    name: 'stores',
    version: '1',
    description: 'Readings',
    streams: { readings: stream({ description: 'Readings', schema, feed: feedOf(burst) }) },
  });
}

test('letters are listed, shown by their number, tried again once the schema is mended, and dropped', async () => {
  const store = createMemoryStore();
  const before = acting(appOf(false), store);
  expect(await before.act('feeds pull', { feed: 'readings' })).toMatchObject({ events: 2, deadLetters: 2 });
  const listed = await before.act<{ letters: { number: number; field: string }[] }>('dead list');
  expect(listed.letters).toMatchObject([
    { feed: 'readings', number: 0, reason: 'schema', field: 'data.n' },
    { number: 1, reason: 'schema' },
  ]);
  expect(before.lines()[1]).toMatch(/^readings +0 +\d+ s ago +readings +schema +data\.n: expected /);
  expect(await before.act('dead show', { feed: 'readings', number: 0 })).toMatchObject({
    item: { n: 'two' },
    cut: false,
  });
  await expect(before.act('dead show', { feed: 'readings', number: 7 })).rejects.toMatchObject({
    code: 'not_found',
    expected: 'a number from 0 to 1',
  });

  const { act } = acting(appOf(true), store);
  expect(await act('dead replay', { feed: 'readings' })).toMatchObject({ replayed: 1, refused: 1, done: true });
  expect(await act('dead replay', { feed: 'readings' })).toMatchObject({ replayed: 0, refused: 0, done: true });
  // A second mend takes what the first one left, once, and what is appended is not tried again.
  expect(await act('dead replay', { feed: 'readings', again: true })).toMatchObject({ replayed: 0, refused: 1 });
  const mended = acting(appOf(true, true), store);
  expect(await mended.act('dead replay', { feed: 'readings' })).toMatchObject({ replayed: 0, refused: 0 });
  const again = { feed: 'readings', again: true };
  expect(await mended.act('dead replay', again)).toMatchObject({ replayed: 1, refused: 0, done: true });
  expect(await mended.act('dead replay', again)).toMatchObject({ replayed: 0, refused: 0, done: true });
  expect(await act('streams list')).toMatchObject({ streams: [{ events: 4 }] });

  // One that is not there is told before any is erased.
  await expect(act('dead drop', { feed: 'readings', number: [1, 9] })).rejects.toMatchObject({ code: 'not_found' });
  for (const wrong of [{}, { number: [1], all: true }]) {
    await expect(act('dead drop', { feed: 'readings', ...wrong })).rejects.toMatchObject({ code: 'invalid_input' });
  }
  expect(JSON.stringify(await store.read(deadLetterLog('public', 'readings'), null, 10))).toContain('secret-of-ada');
  expect(await act('dead drop', { feed: 'readings', number: [1] })).toMatchObject({ dropped: 1 });
  expect(await act('dead list')).toMatchObject({ letters: [{ number: 0 }] });
  expect(await act('dead drop', { feed: 'readings', all: true })).toMatchObject({ dropped: 1 });
  expect(await act('dead drop', { feed: 'readings', all: true })).toMatchObject({ dropped: 0 });
  expect(await act('dead list')).toEqual({ letters: [] });
  const left = JSON.stringify(await store.read(deadLetterLog('public', 'readings'), null, 10));
  expect(left).not.toMatch(/secret-of-ada|two/);
});

test('letters that were dropped are none that a replay passes over', async () => {
  const { act } = acting(appOf(false), createMemoryStore());
  await act('feeds pull', { feed: 'readings' });
  await act('dead drop', { feed: 'readings', number: [0, 1] });
  expect(await act('dead replay', { feed: 'readings' })).toEqual({
    feed: 'readings',
    replayed: 0,
    duplicates: 0,
    refused: 0,
    cut: 0,
    done: true,
  });
});
