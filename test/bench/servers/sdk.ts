/** The SDK's own handler at its best: schemas converted once, the body parsed once. */
import { createMcpHandler, McpServer } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { listen } from './listen.ts';
import { answer, DESCRIPTION, Input, NAMES } from './tools.ts';

const jsonSchema = z.toJSONSchema(Input, { io: 'input' });
const standard = Input['~standard'];
/** The same schema, whose conversion is done already. */
const memoised = { '~standard': { ...standard, jsonSchema: { input: () => jsonSchema, output: () => jsonSchema } } };

const handler = createMcpHandler(() => {
  const server = new McpServer({ name: 'bench', version: '1.0.0' });
  for (const name of NAMES) {
    server.registerTool(name, { description: DESCRIPTION, inputSchema: memoised }, (input) => ({
      content: [{ type: 'text', text: answer(input) }],
    }));
  }
  return server;
});
listen(async (request) => handler.fetch(request, { parsedBody: await request.json() }));
