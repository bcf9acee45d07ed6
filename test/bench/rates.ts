/**
 * tasks/get and read_latest over HTTP from one Node process: requests per second at full load (wrk), and the time of the slowest in a
 * hundred at a rate that is kept (`paced.ts`). Tasks are so many that each is asked for as seldom as its client was told. The
 * server has one core, the load of 16 connections the other, and with it the engine where there is one; that of redis stands
 * behind our REST front, a process more than in production.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startProcess } from '../../infra/local/server-process.ts';
import { type Engine, ENGINES } from '../services/engine.ts';
import { onEngine } from './engines.ts';
import { type PacedRequest, runPaced } from './paced.ts';
import { median, print } from './print.ts';
import { peakMib } from './processor-time.ts';
import { fillStore } from './stored-app.ts';
import { runWrk } from './wrk.ts';

const COUNTS = { tasks: 8_000, rooms: 20 };
const ROUNDS = 5;
const SECONDS = 3;
const PACED_SECONDS = 5;
const CONNECTIONS = 16;
const VERSION = '2026-07-28';
const METHODS = ['tasks/get', 'read_latest'] as const;

/** What is asked of each engine: requests per second, and the time of the slowest in a hundred at the rate that is kept. */
const ASKED: Record<Engine, { rate: string; pace: number; p99: string }> = {
  sqlite: { rate: '≥ 8,000/s', pace: 4_000, p99: '≤ 10 ms' },
  redis: { rate: '≥ 4,000/s', pace: 2_000, p99: '≤ 20 ms' },
  dynamodb: { rate: '', pace: 100, p99: '' },
};

const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};

function requestOf(method: string, name: string, params: object): PacedRequest {
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': VERSION,
    'Mcp-Method': method,
    'Mcp-Name': name,
  };
  return { headers, body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } }) };
}

function requestsOf(method: (typeof METHODS)[number], ids: readonly string[]): PacedRequest[] {
  return method === 'tasks/get'
    ? ids.map((taskId) => requestOf(method, taskId, { taskId }))
    : [requestOf('tools/call', method, { name: method, arguments: { stream: 'rooms' } })];
}

/** wrk's own script: the requests in turns. A file of one line for each holds the name and the body. */
function script(requests: readonly PacedRequest[], lines: string): string {
  const [first] = requests;
  const headers = Object.entries(first?.headers ?? {}).map(([name, value]) => `  ["${name}"] = "${value}",`);
  return `
local names, bodies = {}, {}
for line in io.lines("${lines}") do
  names[#names + 1], bodies[#bodies + 1] = line:match("^(%S+) (.*)$")
end
local headers = {
${headers.join('\n')}
}
local at = 0
request = function()
  at = at % #names + 1
  headers["Mcp-Name"] = names[at]
  return wrk.format("POST", nil, headers, bodies[at])
end
`;
}

interface Figures {
  rate: number;
  /** Of a bare Hono echo that is sent the same, in rounds between. */
  echo: number;
  p50Ms: number;
  p99Ms: number;
  /** Most that the server has held, MiB. */
  peakMib: number;
}

async function measure(
  environment: Record<string, string>,
  requests: readonly PacedRequest[],
  pace: number,
): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const [lines, lua, paced] = ['lines', 'requests.lua', 'requests.json'].map((name) => join(folder, name)) as [
    string,
    string,
    string,
  ];
  writeFileSync(lines, requests.map(({ headers, body }) => `${headers['Mcp-Name']} ${body}`).join('\n'));
  writeFileSync(lua, script(requests, lines));
  writeFileSync(paced, JSON.stringify(requests));
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const ports = await freePorts(2);
  const servers = await Promise.all(
    ['stored', 'echo'].map((name, index) => {
      const file = join(import.meta.dirname, `servers/${name}.ts`);
      const args = ['-c', '0', 'env', ...variables, process.execPath, file, String(ports[index])];
      return startProcess('taskset', args, /listening/);
    }),
  );
  try {
    const rates: number[][] = [[], []];
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [index, port] of ports.entries()) {
        const { rate } = await runWrk(`http://127.0.0.1:${port}/mcp`, lua, SECONDS, CONNECTIONS);
        // The first round only warms up.
        if (round > 0) rates[index]?.push(rate);
      }
    }
    const [rate = 0, echo = 0] = rates.map(median);
    const kept = await runPaced(`http://127.0.0.1:${ports[0]}/mcp`, paced, pace, PACED_SECONDS, CONNECTIONS);
    if (kept.failed > 0) throw new Error(`${kept.failed} requests were not answered`);
    return { rate, echo, p50Ms: kept.p50Ms, p99Ms: kept.p99Ms, peakMib: peakMib(servers[0]?.pid ?? 0) };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function benchRates(): Promise<void> {
  for (const engine of ENGINES) {
    const asked = ASKED[engine];
    await onEngine(engine, async (environment) => {
      const ids = await fillStore(environment, COUNTS);
      for (const method of METHODS) {
        const figures = await measure(environment, requestsOf(method, ids), asked.pace);
        print(`${method}, ${engine}, ${COUNTS.tasks} tasks, ${COUNTS.rooms} keys, ${CONNECTIONS} connections`, [
          ['requests', `${Math.round(figures.rate)}/s`, asked.rate],
          ['bare Hono echo', `${Math.round(figures.echo)}/s`],
          [`p50 at ${asked.pace}/s`, `${figures.p50Ms.toFixed(1)} ms`],
          [`p99 at ${asked.pace}/s`, `${figures.p99Ms.toFixed(1)} ms`, asked.p99],
          ['most memory of the server', `${figures.peakMib} MiB`, '≤ 150 MiB'],
        ]);
      }
    });
  }
}
