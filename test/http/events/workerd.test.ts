/** Streams of events of one isolate in workerd, where one of them reads for all, and what one request began ends with it. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { startWorker } from '../../mcp/listen/worker-process.ts';
import { requireService } from '../../services/available.ts';

const OTHERS = 20;
const within = { timeout: 30_000, interval: 100 };

async function hear(url: URL): Promise<{ text: () => string; leave: () => void }> {
  const over = new AbortController();
  onTestFinished(() => over.abort());
  const response = await fetch(new URL('/streams/rooms/events', url), { signal: over.signal });
  expect(response.status).toBe(200);
  let text = '';
  const read = async () => {
    for await (const piece of response.body!.pipeThrough(new TextDecoderStream())) text += piece;
  };
  void read().catch(() => {});
  return { text: () => text, leave: () => over.abort() };
}

async function put(url: URL, room: string): Promise<void> {
  const meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const params = { name: 'put', arguments: { room }, _meta: meta };
  const response = await fetch(new URL('/mcp', url), {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': 'tools/call',
      'Mcp-Name': 'put',
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params }),
  });
  expect(await response.text()).toContain('done');
}

describe.skipIf(!requireService('redis'))(
  'streams of events in workerd (needs redis-server)',
  { timeout: 180_000 },
  () => {
    test('all hear each event once, also when the one that reads for them has gone', async () => {
      const url = new URL('/', await startWorker());
      const first = await hear(url);
      const others = await Promise.all(Array.from({ length: OTHERS }, async () => hear(url)));
      const times = (room: string) => others.map(({ text }) => text().split(`"room":"${room}"`).length - 1);
      await put(url, 'a');
      await expect.poll(() => times('a'), within).toEqual(others.map(() => 1));
      first.leave();
      await put(url, 'b');
      await expect.poll(() => times('b'), within).toEqual(others.map(() => 1));
      expect(times('a')).toEqual(others.map(() => 1));
    });
  },
);
