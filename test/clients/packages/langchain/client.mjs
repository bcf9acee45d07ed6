/** LangChain hands its model the content of the tool's message; what is structured is an artifact beside it. */
import { MultiServerMCPClient } from '@langchain/mcp-adapters';
import { speak } from '../speak.mjs';

let client = null;
let tools = [];

speak({
  connect({ url, program, args, env }) {
    const tidegate = url ? { transport: 'http', url } : { transport: 'stdio', command: program, args, env };
    client = new MultiServerMCPClient({ mcpServers: { tidegate } });
  },
  async list() {
    tools = await client.getTools();
    return tools.map(({ name, schema }) => ({ name, schema }));
  },
  async call(name, args) {
    const tool = tools.find((each) => each.name === name);
    const { content } = await tool.invoke({ type: 'tool_call', id: 'call', name, args });
    return content;
  },
  close: () => client?.close(),
});
