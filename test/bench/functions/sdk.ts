/** The SDK's own handler as a function: what MCP costs at a start without feeds, streams and a store. */
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { type BufferedAnswer, bufferedAnswer } from '../../../src/hosts/lambda/answer.ts';
import { type HttpEvent, requestOf } from '../../../src/hosts/lambda/event.ts';

const { fetch } = createMcpHandler(() => {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  server.registerTool('read', { description: 'Reads', inputSchema: z.object({ key: z.string() }) }, ({ key }) => ({
    content: [{ type: 'text', text: key }],
  }));
  return server;
});

export async function handler(event: HttpEvent): Promise<BufferedAnswer> {
  return bufferedAnswer(await fetch(requestOf(event, new AbortController().signal)));
}
