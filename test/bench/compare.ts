/**
 * `node test/bench/compare.ts <folder> [<folder>] [rounds]`: this tree against another one of the project (a clone with its
 * `npm ci`), or any two. Each serves the same app over sqlite on one core, the load (wrk, 16 connections) has the other;
 * rounds are in turn, and the ratios are those of each round's pair. Processor time for one request is told beside the rate:
 * it says more where other work runs on the machine. What is started first is a few percent faster here: run both orders.
 */
import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import { freePorts, startProcess, type ServerProcess } from '../../infra/local/server-process.ts';
import type { BurstFigures, BurstSettings } from './ingest-process.ts';
import { median, print } from './print.ts';
import { processorSeconds } from './processor-time.ts';
import { runWrk } from './wrk.ts';

const HEAP = ['--max-semi-space-size=4', '--max-old-space-size=512'];
const EVENTS = 2_000;
const NDJSON_EVENTS = 100_000;
const SECONDS = 1;
const CONNECTIONS = 16;
const DEFAULT_ROUNDS = 9;
const TOKEN = 'compare-compare-compare';
const VERSION = '2026-07-28';
const META = {
  'io.modelcontextprotocol/protocolVersion': VERSION,
  'io.modelcontextprotocol/clientCapabilities': { extensions: { 'io.modelcontextprotocol/tasks': {} } },
  'io.modelcontextprotocol/clientInfo': { name: 'bench', version: '1.0.0' },
};

const CALLS: Record<string, { method: string; params: { name?: string; arguments?: object } }> = {
  'tools/list': { method: 'tools/list', params: {} },
  'tools/call': { method: 'tools/call', params: { name: 'echo', arguments: { text: 'a word', times: 3 } } },
  read_latest: { method: 'tools/call', params: { name: 'read_latest', arguments: { stream: 'rooms', key: 'r7' } } },
  read_history: { method: 'tools/call', params: { name: 'read_history', arguments: { stream: 'rooms', limit: 20 } } },
};

/** The app as a tree's own module, since the package is not installed there. */
function appText(tree: string): string {
  return `import * as z from ${JSON.stringify(join(tree, 'node_modules/zod/index.js'))};
import { defineApp, secret, stream, tool } from ${JSON.stringify(join(tree, 'src/index.ts'))};
const schema = z.object({ room: z.string(), celsius: z.number(), note: z.string() });
const app = (token) => defineApp({
  name: 'compare', version: '1.0.0', description: 'Two trees',
  streams: { rooms: stream({ description: 'Rooms', schema, key: 'room', push: { token } }) },
  tools: { echo: tool({
    description: 'Says it again', input: z.object({ text: z.string(), times: z.number() }),
    output: z.object({ text: z.string() }), run: ({ text, times }) => ({ structured: { text: text.repeat(times) } }),
  }) },
});
// Trees of before took the token itself.
const declared = () => { try { return app(secret('PUSH_TOKEN')); } catch { return app(process.env.PUSH_TOKEN); } };
export default declared();
`;
}

interface Served {
  server: ServerProcess;
  url: string;
}

async function serve(tree: string, folder: string): Promise<Served> {
  const app = join(folder, 'app.ts');
  writeFileSync(app, appText(tree));
  const [port = 0] = await freePorts(1);
  const variables = [`PORT=${port}`, `SQLITE_PATH=${join(folder, 'store.sqlite')}`, `PUSH_TOKEN=${TOKEN}`];
  const command = [process.execPath, ...HEAP, join(tree, 'src/hosts/cli/cli.ts'), 'start', '--app', app];
  const server = await startProcess('taskset', ['-c', '0', 'env', ...variables, ...command], /\/mcp/);
  const url = `http://127.0.0.1:${port}`;
  for (let first = 0; first < EVENTS; first += 500) {
    const events = Array.from({ length: 500 }, (_, n) => room(first + n));
    const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'application/json', connection: 'close' };
    const answer = await fetch(`${url}/ingest/rooms`, { method: 'POST', headers, body: JSON.stringify(events) });
    if (!answer.ok) throw new Error(`${tree}: push: ${answer.status} ${await answer.text()}`);
    await answer.text();
  }
  return { server, url };
}

function room(n: number): object {
  return { room: `r${n % 20}`, celsius: 20 + (n % 70) / 10, note: `reading ${n} of the long corridor` };
}

function script(name: string): string {
  const { method, params } = CALLS[name] ?? { method: '', params: {} };
  const headers = {
    'Content-Type': 'application/json',
    Accept: 'application/json, text/event-stream',
    'MCP-Protocol-Version': VERSION,
    'Mcp-Method': method,
    ...(params.name === undefined ? {} : { 'Mcp-Name': params.name }),
  };
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta: META } });
  const lines = Object.entries(headers).map(([header, value]) => `wrk.headers["${header}"] = "${value}"`);
  return `wrk.method = "POST"\nwrk.body = [==[${body}]==]\n${lines.join('\n')}\n`;
}

