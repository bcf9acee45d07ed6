/** Mastra hands its model what `toModelOutput` makes of a tool's output, and where there is none the output. */
import { MCPClient } from '@mastra/mcp';
import { speak } from '../speak.mjs';

const PREFIX = 'tidegate_';

let client = null;
let tools = {};

speak({
  connect({ url, program, args, env }) {
    client = new MCPClient({ servers: { tidegate: url ? { url: new URL(url) } : { command: program, args, env } } });
  },
  async list() {
    tools = await client.listTools();
    return Object.entries(tools).map(([name, { inputSchema }]) => ({
      name: name.slice(PREFIX.length),
      schema: inputSchema?.['~standard']?.jsonSchema?.input?.({ target: 'draft-07' }) ?? {},
    }));
  },
  async call(name, input) {
    const tool = tools[`${PREFIX}${name}`];
    const output = await tool.execute(input, {});
    return tool.toModelOutput ? tool.toModelOutput(output) : output;
  },
  close: () => client?.disconnect(),
});
