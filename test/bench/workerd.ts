/**
 * The requests of `endpoint.ts` in workerd alone, with the bundles that wrangler builds: Hono alone, this project, and McpAgent of
 * Cloudflare's Agents, which is installed into a temporary folder in an exact version. McpAgent speaks 2025-06-18 here, in as many
 * sessions as there are connections.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePorts, startProcess } from '../../infra/local/server-process.ts';
import { scriptOf } from './endpoint.ts';
import { installInto } from './peers.ts';
import { median, print } from './print.ts';
import { CALL_ARGUMENTS } from './servers/tools.ts';
import { runWrk } from './wrk.ts';

const ROOT = join(import.meta.dirname, '../..');
const SERVERS = join(import.meta.dirname, 'servers');
const BINARIES = join(ROOT, 'node_modules/.bin');
const FOREIGN = ['agents@0.32.0', '@modelcontextprotocol/sdk@1.32.2', 'ai@6.0.0'];
const SHARED = ['zod', '@modelcontextprotocol/server', '@modelcontextprotocol/client'];
const ROUNDS = 5;
const SECONDS = 3;
const CONNECTIONS = 16;
const DATE = '2026-10-01';
const METHODS = ['tools/call', 'tools/list'] as const;

export interface Contestant {
  name: string;
  main: string;
  /** The class of its Durable Objects. */
  objects?: string;
  variables?: Record<string, string>;
}

/** Builds a Worker as `wrangler deploy` does, and answers the name of its module within `out`. */
export function buildWorker(folder: string, { main, objects }: Contestant): string {
  const config = {
    name: 'bench',
    main,
    compatibility_date: DATE,
    compatibility_flags: ['nodejs_compat'],
    minify: true,
    keep_names: false,
    alias: {
      '@modelcontextprotocol/server/_shims': join(ROOT, 'src/hosts/workers/sdk-shims.ts'),
      // workerd alone has no such module.
      'cloudflare:email': join(folder, 'email.mjs'),
    },
    ...(objects === undefined
      ? {}
      : {
          durable_objects: { bindings: [{ name: 'MCP_OBJECT', class_name: objects }] },
          migrations: [{ tag: 'v1', new_sqlite_classes: [objects] }],
        }),
  };
  writeFileSync(join(folder, 'wrangler.json'), JSON.stringify(config));
  writeFileSync(join(folder, 'email.mjs'), 'export class EmailMessage {}\n');
  const args = ['deploy', '--dry-run', '--outdir', join(folder, 'out'), '--config', join(folder, 'wrangler.json')];
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false' };
  const { status, stderr } = spawnSync(join(BINARIES, 'wrangler'), args, { cwd: folder, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${main} cannot be built: ${stderr}`);
  const [module] = readdirSync(join(folder, 'out')).filter((file) => file.endsWith('.js'));
  if (module === undefined) throw new Error(`${main} has no bundle`);
  return `out/${module}`;
}

/** The settings of workerd: one Worker at a port, its objects on disk. */
export function settingsOf(
  folder: string,
  module: string,
  port: number,
  { objects, variables = {} }: Contestant,
): string {
  const texts = Object.entries(variables).map(([name, value]) => `(name = "${name}", text = "${value}")`);
  const bindings =
    objects === undefined ? texts : [...texts, `(name = "MCP_OBJECT", durableObjectNamespace = "${objects}")`];
  const kept =
    objects === undefined
      ? ''
      : `durableObjectNamespaces = [(className = "${objects}", uniqueKey = "bench", enableSql = true)],
  durableObjectStorage = (localDisk = "disk"),`;
  mkdirSync(join(folder, 'objects'), { recursive: true });
  return `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .main), (name = "disk", disk = (path = "${join(folder, 'objects')}", writable = true))],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")]
);
const main :Workerd.Worker = (
  modules = [(name = "worker", esModule = embed "${module}")],
  compatibilityDate = "${DATE}", compatibilityFlags = ["nodejs_compat"],
  ${kept}
  bindings = [${bindings.join(', ')}]
);
`;
}

const LEGACY = {
  'Content-Type': 'application/json',
  Accept: 'application/json, text/event-stream',
};

/** A script that goes round sessions that were opened before. */
async function inSessions(url: string, method: (typeof METHODS)[number]): Promise<string> {
  const sessions = await Promise.all(Array.from({ length: CONNECTIONS }, () => openSession(url)));
  const params = method === 'tools/call' ? { name: 'tool_7', arguments: CALL_ARGUMENTS } : {};
  const headers = Object.entries(LEGACY).map(([name, value]) => `wrk.headers["${name}"] = "${value}"`);
  return `local sessions = {${sessions.map((id) => `"${id}"`).join(', ')}}