interface Round {
  rate: number;
  /** Microseconds of processor time for one request. */
  costUs: number;
}

async function load({ server, url }: Served, file: string): Promise<Round> {
  const before = processorSeconds(server.pid);
  const { rate } = await runWrk(`${url}/mcp`, file, SECONDS, CONNECTIONS);
  return { rate, costUs: ((processorSeconds(server.pid) - before) * 1e6) / (rate * SECONDS) };
}

/** Events per second of one burst of NDJSON into sqlite, by the tree's own benchmark process. */
async function burst(tree: string, source: string, folder: string, round: number): Promise<Round> {
  const environment = { SQLITE_PATH: join(folder, `burst-${round}.sqlite`) };
  const settings: BurstSettings = { environment, source: { ndjson: source } };
  const file = join(tree, 'test/bench/ingest-process.ts');
  const timed = 'TIMEFORMAT=\'processor %U %S\'; time taskset -c 0 "$@"';
  const args = ['-c', timed, 'bash', process.execPath, ...HEAP, file, JSON.stringify(settings)];
  const { stdout, stderr } = await promisify(execFile)('bash', args);
  const [, user, system] = /processor ([\d.]+) ([\d.]+)/.exec(stderr) ?? [];
  const { events, ms, error } = JSON.parse(stdout) as BurstFigures;
  if (error !== null || events !== NDJSON_EVENTS) throw new Error(`${tree}: ${events} events, ${error}`);
  return { rate: events / (ms / 1_000), costUs: ((Number(user) + Number(system)) * 1e6) / events };
}

function ratioText(sorted: readonly number[]): string {
  return `${median(sorted).toFixed(3)} (${sorted[0]?.toFixed(2)} to ${sorted.at(-1)?.toFixed(2)})`;
}

function show(what: string, before: readonly Round[], after: readonly Round[]): void {
  const ratios = (of: (before: Round, after: Round) => number) =>
    before.map((one, index) => of(one, after[index] ?? one)).toSorted((a, b) => a - b);
  const rate = (rounds: readonly Round[]) => `${Math.round(median(rounds.map((round) => round.rate)))}/s`;
  print(what, [
    ['first, second', `${rate(before)}, ${rate(after)}`],
    ['second : first, by rate', ratioText(ratios((one, two) => two.rate / one.rate)), '≥ 0.95'],
    ['first : second, by processor time', ratioText(ratios((one, two) => one.costUs / two.costUs)), '≥ 0.95'],
  ]);
}

const given = process.argv.slice(2);
const rounds = Number(given.find((text) => /^\d+$/.test(text)) ?? DEFAULT_ROUNDS);
const names = given.filter((text) => text === 'ndjson' || text in CALLS);
const folders = given.filter((text) => !/^\d+$/.test(text) && !names.includes(text)).map((path) => resolve(path));
const [first, second = resolve(import.meta.dirname, '../..')] = folders;
if (first === undefined || folders.length > 2) {
  console.error('node test/bench/compare.ts <folder of the tree before> [<folder of the tree after>] [rounds] [names]');
  process.exit(2);
}
console.log(`first: ${first}\nsecond: ${second}\n${rounds} rounds of ${SECONDS} s`);
const trees = [first, second];
const scratch = trees.map(() => mkdtempSync(join(tmpdir(), 'tidegate-compare-')));
const served: Served[] = [];
try {
  for (const [index, tree] of trees.entries()) served.push(await serve(tree, scratch[index] ?? ''));
  for (const name of Object.keys(CALLS).filter((one) => names.length === 0 || names.includes(one))) {
    const file = join(scratch[0] ?? '', 'script.lua');
    writeFileSync(file, script(name));
    const figures: Round[][] = [[], []];
    for (let round = -1; round < rounds; round += 1) {
      for (const [index, one] of served.entries()) {
        const figure = await load(one, file);
        // The first round only warms up.
        if (round >= 0) figures[index]?.push(figure);
      }
    }
    show(name, figures[0] ?? [], figures[1] ?? []);
  }
  if (names.length === 0 || names.includes('ndjson')) await compareBursts();
} finally {
  await Promise.all(served.map(({ server }) => server.stop()));
  for (const folder of scratch) rmSync(folder, { recursive: true, force: true });
}

async function compareBursts(): Promise<void> {
  const [port = 0] = await freePorts(1);
  const file = join(import.meta.dirname, 'servers', 'ndjson.ts');
  const server = await startProcess(process.execPath, [file, String(port)], /listening/);
  try {
    const source = `http://127.0.0.1:${port}/${NDJSON_EVENTS}`;
    await fetch(source).then((response) => response.arrayBuffer());
    const figures: Round[][] = [[], []];
    for (let round = 0; round < rounds; round += 1) {
      for (const [index, tree] of trees.entries()) {
        figures[index]?.push(await burst(tree, source, scratch[index] ?? '', round));
      }
    }
    show('NDJSON into sqlite', figures[0] ?? [], figures[1] ?? []);
  } finally {
    await server.stop();
  }
}
