/** Clients of 2025-11-25 that number their requests alike, and name the same progress tokens, are each told its own alone. */
import { expect, onTestFinished, test } from 'vitest';
import * as z from 'zod';
import { defineApp, tool } from '../../src/index.ts';
import { serveApp } from '../mcp/served.ts';

const CLIENTS = 24;

const all = Promise.withResolvers<void>();
let calls = 0;

const app = defineApp({
  name: 'echoes',
  version: '1',
  description: 'Tells each what it said',
  tools: {
    echo: tool({
      description: 'Says it again, once all others have asked.',
      input: z.object({ text: z.string() }),
      async run({ text }, { progress }) {
        progress(1, 3, `before ${text}`);
        calls += 1;
        if (calls === CLIENTS) all.resolve();
        await all.promise;
        progress(2, 3, `after ${text}`);
        return `said ${text}`;
      },
    }),
  },
});

test('though all ask at once', async () => {
  const served = await serveApp(app);
  onTestFinished(() => served.close());
  const post = (body: object, session: string | null = null) =>
    fetch(served.mcpUrl, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2025-11-25',
        ...(session === null ? {} : { 'Mcp-Session-Id': session }),
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, ...body }),
    });
  async function client(index: number): Promise<string> {
    const params = { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'same', version: '1' } };
    const begun = await post({ method: 'initialize', params });
    await begun.body?.cancel();
    const text = `-${index}-`;
    const asked = { name: 'echo', arguments: { text }, _meta: { progressToken: 'same' } };
    // A half of them has no session.
    const session = index % 2 === 0 ? begun.headers.get('mcp-session-id') : null;
    return (await post({ method: 'tools/call', params: asked }, session)).text();
  }
  const heard = await Promise.all(Array.from({ length: CLIENTS }, (_, index) => client(index)));
  for (const [index, text] of heard.entries()) {
    expect([...text.matchAll(/(before|after|said) -(\d+)-/g)].map(([, what, of]) => `${what} ${of}`)).toEqual(
      ['before', 'after', 'said'].map((what) => `${what} ${index}`),
    );
  }
});
