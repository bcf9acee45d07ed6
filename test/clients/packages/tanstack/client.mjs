/** TanStack AI hands its model what a tool's `execute` answers, as JSON where it is no text. */
import { createMCPClient } from '@tanstack/ai-mcp';
import { stdioTransport } from '@tanstack/ai-mcp/stdio';
import { speak } from '../speak.mjs';

let client = null;
let tools = [];

speak({
  async connect({ url, program, args, env }) {
    const transport = url ? { type: 'http', url } : stdioTransport({ command: program, args, env });
    client = await createMCPClient({ transport });
  },
  async list() {
    tools = await client.tools();
    return tools.map(({ name, inputSchema }) => ({ name, schema: inputSchema }));
  },
  call: (name, args) => tools.find((tool) => tool.name === name).execute(args, {}),
  close: () => client?.close(),
});
