/** What people reported in public about programs that pull and bridge live data, each with the input that broke there. */
import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { csv, rss } from '../../src/index.ts';
import { text } from '../services/http-feed.ts';
import { startHttpStage } from './http-stage.ts';

const Row = z.object({ id: z.string(), v: z.number() });
const Entry = z.object({ id: z.string(), title: z.string().nullable() });
const Dated = z.object({ id: z.string(), time: z.string() });

const channel = (items: string) =>
  text(`<rss version="2.0"><channel><link>https://x.example/</link>${items}</channel></rss>`, 'application/rss+xml');

/** Lines of which the last is cut, and the end of the transfer. */
const cut =
  (end: 'broken' | 'clean'): RequestListener =>
  (_request, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' });
    response.write('{"id":"a","v":1}\n{"id":"b","v":2}\n{"id":"c","v":3', () => {
      if (end === 'clean') response.end();
      else setTimeout(() => response.destroy(), 100);
    });
  };
const WHOLE = text('{"id":"a","v":1}\n{"id":"b","v":2}\n{"id":"c","v":34}\n', 'application/x-ndjson');

describe('a stream of lines whose connection ends within a line (redpanda-data/connect 908)', () => {
  it('is a failure that says so, stores no part of the line, and is read again', async () => {
    await using stage = await startHttpStage(Row, { id: 'id' });
    stage.source.on('/feed', cut('broken'));
    expect(await stage.poll()).toMatchObject({ outcome: 'failed', error: { code: 'upstream' } });
    expect((await stage.status())?.lastError?.message).toMatch(/cannot be read: the other side closed the connection/);
    expect(await stage.ids()).toEqual(['a', 'b']);
    stage.source.on('/feed', WHOLE);
    await stage.poll();
    expect((await stage.data()).at(-1)).toEqual({ id: 'c', v: 34 });
  });

  it('is a dead letter of that line where the source ended it as if it were whole', async () => {
    await using stage = await startHttpStage(Row, { id: 'id' });
    stage.source.on('/feed', cut('clean'));
    expect(await stage.poll()).toMatchObject({ outcome: 'pulled', events: 2, rejected: 1 });
    expect(await stage.rejected()).toMatchObject([{ item: '{"id":"c","v":3' }]);
    stage.source.on('/feed', WHOLE);
    await stage.poll();
    expect((await stage.data()).at(-1)).toEqual({ id: 'c', v: 34 });
  });
});

const told = (id: string) => [{ reason: 'id', field: 'id', expected: expect.stringContaining(`"${id}" too`) }];
const item = (guid: string, title: string) => `<item><guid>${guid}</guid><title>${title}</title></item>`;

describe('two items of one list with one id', () => {
  it('are told where they differ, and only once: a guid that stands twice (FreshRSS/FreshRSS 4485, 5329)', async () => {
    await using stage = await startHttpStage(Entry, { id: 'id', feed: { format: rss() } });
    stage.source.on('/feed', channel(item('g1', 'one') + item('g2', 'two') + item('g2', 'three') + item('g1', 'one')));
    expect(await stage.poll()).toMatchObject({ events: 2, duplicates: 1, rejected: 1 });
    expect(await stage.rejected()).toMatchObject(told('g2'));
    expect((await stage.status())?.rejected).toMatchObject({ count: 1, field: 'id' });
    stage.source.on('/feed', channel(item('g3', 'four') + item('g2', 'two') + item('g2', 'three')));
    expect(await stage.poll()).toMatchObject({ events: 1, duplicates: 2, rejected: 0 });
    expect(await stage.rejected()).toHaveLength(1);
  });

  it('are told where none has a guid, and all link to one page (FreshRSS/FreshRSS 4487)', async () => {
    const link = 'https://x.example/status';
    await using stage = await startHttpStage(Entry, { id: 'id', feed: { format: rss() } });
    const linked = (title: string) => `<item><link>${link}</link><title>${title}</title></item>`;
    stage.source.on('/feed', channel(linked('down') + linked('up')));
    expect(await stage.poll()).toMatchObject({ events: 1, duplicates: 0, rejected: 1 });
    expect(await stage.rejected()).toMatchObject(told(link));
  });

  it('are both stored where a revision tells them apart', async () => {
    await using stage = await startHttpStage(Row, { id: 'id', revision: 'v' });
    stage.source.on('/feed', text('[{"id":"a","v":1},{"id":"a","v":2},{"id":"a","v":2}]'));
    expect(await stage.poll()).toMatchObject({ events: 2, duplicates: 1, rejected: 0 });
  });
});

