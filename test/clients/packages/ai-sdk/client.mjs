/** The AI SDK hands its model what `toModelOutput` makes of a tool's output. */
import { createMCPClient } from '@ai-sdk/mcp';
import { Experimental_StdioMCPTransport as StdioTransport } from '@ai-sdk/mcp/mcp-stdio';
import { speak } from '../speak.mjs';

let client = null;
let tools = {};

speak({
  async connect({ url, program, args, env }) {
    const transport = url ? { type: 'http', url } : new StdioTransport({ command: program, args, env });
    client = await createMCPClient({ transport });
  },
  async list() {
    tools = await client.tools();
    return Object.entries(tools).map(([name, { inputSchema }]) => ({ name, schema: inputSchema.jsonSchema }));
  },
  async call(name, input) {
    const toolCallId = 'call';
    const output = await tools[name].execute(input, { toolCallId, messages: [] });
    return tools[name].toModelOutput({ toolCallId, input, output });
  },
  close: () => client?.close(),
});
