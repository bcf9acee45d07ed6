/**
 * The app as a process of its own, in each way in which clients reach it: over HTTP on Node, the same where each request goes to
 * another of three processes, over standard input and output, and over HTTP in workerd. What passes between a client and it is kept.
 */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startAppProcess } from '../services/app-process.ts';
import { startSpread } from '../services/spread.ts';
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
    const { url, stop } = await startAppProcess(APP, { STORE: 'memory', ...environmentOf(beside) });
    return { reach: () => throughProxy(url), close: stop };
  },
  async spread(beside: Beside): Promise<Server> {
    const { url, close } = await startSpread(APP, 'redis', environmentOf(beside));
    return { reach: () => throughProxy(url), close };
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
  return ['workerd', 'spread'].includes(transport) && !available('redis') ? 'redis-server is not installed' : null;
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
