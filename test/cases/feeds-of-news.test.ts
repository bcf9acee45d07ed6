/** RSS and Atom as sources really write them, from the bytes of an answer to what an agent reads. */
import { expect, it } from 'vitest';
import * as z from 'zod';
import { defineApp, http, rss, type RssOptions, stream } from '../../src/index.ts';
import { createTestApp } from '../../src/testing.ts';

const Entry = z.object({
  id: z.string(),
  title: z.string().nullable(),
  link: z.string().nullable(),
  authors: z.array(z.string()),
  enclosure: z.string().nullable(),
});

async function read(body: string | Uint8Array<ArrayBuffer>, type = 'application/rss+xml', options: RssOptions = {}) {
  const feed = http({ url: 'https://example.org/news/feed.xml', format: rss(options) });
  const news = stream({ description: 'News', schema: Entry, id: 'id', feed });
  const declared = defineApp({ name: 'news', version: '1', description: 'News', streams: { news } });
  const app = createTestApp(declared, { fetch: () => new Response(body, { headers: { 'content-type': type } }) });
  try {
    await app.ingest();
    const { structured } = await app.call('read_history', { stream: 'news', from: '-1h' });
    const { structured: listed } = await app.call('list_streams');
    const events = (structured as { events: { data: z.infer<typeof Entry> }[] }).events.map(({ data }) => data);
    return { events, listed: JSON.stringify(listed) };
  } finally {
    await app.close();
  }
}

const latin1 = (text: string) => Uint8Array.from(text, (character) => character.charCodeAt(0));

it('gives every item of RSS although one of them lacks its end', async () => {
  const items = [1, 2, 3, 4].map((id) => `<item><title>News ${id}</title><guid>${id}</guid></item>`).join('\n');
  const { events } = await read(`<rss version="2.0"><channel>${items.replace('</item>', '')}</channel></rss>`);
  expect(events.map(({ id, title }) => [id, title])).toEqual([
    ['1', 'News 1'],
    ['2', 'News 2'],
    ['3', 'News 3'],
    ['4', 'News 4'],
  ]);
});

it('tells the line of any other mistake of XML, and stores nothing of it', async () => {
  const items = '<item><guid>1</guid></item>\n<item><guid>2\n<title>x</title></item>';
  const { events, listed } = await read(`<rss version="2.0"><channel>\n${items}</channel></rss>`);
  expect(events).toEqual([]);
  expect(listed).toContain('has <guid> without its end (line 3)');
});

it('reads RSS in the charset that the document declares, or that the app does', async () => {
  const items = '<item><guid>1</guid><title>Münster</title></item>';
  const declared = latin1(`<?xml version="1.0" encoding="ISO-8859-1"?><rss><channel>${items}</channel></rss>`);
  expect((await read(declared)).events).toMatchObject([{ title: 'Münster' }]);
  const silent = latin1(`<rss><channel>${items}</channel></rss>`);
  expect((await read(silent)).listed).toContain('utf-8');
  expect((await read(silent, 'text/xml', { charset: 'iso-8859-1' })).events).toMatchObject([{ title: 'Münster' }]);
});

it('gives absolute links of Atom, null where there is an enclosure alone, and the authors of the feed', async () => {
  const entries = `<entry><id>1</id><title>a</title><link href="a/1"/></entry>
    <entry xml:base="sub/"><id>2</id><title>b</title><link rel="enclosure" href="b.mp3"/></entry>`;
  const text = `<feed xmlns="http://www.w3.org/2005/Atom" xml:base="/base/"><author><name>Ann</name></author>${entries}</feed>`;
  expect((await read(text, 'application/atom+xml')).events).toEqual([
    { id: '1', title: 'a', link: 'https://example.org/base/a/1', authors: ['Ann'], enclosure: null },
    { id: '2', title: 'b', link: null, authors: ['Ann'], enclosure: 'https://example.org/base/sub/b.mp3' },
  ]);
});

it('says of a date that cannot be read what stood there, and keeps the item out', async () => {
  const feed = http({ url: 'https://example.org/news/feed.xml', format: rss() });
  const schema = z.object({ id: z.string(), time: z.string() });
  const news = stream({ description: 'News', schema, id: 'id', time: 'time', feed });
  const declared = defineApp({ name: 'news', version: '1', description: 'News', streams: { news } });
  const dates = ['Thu, 20 Nov 2025 12:00:00 IST', 'dom, 02 ott 2022 10:00:00 +0200', 'Thu, 20 Nov 2025 12:00:00 EST'];
  const items = dates.map((date, n) => `<item><guid>${n}</guid><pubDate>${date}</pubDate></item>`).join('');
  const body = `<rss version="2.0"><channel>${items}</channel></rss>`;
  const app = createTestApp(declared, { fetch: () => new Response(body) });
  try {
    await app.ingest();
    const { structured } = await app.call('read_history', { stream: 'news', from: '2025-11-01' });
    expect((structured as { events: { data: object }[] }).events.map(({ data }) => data)).toEqual([
      { id: '2', time: '2025-11-20T17:00:00.000Z' },
    ]);
    const letters = JSON.stringify((await app.call('list_streams', { stream: 'news' })).structured);
    expect(letters).toContain('not \\"dom, 02 ott 2022');
  } finally {
    await app.close();
  }
});
