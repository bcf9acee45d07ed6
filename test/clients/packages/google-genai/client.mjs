/** Google's SDK hands its model the whole result, as the response of a function. */
import { mcpToTool } from '@google/genai';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { speak } from '../speak.mjs';

const client = new Client({ name: 'google-genai', version: '0' });
let callable = null;

speak({
  async connect({ url, program, args, env }) {
    await client.connect(
      url ? new StreamableHTTPClientTransport(new URL(url)) : new StdioClientTransport({ command: program, args, env }),
    );
    callable = mcpToTool(client);
  },
  async list() {
    const { functionDeclarations } = await callable.tool();
    return functionDeclarations.map(({ name, parametersJsonSchema }) => ({ name, schema: parametersJsonSchema }));
  },
  async call(name, args) {
    const [part] = await callable.callTool([{ name, args }]);
    const { response } = part.functionResponse;
    if (response.error) throw new Error(JSON.stringify(response.error.content));
    return response;
  },
  close: () => client.close(),
});
