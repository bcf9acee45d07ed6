/** What a WebSocket feed asks a history for. */
import { expect, test } from 'vitest';
import { webSocketSettings } from '../../../src/feeds/websocket/spec.ts';
import { readHole } from '../../../src/feeds/websocket/catch-up.ts';
import type { CatchUp } from '../../../src/feeds/websocket/options.ts';
import { burstContext } from '../run/burst-context.ts';

const HOLE = { since: Date.UTC(2026, 10, 20, 12) + 1_700, until: Date.UTC(2026, 10, 20, 12) + 5_300 };
const S = Date.UTC(2026, 10, 20, 12) / 1_000;

test.each<[CatchUp['timeFormat'], string, string]>([
  [undefined, '2026-11-20T12:00:01.700Z', '2026-11-20T12:00:05.300Z'],
  ['ms', String(HOLE.since), String(HOLE.until)],
  // Whole seconds, and all of the hole within them.
  ['s', String(S + 1), String(S + 6)],
])('the whole hole, as %s', async (timeFormat, since, until) => {
  const asked: URL[] = [];
  const context = burstContext({
    fetch: async (url) => {
      asked.push(new URL(url));
      return Response.json([]);
    },
  });
  const url = 'https://a.example/history?a={since}&b={until}&filter={cursor}';
  const declared = { url, ...(timeFormat === undefined ? {} : { timeFormat }) };
  const { catchUp } = webSocketSettings({ url: 'wss://a.example/', catchUp: declared }, () => null);
  if (catchUp === undefined) throw new Error('no settings');
  await readHole(catchUp, HOLE, [], context);
  // Other braces are the source's own.
  expect(asked.map(({ searchParams }) => [...searchParams.values()])).toEqual([[since, until, '{cursor}']]);
});

test.each<[string, () => Response]>([
  [
    'a part of it that nobody asked for',
    () => Response.json([], { status: 206, headers: { 'content-range': 'bytes 0-1/20' } }),
  ],
  ['text of another charset', () => new Response(Buffer.from('[{"id":"ä"}]', 'latin1'))],
])('%s is none', async (_what, answer) => {
  const context = burstContext({ fetch: async () => answer() });
  const declared = { url: 'https://a.example/history' };
  const { catchUp } = webSocketSettings({ url: 'wss://a.example/', catchUp: declared }, () => null);
  if (catchUp === undefined) throw new Error('no settings');
  await expect(readHole(catchUp, HOLE, [], context)).rejects.toMatchObject({ code: 'upstream' });
});
