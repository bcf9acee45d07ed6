/** The parsers that HTTP feeds load, in workerd: a burst of each, against answers that are made here. */
import { expect, inject, test } from 'vitest';
import { csv } from '../../src/feeds/http/formats/csv.ts';
import { rss } from '../../src/feeds/http/formats/rss.ts';
import { sse } from '../../src/feeds/http/sse/format.ts';
import { http, type HttpOptions } from '../../src/feeds/http/feed.ts';
import { runBurst } from '../feeds/run/burst-context.ts';

async function pull(format: HttpOptions['format'], type: string, ...pieces: (string | Uint8Array)[]) {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (const piece of pieces) {
        controller.enqueue(typeof piece === 'string' ? new TextEncoder().encode(piece) : piece);
      }
      controller.close();
    },
  });
  const fetch = async () => new Response(body, { headers: { 'content-type': type } });
  const { items, error } = await runBurst(http({ url: 'https://example.org/', format, maxPages: 1 }), { fetch });
  expect(error).toBeNull();
  return items.map(({ data }) => data);
}

test('this is workerd', () => {
  expect(navigator.userAgent).toBe('Cloudflare-Workers');
});

test('CSV', async () => {
  expect(await pull(csv({ numbers: true }), 'text/csv', 'a,b\n1,"x', '\ny"\n')).toEqual([{ a: 1, b: 'x\ny' }]);
});

test('RSS', async () => {
  const text = '<rss version="2.0"><channel><item><guid>1</guid><title>A &amp; B</title></item></channel></rss>';
  expect(await pull(rss(), 'application/rss+xml', text)).toMatchObject([{ id: '1', title: 'A & B' }]);
});

test.each([
  ['iso-8859-1', [0xfc], 'ü'],
  ['windows-1252', [0x80], '€'],
  ['shift_jis', [0x93, 0xfa], '日'],
  ['gb2312', [0xd6, 0xd0], '中'],
  ['utf-8', [0xc3, 0xbc], 'ü'],
])('RSS in %s', async (charset, bytes, title) => {
  const head = `<?xml version="1.0" encoding="${charset}"?><rss><channel><item><title>`;
  const items = await pull(rss(), 'text/xml', head, Uint8Array.from(bytes), 'x</title></item></channel></rss>');
  expect(items).toMatchObject([{ title: `${title}x` }]);
});

test('server-sent events', async () => {
  expect(await pull(sse(), 'text/event-stream', 'id: 1\nda', 'ta: {"a":1}\n\n')).toEqual([{ a: 1 }]);
});

const { historyUrl, historyHost } = inject('sockets');
const poll = (path: string) =>
  runBurst(http({ url: new URL(path, historyUrl).href, allow: [historyHost], format: csv() }));

test.each(['gzip', 'br'])('a packed body is read whole, and is an error where it ends early: %s', async (coding) => {
  const whole = await poll(`/whole/${coding}`);
  expect([whole.items.length, whole.error]).toEqual([500, null]);
  const cut = await poll(`/cut/${coding}`);
  expect(cut.error).toMatchObject({ code: 'upstream' });
  expect(cut.items.map(({ data }) => data)).toEqual(whole.items.slice(0, cut.items.length).map(({ data }) => data));
  expect(JSON.stringify(cut.position)).not.toContain('etag');
});
