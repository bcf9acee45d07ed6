/** A server on Node that takes tokens of an issuer, as its environment says; its clock can be moved. */
import * as z from 'zod';
import { defineApp, form, stream, task, tool } from '../../../src/index.ts';
import { nodeRuntime } from '../../../src/hosts/node/runtime.ts';
import { serve } from '../../../src/hosts/node/serve.ts';
import { readConfig } from '../../../src/store/drivers/open.ts';

const app = defineApp({
  name: 'gate',
  title: 'Gate',
  version: '1',
  description: 'Says who calls',
  streams: { trades: stream({ description: 'Trades', schema: z.object({ price: z.number() }) }) },
  tools: {
    whoami: tool({
      description: 'Who calls',
      run: (_input, { principal }) => Promise.resolve(JSON.stringify(principal)),
    }),
    order: tool({
      description: 'Needs scopes of its own',
      scopes: ['orders:write', 'streams:publish'],
      run: (_input, { principal }) => Promise.resolve(JSON.stringify(principal)),
    }),
  },
  tasks: {
    asks: task({
      version: '1',
      description: 'Asks who it is for',
      run: (_input, { ask }) => ask('name', form('Who?', z.object({ name: z.string() }))).then(() => 'heard'),
    }),
  },
});

export interface Message {
  method: string;
  params?: Record<string, unknown>;
  /** What `Mcp-Name` says. */
  name?: string;
}

export interface Gate {
  url: string;
  lines: string[];
  /** Calls a tool by a request of 2026-07-28. */
  call(token: string | null, name?: string, headers?: Record<string, string>): Promise<Response>;
  /** Sends a request of 2026-07-28 by a client that knows tasks. */
  send(token: string | null, message: Message, headers?: Record<string, string>): Promise<Response>;
  pass(ms: number): void;
  stop(): Promise<void>;
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};

export async function startGate(environment: Record<string, string>): Promise<Gate> {
  let skewMs = 0;
  const lines: string[] = [];
  const system = nodeRuntime(
    (level, message, fields) => void lines.push(JSON.stringify({ level, message, ...fields })),
  );
  const runtime = { ...system, now: () => Date.now() + skewMs };
  const set = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ''));
  const config = readConfig({ PORT: '0', STORE: 'memory', AUTH: 'oauth', HOST: '127.0.0.1', ...set }, 'memory');
  const serving = await serve(config, app, runtime, null);
  const send: Gate['send'] = (token, { method, params = {}, name }, headers = {}) =>
    fetch(`${serving.url}/mcp`, {
      method: 'POST',
      headers: {
        'Content-Type': 'application/json',
        Accept: 'application/json, text/event-stream',
        'MCP-Protocol-Version': '2026-07-28',
        'Mcp-Method': method,
        ...(name === undefined ? {} : { 'Mcp-Name': name }),
        ...(token === null ? {} : { Authorization: `Bearer ${token}` }),
        ...headers,
      },
      body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }),
    });
  return {
    url: serving.url,
    lines,
    pass: (ms) => void (skewMs += ms),
    stop: () => serving.stop(),
    call: (token, name = 'whoami', headers = {}) =>
      send(token, { method: 'tools/call', name, params: { name, arguments: {} } }, headers),
    send,
  };
}
