/** McpAgent of Cloudflare's Agents as its documentation has it: a session is a Durable Object. */
import { McpServer } from '@modelcontextprotocol/sdk/server/mcp.js';
import { McpAgent } from 'agents/mcp';
import { answer, DESCRIPTION, Input, NAMES } from '../tools.ts';

export class BenchMcp extends McpAgent {
  server = new McpServer({ name: 'bench', version: '1.0.0' });

  async init() {
    for (const name of NAMES) {
      this.server.registerTool(name, { description: DESCRIPTION, inputSchema: Input.shape }, async (input) => ({
        content: [{ type: 'text', text: answer(input) }],
      }));
    }
  }
}

export default BenchMcp.serve('/mcp', { binding: 'MCP_OBJECT' });
