/** Requests to a host in both revisions, by a caller of a test. */
import type { Host } from '../../src/hosts/http-host.ts';
import { MODERN_VERSION } from '../../src/mcp/wire/versions.ts';

export type Send = (request: Request) => Response | Promise<Response>;

export interface Sent {
  method: string;
  params?: Record<string, unknown>;
  /** Default: that of a client that knows tasks. */
  capabilities?: object;
}

const TASKS = { extensions: { 'io.modelcontextprotocol/tasks': {} } };

/** @param authorization the value of the header; null: there is none */
export function modern(
  { method, params = {}, capabilities = TASKS }: Sent,
  authorization: string | null = null,
  path = '/mcp',
): Request {
  const { name, uri, taskId } = params;
  const named = name ?? uri ?? taskId;
  const meta = {
    'io.modelcontextprotocol/protocolVersion': MODERN_VERSION,
    'io.modelcontextprotocol/clientCapabilities': capabilities,
  };
  return post(
    path,
    authorization,
    { jsonrpc: '2.0', id: 7, method, params: { ...params, _meta: meta } },
    {
      'MCP-Protocol-Version': MODERN_VERSION,
      'Mcp-Method': method,
      ...(typeof named === 'string' ? { 'Mcp-Name': named } : {}),
    },
  );
}

/** Of 2025-11-25; several are a batch of 2025-03-26. */
export function legacy(messages: Sent | readonly Sent[], authorization: string | null = null, path = '/mcp'): Request {
  const toMessage = ({ method, params = {} }: Sent, index: number) => ({
    jsonrpc: '2.0',
    id: index + 7,
    method,
    params,
  });
  const isBatch = Array.isArray(messages);
  const all = [messages].flat().map(toMessage);
  return post(path, authorization, isBatch ? all : all[0], {
    'MCP-Protocol-Version': isBatch ? '2025-03-26' : '2025-11-25',
  });
}

function post(path: string, authorization: string | null, body: unknown, more: Record<string, string>): Request {
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    ...(authorization === null ? {} : { Authorization: authorization }),
    ...more,
  };
  return new Request(`http://127.0.0.1${path}`, { method: 'POST', headers, body: JSON.stringify(body) });
}

export interface Answered {
  status: number;
  headers: Headers;
  text: string;
  /** Of one message: its `result` or `error`. */
  result?: Record<string, never>;
  error?: { code: number; message: string; data?: Record<string, unknown> };
  id?: unknown;
}

/** @param isListening the answer has no end, and what comes first of it is read */
export async function answerOf(host: Pick<Host, 'fetch'>, request: Request, isListening = false): Promise<Answered> {
  const response = await host.fetch(request);
  const { status, headers } = response;
  const isStream = headers.get('content-type') === 'text/event-stream';
  const text = isListening && isStream ? await beginningOf(response) : await response.text();
  return { status, headers, text, ...messageIn(text) };
}

/** The first event: by chance the next ones come with it. */
async function beginningOf({ body }: Response): Promise<string> {
  for await (const bytes of body ?? []) return new TextDecoder().decode(bytes).replace(/\n\n[^]*$/, '\n\n');
  return '';
}

function messageIn(text: string): object {
  try {
    return JSON.parse(/^data: (.+)$/m.exec(text)?.[1] ?? text) as object;
  } catch {
    return {};
  }
}
