/** tmcp with its HTTP transport. */
import { ZodJsonSchemaAdapter } from '@tmcp/adapter-zod';
import { HttpTransport } from '@tmcp/transport-http';
import { McpServer } from 'tmcp';
import { listen } from '../listen.ts';
import { answer, DESCRIPTION, Input, NAMES } from '../tools.ts';

const about = { name: 'bench', version: '1.0.0', description: 'bench' };
const server = new McpServer(about, { adapter: new ZodJsonSchemaAdapter(), capabilities: { tools: {} } });
for (const name of NAMES) {
  server.tool({ name, description: DESCRIPTION, schema: Input }, (input) => ({
    content: [{ type: 'text', text: answer(input) }],
  }));
}
const transport = new HttpTransport(server);
listen(async (request) => (await transport.respond(request)) ?? new Response(null, { status: 404 }));