it('dates that are cut off or of numbers alone are dead letters, and their neighbours are read (miniflux 617, elfeed 345)', async () => {
  await using stage = await startHttpStage(Dated, { id: 'id', time: 'time', feed: { format: rss() } });
  const dates = ['Tue,', '2019/11/15 10:00:00', 'Fri, 20 Nov 2020 10:00:00 GMT'];
  stage.source.on(
    '/feed',
    channel(dates.map((d, n) => `<item><guid>${n}</guid><pubDate>${d}</pubDate></item>`).join('')),
  );
  expect(await stage.poll()).toMatchObject({ events: 1, rejected: 2 });
  expect(await stage.data()).toEqual([{ id: '2', time: '2020-11-20T10:00:00.000Z' }]);
});

it('Atom with the dates of mail is read (lwindolf/liferea 989)', async () => {
  await using stage = await startHttpStage(Dated, { id: 'id', time: 'time', feed: { format: rss() } });
  const entry = '<entry><id>1</id><updated>Fri, 28 May 2021 14:00:00 GMT</updated></entry>';
  stage.source.on('/feed', text(`<feed xmlns="http://www.w3.org/2005/Atom">${entry}</feed>`, 'application/atom+xml'));
  await stage.poll();
  expect(await stage.data()).toEqual([{ id: '1', time: '2021-05-28T14:00:00.000Z' }]);
});

describe('JSON (home-assistant/core 135104, 67492; vectordotdev/vector 8459)', () => {
  it.each([
    ['a mark before it', '\uFEFF[{"id":"a","v":1}]', 'application/json'],
    ['blanks around lines', '\uFEFF{"id":"a","v":1}  \r\n \n', 'application/x-ndjson'],
  ])('is read with %s', async (_what, body, type) => {
    await using stage = await startHttpStage(Row, { id: 'id' });
    stage.source.on('/feed', text(body, type));
    expect(await stage.poll()).toMatchObject({ outcome: 'pulled', events: 1, rejected: 0 });
  });

  it.each([
    ['no body', '', /an empty body where JSON was expected$/],
    ['null', 'null', /^http:\/\/[\d.:]+: the body is null$/],
    ['several values in a row', '{"id":"a"}{"id":"b"} ', /cannot be read \(.+\) where JSON was expected$/],
  ])('is a failure with its reason: %s', async (_what, body, message) => {
    await using stage = await startHttpStage(Row, { id: 'id' });
    stage.source.on('/feed', text(body));
    expect(await stage.poll()).toMatchObject({ outcome: 'failed' });
    expect((await stage.status())?.lastError?.message).toMatch(message);
  });
});

it('CSV with doubled quotes, and with an empty cell between others (node-red/node-red 1162, 707)', async () => {
  const schema = z.object({ a: z.string(), b: z.string(), c: z.string() });
  await using stage = await startHttpStage(schema, { feed: { format: csv({ columns: ['a', 'b', 'c'] }) } });
  stage.source.on('/feed', text('"a","b""""b","c"\nfirst,,third\n', 'text/csv'));
  await stage.poll();
  expect(await stage.data()).toEqual([
    { a: 'a', b: 'b""b', c: 'c' },
    { a: 'first', b: '', c: 'third' },
  ]);
});
