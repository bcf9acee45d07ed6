/**
 * Requests per second of `tools/call` and `tools/list` with twenty tools: the whole app against the SDK's own handler and
 * against a bare Hono echo. Each server is a process of its own on one core, the load (wrk, 16 connections) on the other;
 * rounds are interleaved, and medians compared.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startProcess } from '../../infra/local/server-process.ts';
import { median, print } from './print.ts';
import { CALL_ARGUMENTS } from './servers/tools.ts';
import { runWrk } from './wrk.ts';

const SERVERS = ['echo', 'sdk', 'tidegate'] as const;
const VERSION = '2026-07-28';
const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 16;

const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': {},
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
};
const REQUESTS = {
  'tools/call': { name: 'tool_7', arguments: CALL_ARGUMENTS },
  'tools/list': {},
};

/** One POST, for `fetch`. @param more headers beside those of MCP */
export function requestOf(method: keyof typeof REQUESTS, more: Record<string, string> = {}) {
  const params = { ...REQUESTS[method], _meta: META };
  const headers: Record<string, string> = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': VERSION,
    'Mcp-Method': method,
    ...('name' in params ? { 'Mcp-Name': params.name } : {}),
    ...more,
  };
  return { method: 'POST', headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params }) };
}

/** wrk's own script: one POST, over and over. @param more headers beside those of MCP */
export function scriptOf(method: keyof typeof REQUESTS, more: Record<string, string> = {}): string {
  const { headers, body } = requestOf(method, more);
  const lines = Object.entries(headers).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`);
  return `wrk.method = "POST"\nwrk.body = [==[${body}]==]\n${lines.join('\n')}\n`;
}

/** How many bytes this project's answer to `tools/list` has, so that an echo answers as many. */
export async function bytesOfList(): Promise<number> {
  const [port = 0] = await freePorts(1);
  const file = join(import.meta.dirname, 'servers/tidegate.ts');
  const server = await startProcess(process.execPath, [file, String(port)], /listening/);
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/mcp`, requestOf('tools/list'));
    return (await answer.arrayBuffer()).byteLength;
  } finally {
    await server.stop();
  }
}

export async function benchEndpoint(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const ports = await freePorts(SERVERS.length);
  const bytes = String(await bytesOfList());
  const running = await Promise.all(
    SERVERS.map((name, index) => {
      const file = join(import.meta.dirname, 'servers', `${name}.ts`);
      return startProcess('taskset', ['-c', '0', process.execPath, file, String(ports[index]), bytes], /listening/);
    }),
  );
  try {
    for (const method of Object.keys(REQUESTS) as (keyof typeof REQUESTS)[]) {
      const file = join(folder, `${method.replace('/', '-')}.lua`);
      writeFileSync(file, scriptOf(method));
      const rates = SERVERS.map((): number[] => []);
      for (let round = 0; round <= ROUNDS; round += 1) {
        for (const [index, port] of ports.entries()) {
          const { rate } = await runWrk(`http://127.0.0.1:${port}/mcp`, file, SECONDS, CONNECTIONS);
          // The first round only warms up.
          if (round > 0) rates[index]?.push(rate);
        }
      }
      const [echo = 0, sdk = 0, tidegate = 0] = rates.map(median);
      print(`${method}, 20 tools, ${CONNECTIONS} connections`, [
        ['bare Hono echo, of as many bytes for lists', `${Math.round(echo)}/s`],
        ['SDK handler (memoised schemas, parsedBody)', `${Math.round(sdk)}/s`],
        ['Tidegate, the whole app', `${Math.round(tidegate)}/s`],
        ['Tidegate : SDK handler', (tidegate / sdk).toFixed(2), method === 'tools/call' ? '≥ 0.90' : ''],
        ['Tidegate : echo', (tidegate / echo).toFixed(2), '≥ 0.90'],
      ]);
    }
  } finally {
    await Promise.all(running.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}
