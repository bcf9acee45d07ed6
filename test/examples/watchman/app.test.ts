/** One agent from the occurrence to its answer: all that it knows, it knows from a client of MCP. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect, test } from 'vitest';
import * as z from 'zod';
import { createTestApp } from '../../../src/testing.ts';
import app from './app.ts';

const Polled = z.looseObject({
  events: z.array(z.object({ timestamp: z.string(), data: z.looseObject({ key: z.string(), title: z.string() }) })),
  cursor: z.string(),
});

test('occurrence, history around it, tail, task, answer', async () => {
  const at = createTestApp(app);
  const client = new Client({ name: 'agent', version: '1' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  const fetch = (url: string | URL, init?: RequestInit) => at.fetch(new Request(url, init));
  await client.connect(new StreamableHTTPClientTransport(new URL('http://127.0.0.1/mcp'), { fetch }));
  const poll = (cursor: string | null) =>
    client.request({ method: 'events/poll', params: { name: 'dropped', cursor } }, Polled);
  const call = async (name: string, args: Record<string, unknown>) => {
    const { structuredContent, content } = await client.callTool({ name, arguments: args });
    return { structured: structuredContent as Record<string, unknown>, text: JSON.stringify(content) };
  };
  const measure = async (bar: number, rpm: number) => {
    await at.advance(60_000);
    await at.streams.append('pumps', { pump: 'P7', bar, rpm });
    await at.scheduled();
  };

  const { cursor: begin } = await poll(null);
  await measure(4, 1_400);
  await measure(3, 900);
  await measure(1.5, 400);

  const { events } = await poll(begin);
  expect(events).toHaveLength(1);
  const [{ data, timestamp }] = events as [z.output<typeof Polled>['events'][number]];
  expect(data).toMatchObject({ key: 'P7', title: 'Pressure dropped: P7, 1.5' });

  const since = Date.parse(timestamp);
  const around = await call('read_history', {
    stream: 'pumps',
    keys: [data.key],
    from: new Date(since - 600_000).toISOString(),
    to: new Date(since + 1).toISOString(),
  });
  const seen = (around.structured['events'] as { data: { rpm: number } }[]).map((event) => event.data.rpm);
  expect(seen.toSorted((one, other) => other - one)).toEqual([1_400, 900, 400]);

  const { structured: first } = await call('tail_stream', { stream: 'pumps', seconds: 0 });
  const begun = await call('diagnose', { pump: data.key, since });
  const task = /"task":"([^"]+)"/.exec(JSON.stringify(begun))?.[1] ?? '';
  expect(task).not.toBe('');
  await at.scheduled();
  await measure(1.4, 380);
  for (let times = 0; times < 3; times += 1) await at.scheduled();
  const tail = await call('tail_stream', { stream: 'pumps', cursor: first['cursor'], seconds: 0 });
  expect(tail.structured['events']).toMatchObject([{ data: { rpm: 380 } }]);
  expect((await call('get_task', { task })).text).toContain('P7 ran at 380 rpm: its motor is the cause');
  await client.close();
  await at.close();
});