local at = 0
wrk.method = "POST"
wrk.body = [==[${JSON.stringify({ jsonrpc: '2.0', id: 1, method, params })}]==]
${headers.join('\n')}
request = function()
  at = at % #sessions + 1
  wrk.headers["Mcp-Session-Id"] = sessions[at]
  return wrk.format()
end
`;
}

async function openSession(url: string): Promise<string> {
  const clientInfo = { name: 'bench', version: '1.0.0' };
  const params = { protocolVersion: '2025-06-18', capabilities: {}, clientInfo };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 0, method: 'initialize', params });
  const opened = await fetch(url, { method: 'POST', headers: LEGACY, body });
  await opened.text();
  const session = opened.headers.get('mcp-session-id');
  if (session === null) throw new Error(`no session: ${opened.status}`);
  await fetch(url, {
    method: 'POST',
    headers: { ...LEGACY, 'Mcp-Session-Id': session },
    body: JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' }),
  });
  return session;
}

export async function benchWorkerd(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-workerd-'));
  const foreign = join(folder, 'foreign');
  mkdirSync(foreign);
  const unused = { UPSTASH_REDIS_REST_URL: 'http://127.0.0.1:9', UPSTASH_REDIS_REST_TOKEN: 'nothing' };
  const contestants: Contestant[] = [
    { name: 'Hono alone', main: join(SERVERS, 'workers/echo.ts') },
    { name: 'McpAgent, agents 0.32', main: join(foreign, 'servers/peers/mcp-agent.mjs'), objects: 'BenchMcp' },
    { name: 'Tidegate, the whole app', main: join(SERVERS, 'workers/tidegate.ts'), variables: unused },
  ];
  const stops: (() => Promise<void>)[] = [];
  try {
    installInto(foreign, FOREIGN, SHARED);
    cpSync(SERVERS, join(foreign, 'servers'), { recursive: true });
    const ports = await freePorts(contestants.length);
    for (const [index, contestant] of contestants.entries()) {
      const own = join(folder, String(index));
      mkdirSync(own);
      const settings = settingsOf(own, buildWorker(own, contestant), ports[index] ?? 0, contestant);
      writeFileSync(join(own, 'bench.capnp'), settings);
      const args = ['-c', '0', join(BINARIES, 'workerd'), 'serve', '--control-fd=1', join(own, 'bench.capnp')];
      const running = await startProcess('taskset', args, /"listen"/);
      stops.push(() => running.stop());
    }
    for (const method of METHODS) await compare(folder, method, contestants, ports);
  } finally {
    for (const stop of stops) await stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

async function compare(
  folder: string,
  method: (typeof METHODS)[number],
  contestants: readonly Contestant[],
  ports: readonly number[],
): Promise<void> {
  const urls = ports.map((port) => `http://127.0.0.1:${port}/mcp`);
  const scripts = await Promise.all(
    contestants.map(async ({ objects }, index) => {
      const file = join(folder, `${index}.lua`);
      writeFileSync(file, objects === undefined ? scriptOf(method) : await inSessions(urls[index] ?? '', method));
      return file;
    }),
  );
  const rates = contestants.map((): number[] => []);
  for (let round = 0; round <= ROUNDS; round += 1) {
    for (const [index, url] of urls.entries()) {
      const { rate } = await runWrk(url, scripts[index] ?? '', SECONDS, CONNECTIONS);
      // The first round only warms up.
      if (round > 0) rates[index]?.push(rate);
    }
  }
  const medians = rates.map(median);
  const ours = medians.at(-1) ?? 0;
  print(
    `${method} in workerd, 20 tools, ${CONNECTIONS} connections, one core each`,
    contestants.map(({ name }, index) => {
      const rate = medians[index] ?? 0;
      return [name, `${Math.round(rate)}/s; Tidegate : this ${(ours / rate).toFixed(2)}`];
    }),
  );
}
