/** The official client of the Tasks extension. It waits for a task by itself, answers its questions, and hands over its result. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { createTaskSessionFromClient, resultFromTaskOutcome } from '@modelcontextprotocol/ext-tasks/client';
import { speak } from '../speak.mjs';

const VERSION = '2026-07-28';
const clientInfo = { name: 'ext-tasks', version: '0' };
const clientCapabilities = { elicitation: { form: {} }, extensions: { 'io.modelcontextprotocol/tasks': {} } };
const client = new Client(clientInfo, {
  capabilities: clientCapabilities,
  versionNegotiation: { mode: { pin: VERSION } },
});
const accepted = { action: 'accept', content: { right: true, sure: true } };
let session = null;

const TRIES = 20;
const AGAIN_MS = 300;

/** A connection that broke is no answer: the same request is sent again. */
async function again(send) {
  for (let tries = 1; ; tries += 1) {
    try {
      return await send();
    } catch (error) {
      if (tries === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
    }
  }
}

/** Its requests go out as it frames them: the SDK's client has no codec for them. */
function dispatchTo(url) {
  let id = 0;
  return async ({ method, params }) => {
    const name = params?.name ?? params?.taskId;
    id += 1;
    const response = await again(() =>
      fetch(url, {
        method: 'POST',
        headers: {
          'Content-Type': 'application/json',
          Accept: 'application/json, text/event-stream',
          'MCP-Protocol-Version': VERSION,
          'Mcp-Method': method,
          ...(typeof name === 'string' ? { 'Mcp-Name': name } : {}),
        },
        body: JSON.stringify({ jsonrpc: '2.0', id: `task-${id}`, method, params }),
      }),
    );
    const { result, error } = await response.json();
    return result === undefined ? { kind: 'error', error } : { kind: 'result', result };
  };
}

speak({
  async connect({ url }) {
    client.setRequestHandler('elicitation/create', () => accepted);
    await client.connect(new StreamableHTTPClientTransport(new URL(url)));
    session = createTaskSessionFromClient(client, {
      endpointId: 'tidegate',
      v2RequestFraming: { protocolVersion: VERSION, clientInfo, clientCapabilities },
      rawDispatch: dispatchTo(url),
      onInputRequest: async () => accepted,
    });
  },
  async list() {
    const { tools } = await client.listTools();
    return tools.map(({ name, inputSchema }) => ({ name, schema: inputSchema }));
  },
  async call(name, args) {
    const execution = await session.callTool(name, args);
    const { outcome } = await execution.settle();
    const { content, structuredContent, isError } = resultFromTaskOutcome(outcome);
    return { content, structuredContent, isError };
  },
  /** Calls a task and waits for its end. */
  async wait(name, args) {
    const execution = await session.callTool(name, args);
    const { outcome } = await execution.settle();
    if (resultFromTaskOutcome(outcome).isError) throw new Error('the task failed');
    return { taskId: execution.handle.taskId };
  },
  async close() {
    await session?.close();
    await client.close();
  },
});
