/** The README's app that asks, through the official client: what a person says is what becomes of the valve. */
import { Client, type ElicitResult, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { afterEach, expect, test } from 'vitest';
import { type Served, serveApp } from '../../mcp/served.ts';
import app from './app.ts';

let served: Served;
afterEach(() => served.close());

/** What the tool says, and what is in the stream then, where a person answers like this. */
async function opened(answer: ElicitResult) {
  served = await serveApp(app, { builtIns: true });
  const versionNegotiation = { mode: { pin: '2026-07-28' } } as const;
  const client = new Client({ name: 't', version: '0' }, { versionNegotiation, capabilities: { elicitation: {} } });
  const asked: string[] = [];
  client.setRequestHandler('elicitation/create', ({ params }) => {
    asked.push(params.message);
    return answer;
  });
  await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
  const said = await client.callTool({ name: 'open_valve', arguments: { valve: 'V3' } });
  const read = await client.callTool({ name: 'read_history', arguments: { stream: 'valves' } });
  await client.close();
  expect(asked).toEqual(['Open valve V3?']);
  return { said: said.content, events: (read.structuredContent as { events: { data: unknown }[] }).events };
}

test('a valve is opened as far as the person says, once', async () => {
  const { said, events } = await opened({ action: 'accept', content: { percent: 30 } });
  expect(said).toEqual([{ type: 'text', text: 'Valve V3 is open at 30 %.' }]);
  expect(events.map(({ data }) => data)).toEqual([{ valve: 'V3', percent: 30 }]);
});

test('a person who says nothing more than yes gets the default', async () => {
  expect((await opened({ action: 'accept', content: {} })).events).toMatchObject([{ data: { percent: 50 } }]);
});

test('and nothing happens where the person declines', async () => {
  const { said, events } = await opened({ action: 'decline' });
  expect(said).toEqual([{ type: 'text', text: 'Valve V3 stays as it is.' }]);
  expect(events).toEqual([]);
});
