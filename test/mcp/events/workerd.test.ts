/** Streams of events in workerd, where what one request began ends with it: all are told, also when the one that reads has gone. */
import { describe, expect, onTestFinished, test } from 'vitest';
import { requireService } from '../../services/available.ts';
import { startWorker } from '../listen/worker-process.ts';

const STREAMS = 12;
const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

function send(url: URL, method: string, params: object, signal?: AbortSignal): Promise<Response> {
  const name = method === 'tools/call' ? { 'Mcp-Name': (params as { name: string }).name } : {};
  return fetch(url, {
    method: 'POST',
    headers: {
      'Content-Type': 'application/json',
      Accept: 'application/json, text/event-stream',
      'MCP-Protocol-Version': '2026-07-28',
      'Mcp-Method': method,
      ...name,
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
    ...(signal ? { signal } : {}),
  });
}

/** The rooms of the events that came on a stream. */
async function open(url: URL, params: object = {}) {
  const leaving = new AbortController();
  const rooms: string[] = [];
  const response = await send(url, 'events/stream', { name: 'stream.rooms', ...params }, leaving.signal);
  const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  const read = async () => {
    for (let next = await reader?.read(); next && !next.done; next = await reader?.read()) {
      const lines = (rest + next.value).split('\n');
      rest = lines.pop() ?? '';
      for (const line of lines) {
        const room = /"method":"notifications\/events\/event".*"room":"([^"]+)"/.exec(line)?.[1];
        if (room !== undefined) rooms.push(room);
      }
    }
  };
  read().catch(() => {});
  onTestFinished(() => leaving.abort());
  return { rooms, leave: () => leaving.abort() };
}

describe.skipIf(!requireService('redis'))('in workerd (needs redis-server)', { timeout: 180_000 }, () => {
  test('a dozen streams are told of each event once, over the end of the first of them', async () => {
    const url = await startWorker();
    const put = async (room: string) => (await send(url, 'tools/call', { name: 'put', arguments: { room } })).text();
    const poll = async (cursor: string | null) => {
      const answer = (await (await send(url, 'events/poll', { name: 'stream.rooms', cursor })).json()) as {
        result: { cursor: string; events: { data: { data: { room: string } } }[] };
      };
      return answer.result;
    };
    const { cursor } = await poll(null);
    const first = await open(url);
    const others = await Promise.all(Array.from({ length: STREAMS }, async () => open(url)));
    await put('a');
    const heard = () => others.map(({ rooms }) => rooms.join(''));
    await expect.poll(heard, { timeout: 20_000, interval: 100 }).toEqual(Array(STREAMS).fill('a'));
    first.leave();
    await put('b');
    await expect.poll(heard, { timeout: 40_000, interval: 100 }).toEqual(Array(STREAMS).fill('ab'));
    const { events } = await poll(cursor);
    expect(events.map(({ data }) => data.data.room)).toEqual(['a', 'b']);
    const again = await open(url, { cursor });
    await expect.poll(() => again.rooms, { timeout: 20_000, interval: 100 }).toEqual(['a', 'b']);
  });
});
