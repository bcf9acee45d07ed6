/**
 * The requests of `endpoint.ts` against other servers of the protocol, in one run: `node:http` and Hono alone, the SDK's handler as its
 * documentation has it and at its best, tmcp, mcp-handler, and this project. Those that are no dependency are installed into a
 * temporary folder, in exact versions.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startProcess } from '../../infra/local/server-process.ts';
import { bytesOfList, scriptOf } from './endpoint.ts';
import { median, print } from './print.ts';
import { runWrk } from './wrk.ts';

const SERVERS = join(import.meta.dirname, 'servers');
const FOREIGN = ['tmcp@1.20.0', '@tmcp/transport-http@0.9.0', '@tmcp/adapter-zod@0.1.7', 'mcp-handler@2.4.0'];
/** In the versions of this project. */
const SHARED = ['zod', '@hono/node-server', 'hono', '@modelcontextprotocol/server'];
const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 16;

/** Name, and the file of its server. */
type Contestant = [name: string, file: string];

function versionOf(name: string): string {
  const text = readFileSync(join(import.meta.dirname, '../../node_modules', name, 'package.json'), 'utf8');
  return `${name}@${(JSON.parse(text) as { version: string }).version}`;
}

/** Puts peers into a folder, and beside them packages in the versions of this project. */
export function installInto(folder: string, foreign: readonly string[], shared: readonly string[]): void {
  writeFileSync(join(folder, 'package.json'), '{"type":"module"}');
  const wanted = [...foreign, ...shared.map(versionOf)];
  const options = ['--no-audit', '--no-fund', '--ignore-scripts', '--legacy-peer-deps'];
  const { status, stderr } = spawnSync('npm', ['install', ...options, ...wanted], { cwd: folder, encoding: 'utf8' });
  if (status !== 0) throw new Error(`the peers cannot be installed: ${stderr}`);
}

export async function benchPeers(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-peers-'));
  try {
    installInto(folder, FOREIGN, SHARED);
    cpSync(SERVERS, join(folder, 'servers'), { recursive: true });
    const contestants: Contestant[] = [
      ['node:http alone', join(SERVERS, 'node-echo.ts')],
      ['Hono alone', join(SERVERS, 'echo.ts')],
      ['the SDK as documented', join(SERVERS, 'sdk-plain.ts')],
      ['the SDK at its best', join(SERVERS, 'sdk.ts')],
      ['mcp-handler 2.4', join(folder, 'servers/peers/mcp-handler.mjs')],
      ['tmcp 1.20', join(folder, 'servers/peers/tmcp.mjs')],
      ['Tidegate, the whole app', join(SERVERS, 'tidegate.ts')],
    ];
    const bytes = await bytesOfList();
    for (const method of ['tools/call', 'tools/list'] as const) await compare(folder, method, contestants, bytes);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @param bytes of a list, for those that only echo */
async function compare(
  folder: string,
  method: 'tools/call' | 'tools/list',
  contestants: Contestant[],
  bytes: number,
): Promise<void> {
  const script = join(folder, 'request.lua');
  writeFileSync(script, scriptOf(method));
  const ports = await freePorts(contestants.length);
  const running = await Promise.all(
    contestants.map(([, file], index) =>
      startProcess('taskset', ['-c', '0', process.execPath, file, String(ports[index]), String(bytes)], /listening/),
    ),
  );
  try {
    const rates = contestants.map((): number[] => []);
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const [index, port] of ports.entries()) {
        const { rate } = await runWrk(`http://127.0.0.1:${port}/mcp`, script, SECONDS, CONNECTIONS);
        // The first round only warms up.
        if (round > 0) rates[index]?.push(rate);
      }
    }
    const medians = rates.map(median);
    const ours = medians.at(-1) ?? 0;
    print(
      `${method}, 20 tools, ${CONNECTIONS} connections, one core each`,
      contestants.map(([name], index) => {
        const rate = medians[index] ?? 0;
        return [name, `${Math.round(rate)}/s; Tidegate : this ${(ours / rate).toFixed(2)}`];
      }),
    );
  } finally {
    await Promise.all(running.map((server) => server.stop()));
  }
}
