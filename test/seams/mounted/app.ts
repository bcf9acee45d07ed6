/** The app that servers of somebody else's mount. */
import { defineApp, stream, tool } from 'tidegate';
import * as z from 'zod';

export const app = defineApp({
  name: 'mounted',
  version: '1',
  description: 'An app within a server of somebody else',
  streams: { readings: stream({ description: 'Readings', schema: z.object({ celsius: z.number() }) }) },
  tools: { greet: tool({ description: 'Greets', run: async () => 'hello' }) },
});

/** A call of a tool, as the older revisions of MCP send it. */
export const CALL = {
  method: 'POST',
  headers: { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' },
  body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/call', params: { name: 'greet', arguments: {} } }),
};
