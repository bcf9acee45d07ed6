/** A kind of feed needs no line of `src`: its options, its route with a record key, its bursts, its outlet and its tool. */
import { expect, expectTypeOf, test } from 'vitest';
import { type AppOptions, defineApp, from, stream, tool } from 'tidegate';
import { createTestApp } from 'tidegate/testing';
import * as z from 'zod';
import {
  board,
  type BoardOptions,
  type BoardOutcome,
  type BoardRoute,
  type boardSpec,
  fromBoard,
  type Note,
} from './board.ts';

const schema = z.object({ text: z.string() });
const note = (subject: string, author: string, place: string, text: string): Note => ({ subject, author, place, text });

const appOf = (options: BoardOptions, more: Partial<AppOptions> = {}) =>
  defineApp({
    name: 'boards',
    version: '1',
    description: 'Boards',
    feeds: { board: board(options) },
    streams: {
      lost: stream({ description: 'Lost', schema, feed: fromBoard('board', { subject: 'lost', keyedBy: 'place' }) }),
      found: stream({ description: 'Found', schema, feed: fromBoard('board', { subject: 'found' }) }),
    },
    ...more,
  });

test('a burst fills the streams, and the latest note is found by the key of its route', async () => {
  const notes = [
    note('lost', 'ann', 'hall', 'a key'),
    note('found', 'bob', 'yard', 'a cat'),
    note('lost', 'cid', 'hall', 'a hat'),
    note('lost', 'ann', 'yard', 'a dog'),
  ];
  const app = appOf({ notes, open: ['lost'] });
  expect([app.streams.get('lost')?.keyed, app.streams.get('found')?.keyed]).toEqual([true, false]);
  const testing = createTestApp(app);
  await testing.ingest();
  const latest = await testing.call('read_latest', { stream: 'lost', key: 'hall' });
  expect(latest.structured).toMatchObject({ events: [{ key: 'hall', data: { text: 'a hat' } }] });

  const put = note('lost', 'eve', 'roof', 'a kite');
  expect((await testing.call('put_up', { ...put })).structured).toMatchObject({
    status: 'acknowledged',
    subject: 'lost',
  });
  expect(notes.at(-1)).toEqual(put);
  expect((await testing.call('put_up', { ...put, subject: 'sold' })).isError).toBe(true);
  expect(notes.at(-1)).toEqual(put);
  await testing.close();
});

const wrong =
  (route: object, options: object = {}) =>
  () =>
    appOf(
      { notes: [], ...options },
      { streams: { s: stream({ description: 'x', schema, feed: from<object>('board', route) }) } },
    );

test('mistakes in a route and in the options are found at the start, by the specifications of the kind', () => {
  expect(wrong({ subject: 'lost', keydBy: 'place' })).toThrow(/streams\.s\.feed\.keydBy: .*did you mean keyedBy/);
  expect(wrong({ subject: 5 })).toThrow(/streams\.s\.feed\.subject: expected the subject of a note, found 5/);
  expect(wrong({ subject: 'lost' }, { mostt: 5 })).toThrow(/feeds\.board\.mostt: .*did you mean most/);
  expect(wrong({ subject: 'lost' })).not.toThrow();
});

test('the compiler knows the options of the kind, and a handler its outcome by the declaration of the feed', () => {
  expectTypeOf<z.input<typeof boardSpec>>().toEqualTypeOf<BoardOptions>();
  // @ts-expect-error no such option of a board
  from<BoardRoute>('board', { subject: 'lost', topic: 'a' });
  // @ts-expect-error no such option of the kinds that the package has
  from('plant', { topik: 'a' });
  const notes: Note[] = [];
  const feed = board({ notes, open: ['lost'] });
  const put = tool({
    description: 'Puts a note up',
    async run(_input, { feeds }) {
      const outcome = await feeds.publish(feed, note('lost', 'a', 'b', 'c'));
      expectTypeOf(outcome).toEqualTypeOf<BoardOutcome>();
      // @ts-expect-error no note
      await feeds.publish(feed, { subject: 'lost' });
      return outcome.subject;
    },
  });
  expect(put.kind).toBe('tool');
});
