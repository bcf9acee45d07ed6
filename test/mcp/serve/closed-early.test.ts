/** A host that is closed while its first message has the SDK loaded. */
import { expect, test } from 'vitest';
import * as z from 'zod';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { createHost } from '../../../src/hosts/host.ts';
import { defineApp, stream } from '../../../src/index.ts';
import { createMemoryStore } from '../../../src/store/drivers/memory.ts';

const rooms = stream({ description: 'Rooms', schema: z.object({ room: z.string() }) });
const app = defineApp({ name: 'closed', version: '1.0.0', description: 'Rooms', streams: { rooms } });

const VERSION = '2026-07-28';
const listening = {
  jsonrpc: '2.0',
  id: 1,
  method: 'subscriptions/listen',
  params: {
    notifications: { resourceSubscriptions: ['stream://rooms'] },
    _meta: {
      'io.modelcontextprotocol/protocolVersion': VERSION,
      'io.modelcontextprotocol/clientCapabilities': {},
    },
  },
};

test('what it opens by then ends', async () => {
  const host = createHost({
    app,
    store: createMemoryStore(),
    runtime: systemRuntime(() => {}),
    listening: { streamMs: 600_000, most: 10, reads: null },
  });
  const asked = host.fetch(
    new Request('http://127.0.0.1/mcp', {
      method: 'POST',
      body: JSON.stringify(listening),
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': VERSION,
        'Mcp-Method': listening.method,
      },
    }),
  );
  await host.close();
  const answer = await asked;
  // It is read to its end, which comes at once and not in ten minutes.
  expect(await answer.text()).not.toContain('notifications/resources/updated');
});
