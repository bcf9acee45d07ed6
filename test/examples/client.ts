/** An app as the official client sees it: its tools with their parameters, and what they answer. */
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { App } from '../../src/declare/app.ts';
import { type ServeOptions, serveApp } from '../mcp/served.ts';

export interface Answer {
  text: string;
  structured: unknown;
  isError: boolean;
}

export interface AppClient {
  /** Names of the parameters of each tool, those that have to be there first, with a `!`. */
  parameters(): Promise<Record<string, string[]>>;
  call(name: string, args?: Record<string, unknown>): Promise<Answer>;
  logged(): string;
  close(): Promise<void>;
}

export async function clientOf(app: App, options: ServeOptions): Promise<AppClient> {
  const served = await serveApp(app, options);
  const client = new Client({ name: 't', version: '0' }, { versionNegotiation: { mode: { pin: '2026-07-28' } } });
  await client.connect(new StreamableHTTPClientTransport(new URL(served.mcpUrl)));
  return {
    async parameters() {
      const { tools } = await client.listTools();
      const named = tools.map(({ name, inputSchema }): [string, string[]] => {
        const required = new Set(inputSchema.required ?? []);
        const names = Object.keys(inputSchema.properties ?? {}).map((each) => (required.has(each) ? `${each}!` : each));
        return [name, names.toSorted()];
      });
      return Object.fromEntries(named);
    },
    async call(name, args = {}) {
      const { content, structuredContent, isError } = await client.callTool({ name, arguments: args });
      const text = content.map((block) => (block.type === 'text' ? block.text : '')).join('\n');
      return { text, structured: structuredContent, isError: isError === true };
    },
    logged: () => JSON.stringify(served.logged),
    async close() {
      await client.close();
      await served.close();
    },
  };
}
