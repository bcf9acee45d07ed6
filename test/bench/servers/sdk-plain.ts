/** The SDK's handler as its documentation has it: a server for each request, with schemas as they are written. */
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import { listen } from './listen.ts';
import { answer, DESCRIPTION, Input, NAMES } from './tools.ts';

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  for (const name of NAMES) {
    server.registerTool(name, { description: DESCRIPTION, inputSchema: Input }, (input) => ({
      content: [{ type: 'text', text: answer(input) }],
    }));
  }
  return server;
});
listen((request) => handler.fetch(request));
