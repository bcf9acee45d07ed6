/** mcp-use hands its model what its tools for LangChain answer. */
process.env.MCP_USE_ANONYMIZED_TELEMETRY = 'false';
const { MCPClient } = await import('mcp-use');
const { LangChainAdapter } = await import('mcp-use/adapters');
const { speak } = await import('../speak.mjs');

let client = null;
let tools = [];
let heard = [];

speak({
  async connect({ url, program, args, env }) {
    client = new MCPClient({ mcpServers: { tidegate: url ? { url } : { command: program, args, env } } });
    await client.createAllSessions();
  },
  async list() {
    const session = client.getSession('tidegate');
    const schemas = new Map(session.connector.tools.map(({ name, inputSchema }) => [name, inputSchema]));
    tools = await new LangChainAdapter().createToolsFromConnectors([session.connector]);
    return tools.flatMap(({ name }) => (schemas.has(name) ? [{ name, schema: schemas.get(name) }] : []));
  },
  call: (name, args) => tools.find((tool) => tool.name === name).invoke(args),
  async subscribe(uris) {
    const session = client.getSession('tidegate');
    session.on('notification', ({ method, params }) => {
      if (method === 'notifications/resources/updated') heard.push(params.uri);
    });
    for (const uri of uris) await session.subscribeToResource(uri);
  },
  heard() {
    const told = heard;
    heard = [];
    return told;
  },
  close: () => client?.closeAllSessions(),
});
