/** mcp-handler as its documentation has it. */
import { createMcpHandler } from 'mcp-handler';
import { listen } from '../listen.ts';
import { answer, DESCRIPTION, Input, NAMES } from '../tools.ts';

const handler = createMcpHandler((server) => {
  for (const name of NAMES) {
    server.registerTool(name, { description: DESCRIPTION, inputSchema: Input }, (input) => ({
      content: [{ type: 'text', text: answer(input) }],
    }));
  }
});
listen(handler);
