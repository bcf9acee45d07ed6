/**
 * tasks/get over HTTP from one Node process: requests per second and the time of the slowest in a hundred, over so many tasks
 * that each is asked for as seldom as its client was told. The server has one core, the load (wrk, 16 connections) the other, and
 * with it the engine where there is one; that of redis stands behind our REST front, a process more than in production.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startProcess } from '../../infra/local/server-process.ts';
import type { Engine } from '../services/engine.ts';
import { onEngine } from './engines.ts';
import { median, print } from './print.ts';
import { beginTasks } from './task-app.ts';
import { runWrk } from './wrk.ts';

const TASKS = 8_000;
const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 16;
const VERSION = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
};

/** wrk's own script: each request is for the next of the tasks. */
function script(idsFile: string): string {
  const params = JSON.stringify({ taskId: '@', _meta: META });
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tasks/get', params: '@' }).replace('"@"', params);
  const [before, after] = body.split('@');
  return `
local ids = {}
for id in io.lines("${idsFile}") do ids[#ids + 1] = id end
local headers = {
  ["Content-Type"] = "application/json",
  ["Accept"] = "application/json, text/event-stream",
  ["MCP-Protocol-Version"] = "${VERSION}",
  ["Mcp-Method"] = "tasks/get",
}
local at = 0
request = function()
  at = at % #ids + 1
  headers["Mcp-Name"] = ids[at]
  return wrk.format("POST", nil, headers, [==[${before}]==] .. ids[at] .. [==[${after}]==])
end
`;
}

interface Figures {
  rate: number;
  p99Ms: number;
  /** Of a bare Hono echo that is sent the same, in rounds between. */
  echo: number;
}

async function measure(environment: Record<string, string>): Promise<Figures> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-bench-'));
  const ids = join(folder, 'ids');
  const lua = join(folder, 'tasks.lua');
  writeFileSync(ids, (await beginTasks(environment, TASKS)).join('\n'));
  writeFileSync(lua, script(ids));
  const variables = Object.entries(environment).map(([name, value]) => `${name}=${value}`);
  const ports = await freePorts(2);
  const servers = await Promise.all(
    ['tasks', 'echo'].map((name, index) => {
      const file = join(import.meta.dirname, `servers/${name}.ts`);
      const args = ['-c', '0', 'env', ...variables, process.execPath, file, String(ports[index])];
      return startProcess('taskset', args, /listening/);
    }),
  );
  try {
    const rounds: { rate: number; p99Ms: number }[][] = [[], []];
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [index, port] of ports.entries()) {
        const figures = await runWrk(`http://127.0.0.1:${port}/mcp`, lua, SECONDS, CONNECTIONS);
        // The first round only warms up.
        if (round > 0) rounds[index]?.push(figures);
      }
    }
    const [tasks = [], echo = []] = rounds;
    return {
      rate: median(tasks.map(({ rate }) => rate)),
      p99Ms: median(tasks.map(({ p99Ms }) => p99Ms)),
      echo: median(echo.map(({ rate }) => rate)),
    };
  } finally {
    await Promise.all(servers.map((server) => server.stop()));
    rmSync(folder, { recursive: true, force: true });
  }
}

export async function benchTasks(): Promise<void> {
  for (const engine of ['sqlite', 'redis'] as const satisfies Engine[]) {
    const { rate, p99Ms, echo } = await onEngine(engine, measure);
    const asked = engine === 'sqlite';
    print(`tasks/get, ${engine}, ${TASKS} tasks, ${CONNECTIONS} connections`, [
      ['requests', `${Math.round(rate)}/s`, asked ? '≥ 2,000/s' : ''],
      ['p99', `${p99Ms.toFixed(1)} ms`, asked ? '≤ 50 ms' : ''],
      ['bare Hono echo', `${Math.round(echo)}/s`],
    ]);
  }
}
