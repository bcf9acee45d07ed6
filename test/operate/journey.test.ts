/** An operator's day on every store: a feed is paused and reset, streams are written out, taken in, emptied, and a key is forgotten. */
import { expect } from 'vitest';
import * as z from 'zod';
import type { BurstContext, FeedBatch } from '../../src/declare/feed.ts';
import { ingest } from '../../src/feeds/run/run.ts';
import { defineApp, stream } from '../../src/index.ts';
import { feedOf, items } from '../feeds/run/stage.ts';
import { testEachStore } from '../services/each-store.ts';
import { acting } from './act.ts';

const EVENTS = 300;

async function* burst({ position }: BurstContext): AsyncIterable<FeedBatch> {
  const from = typeof position === 'number' ? position : 0;
  const data = Array.from({ length: EVENTS }, (_, n) => ({
    device: ['ada', 'bob'][n % 2],
    n: from + n,
    id: `r${from + n}`,
  }));
  yield { items: items([...data, { device: 'ada', n: 'no number' }]), position: from + EVENTS, last: true };
}

const app = defineApp({
  name: 'stores',
  version: '1',
  description: 'Readings',
  streams: {
    readings: stream({
      description: 'Readings',
      schema: z.object({ device: z.string(), n: z.number(), id: z.string() }),
      key: 'device',
      id: ({ id }) => id,
      feed: feedOf(burst, { everyMs: 3_600_000 }),
    }),
    copies: stream({ description: 'Copies', schema: z.looseObject({}) }),
  },
});

testEachStore('is operated on', async (store) => {
  const { act, deps, files } = acting(app, store);
  expect(await act('feeds pull', { feed: 'readings' })).toMatchObject({ events: EVENTS, deadLetters: 1 });
  await act('feeds pause', { feed: 'readings', reason: 'a test' });
  expect((await ingest(deps, deps.runtime.now() + 10_000)).feeds).toMatchObject([{ outcome: 'paused' }]);
  await act('feeds resume', { feed: 'readings' });
  expect(await act('feeds show', { feed: 'readings' })).toMatchObject({ position: String(EVENTS), paused: null });
  await act('feeds reset', { feed: 'readings' });
  // It begins anew, and its ids are known.
  expect(await act('feeds pull', { feed: 'readings' })).toMatchObject({ events: 0, duplicates: EVENTS });
  expect(await act('dead list')).toMatchObject({ letters: [{ number: 0 }, { number: 1 }] });

  expect(await act('streams export', { stream: 'readings', file: 'a' })).toMatchObject({ events: EVENTS });
  expect(await act('streams import', { stream: 'copies', file: 'a' })).toMatchObject({ appended: EVENTS, invalid: 0 });
  expect(await act('streams import', { stream: 'copies', file: 'a' })).toMatchObject({ appended: 0, repeats: EVENTS });
  await act('streams export', { stream: 'copies', file: 'b' });
  const dataOf = (name: string) =>
    (files.get(name) ?? '').split('\n').map((line) => line && (JSON.parse(line) as { data: object }).data);
  expect(dataOf('b')).toEqual(dataOf('a'));

  const forgotten = await act('streams forget', { key: 'ada' });
  expect(forgotten).toMatchObject({ streams: [{ removed: EVENTS / 2, complete: true }], deadLetters: 2 });
  expect(await act('streams show', { stream: 'readings' })).toMatchObject({ keys: ['bob'] });
  expect(await act('dead drop', { feed: 'readings', all: true })).toMatchObject({ dropped: 0 });
  expect(await act('streams delete', { stream: 'copies' })).toEqual({
    stream: 'copies',
    events: EVENTS,
    complete: true,
  });
  expect(await act('streams tail', { stream: 'copies' })).toMatchObject({ events: [] });
  // A stream that was emptied is filled again, by the same file too.
  expect(await act('streams import', { stream: 'copies', file: 'a' })).toMatchObject({ appended: EVENTS, repeats: 0 });
  expect(await act('streams tail', { stream: 'copies', limit: 1 })).toMatchObject({
    events: [{ data: { id: `r${EVENTS - 1}` } }],
  });
  expect(await act('stats')).toMatchObject({ engine: store.name });
});
