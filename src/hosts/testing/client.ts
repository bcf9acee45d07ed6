/** A client of MCP's revision 2026-07-28 that calls a host without a network, as far as tests of an app need one. */
import type { Json } from '../../base/json.ts';
import { TASKS } from '../../mcp/tasks/capability.ts';
import { MODERN_VERSION } from '../../mcp/wire/versions.ts';

/** A task as `tasks/get` answers it. */
export interface TestTask {
  taskId: string;
  /** `working`, `input_required`, `completed`, `failed` or `cancelled`. */
  status: string;
  [field: string]: Json | undefined;
}

export interface TestClient {
  /**
   * The result of one request. `tasks`: the client says that it knows tasks.
   * @throws Error with the code, message and data of a JSON-RPC error
   */
  request(
    method: string,
    params: Record<string, unknown>,
    options?: { tasks?: boolean },
  ): Promise<Record<string, Json>>;
}

interface Reply {
  result?: Record<string, Json>;
  error?: { code: number; message: string; data?: Json };
}

/** @param send Answers the whole text of the response, and its status. */
export function createTestClient(send: (request: Request) => Promise<{ status: number; text: string }>): TestClient {
  let id = 0;
  return {
    async request(method, params, { tasks = false } = {}) {
      id += 1;
      const extensions = tasks ? { extensions: { [TASKS.id]: {} } } : {};
      const meta = {
        'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
        'io.modelcontextprotocol/clientInfo': { name: 'tidegate-testing', version: '1' },
        'io.modelcontextprotocol/clientCapabilities': extensions,
      };
      const { name, uri, taskId } = params;
      const named = name ?? uri ?? taskId;
      const { status, text } = await send(
        new Request('http://127.0.0.1/mcp', {
          method: 'POST',
          headers: {
            'Content-Type': 'application/json',
            Accept: 'application/json, text/event-stream',
            'MCP-Protocol-Version': MODERN_VERSION,
            'Mcp-Method': method,
            ...(typeof named === 'string' ? { 'Mcp-Name': named } : {}),
          },
          body: JSON.stringify({ jsonrpc: '2.0', id, method, params: { ...params, _meta: meta } }),
        }),
      );
      const { result, error } = JSON.parse(/^data: (.+)$/m.exec(text)?.[1] ?? text) as Reply;
      if (result !== undefined) return result;
      const { code, message, data } = error ?? { code: status, message: text };
      throw Object.assign(new Error(`${method}: ${message}`), { code, data });
    },
  };
}
