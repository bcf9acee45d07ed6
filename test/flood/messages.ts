/** Requests as bytes, as clients of both revisions send them. */
import { encodeTailCursor } from '../../src/streams/log/tail-cursor.ts';

/** Before the first event of the backlog. */
export const FIRST_CURSOR = encodeTailCursor('backlog', null);

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
};

export interface Post {
  path: string;
  headers: Record<string, string>;
  body: string;
}

/** A call of a tool in 2026-07-28. @param progressToken asks for progress messages */
export function call(name: string, args: object, progressToken?: string): Post {
  const meta = progressToken === undefined ? META : { ...META, progressToken };
  return request('tools/call', { name, arguments: args, _meta: meta }, { 'Mcp-Name': name });
}

export function listTools(): Post {
  return request('tools/list', { _meta: META }, {});
}

function request(method: string, params: object, headers: Record<string, string>): Post {
  return {
    path: '/mcp',
    headers: { ...MCP, 'MCP-Protocol-Version': '2026-07-28', 'Mcp-Method': method, ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }),
  };
}

/** A batch of 2025-03-26, of so many calls of one tool. */
export function batch(messages: number, name: string, args: object): Post {
  const params = { name, arguments: args };
  const each = (_: unknown, at: number) => ({ jsonrpc: '2.0', id: at + 1, method: 'tools/call', params });
  const headers = { ...MCP, 'MCP-Protocol-Version': '2025-03-26' };
  return { path: '/mcp', headers, body: JSON.stringify(Array.from({ length: messages }, each)) };
}

const MCP = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };

/** The head of a request whose body follows in some other way. */
export function head({ path, headers }: Pick<Post, 'path' | 'headers'>, more: Record<string, string>): string {
  const lines = Object.entries({ Host: '127.0.0.1', ...headers, ...more }).map(([name, value]) => `${name}: ${value}`);
  return `POST ${path} HTTP/1.1\r\n${lines.join('\r\n')}\r\n\r\n`;
}

export function whole(post: Post): string {
  return head(post, { 'Content-Length': `${Buffer.byteLength(post.body)}` }) + post.body;
}
