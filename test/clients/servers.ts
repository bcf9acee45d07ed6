/**
 * The app as a process of its own, in each way in which clients reach it: over HTTP on Node, over standard input and output, and
 * over HTTP in workerd. What passes between a client and it is kept.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startScheduledWorker } from '../hosts/workers/scheduled-worker.ts';
import { available } from '../services/available.ts';
import type { Target } from './client-process.ts';
import { startRecorder } from './recorder.ts';
import type { Passed } from './tape.ts';

export interface Reached {
  target: Target;
  passed(): Passed[];
  close(): Promise<void>;
}

export interface Server {
  /** For one client. */
  reach(): Promise<Reached>;
  close(): Promise<void>;
}

const CLI = join(import.meta.dirname, '../../src/hosts/cli/cli.ts');
const APP = join(import.meta.dirname, 'app.ts');
const TEE = join(import.meta.dirname, 'tee.mjs');
const READY_WITHIN_MS = 20_000;

/** What the app's HTTP tool asks, and the broker of its feed. */
export interface Beside {
  upstreamUrl: string;
  brokerUrl: string;
}

function environmentOf({ upstreamUrl, brokerUrl }: Beside): Record<string, string> {
  const TIDEGATE_SECRET = 'a secret of the tests, of 32 characters';
  return { HOST: '127.0.0.1', TIDEGATE_SECRET, UPSTREAM_URL: upstreamUrl, BROKER_URL: brokerUrl };
}

export const TRANSPORTS = {
  async http(beside: Beside): Promise<Server> {
    const env = { PATH: process.env['PATH'] ?? '', PORT: '0', STORE: 'memory', ...environmentOf(beside) };
    const child = spawn(process.execPath, [CLI, 'start', '--app', APP], { env, stdio: ['ignore', 'pipe', 'pipe'] });
    const url = await printedUrl(child);
    return { reach: () => throughProxy(url), close: () => ended(child) };
  },
  async stdio(beside: Beside): Promise<Server> {
    return { reach: () => Promise.resolve(throughTee(environmentOf(beside))), close: async () => {} };
  },
  async workerd(beside: Beside): Promise<Server> {
    const worker = await startScheduledWorker('test/clients/worker.ts', environmentOf(beside));
    return { reach: () => throughProxy(worker.url), close: () => worker.stop() };
  },
} satisfies Record<string, (beside: Beside) => Promise<Server>>;

export type Transport = keyof typeof TRANSPORTS;

/** Why there is no such server on this machine; null: there is. */
export function impossible(transport: Transport): string | null {
  if (!available('mosquitto')) return 'mosquitto is not installed';
  return transport === 'workerd' && !available('redis') ? 'redis-server is not installed' : null;
}

async function throughProxy(url: string): Promise<Reached> {
  const recorder = await startRecorder(url);
  return { target: { url: `${recorder.url}/mcp` }, passed: () => recorder.passed, close: () => recorder.close() };
}

/** Each client starts a server of its own. */
function throughTee(env: Record<string, string>): Reached {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-tee-'));
  const file = join(folder, 'passed');
  const args = [TEE, file, process.execPath, CLI, 'stdio', '--app', APP];
  const all = { PATH: process.env['PATH'] ?? '', STORE: 'memory', LOG_LEVEL: 'error', ...env };
  return {
    target: { program: process.execPath, args, env: all },
    passed: () => (existsSync(file) ? linesOf(readFileSync(file, 'utf8')) : []),
    close: async () => rmSync(folder, { recursive: true, force: true }),
  };
}

function linesOf(text: string): Passed[] {
  const lines = text.split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line) as Passed).filter(({ line }) => line.trim() !== '');
}

function printedUrl(child: ChildProcess): Promise<string> {
  process.once('exit', () => void child.kill('SIGKILL'));
  let said = '';
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`the app did not start: ${said.slice(-1_000)}`));
    const timer = setTimeout(fail, READY_WITHIN_MS);
    const listen = (chunk: Buffer) => {
      said = (said + chunk.toString()).slice(-8_000);
      const [, url] = /serves MCP at (\S+)\/mcp/.exec(said) ?? [];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', fail);
  });
}

async function ended(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGTERM');
  await exited;
}
