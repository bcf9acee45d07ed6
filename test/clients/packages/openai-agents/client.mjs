/** OpenAI's Agents SDK hands its model the content of a result: alone where it is one block. */
import { getAllMcpTools, MCPServerStdio, MCPServerStreamableHttp, RunContext } from '@openai/agents-core';
import { speak } from '../speak.mjs';

let server = null;
let tools = [];

speak({
  async connect({ url, program, args, env }) {
    server = url
      ? new MCPServerStreamableHttp({ url, name: 'tidegate' })
      : new MCPServerStdio({ command: program, args, env, name: 'tidegate' });
    await server.connect();
  },
  async list() {
    tools = await getAllMcpTools([server]);
    return tools.map(({ name, parameters }) => ({ name, schema: parameters }));
  },
  call: (name, args) =>
    tools.find((tool) => tool.name === name).invoke(new RunContext({}), JSON.stringify(args), undefined),
  close: () => server?.close(),
});
