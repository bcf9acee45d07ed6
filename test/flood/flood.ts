/**
 * A flood: a server of its own on one core with 512 MiB, on the other core connections that mean harm and clients that do
 * not. It tells what the good ones waited, and what became of the server.
 */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { PUSH_TOKEN } from './app.ts';
import type { Asked } from './good.ts';

export interface FloodOptions {
  /** Where the app is served: a process of Node's on sqlite, or workerd on Redis behind a REST front. */
  host: 'node' | 'workerd';
  kinds: readonly string[];
  /** Of those that mean harm. */
  connections: number;
  /** Clients that do not. */
  good: number;
  seconds: number;
}

export interface FloodReport {
  asked: Asked[];
  /** Connections of the hostile side that were closed. */
  closed: number;
  /** The most memory that the server's process had, MiB; its store is elsewhere where `host` is `workerd`. */
  rssMiB: number;
  /** How the server ended before it was told to; null: it did not. */
  ended: string | null;
  /** What it wrote to its log, the end of it. */
  log: string;
}

const MEMORY = ['--max-semi-space-size=4', '--max-old-space-size=512'];
const START_MS = 30_000;
const LISTENS = /listening at \S+:(\d+) in process (\d+)/;
const LOG_CHARACTERS = 200_000;

export async function flood({ host, kinds, connections, good, seconds }: FloodOptions): Promise<FloodReport> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-flood-'));
  const env = {
    PATH: process.env['PATH'] ?? '',
    PORT: '0',
    SQLITE_PATH: join(folder, 'flooded.db'),
    LOG_LEVEL: 'warn',
    FLOOD_TOKEN: PUSH_TOKEN,
  };
  const profile = process.env['FLOOD_PROFILE'];
  const profiling = profile === undefined ? [] : ['--cpu-prof', `--cpu-prof-dir=${profile}`];
  const server =
    host === 'node'
      ? start('0', [...MEMORY, ...profiling, here('server.ts')], env)
      : start('1', [here('worker-server.ts')], env);
  try {
    const [, port = '', pid = ''] = LISTENS.exec(await server.said(LISTENS)) ?? [];
    const side = (...args: string[]) => start('1', [here('client.ts'), ...args], env);
    const clients = side('good', port, String(good));
    await clients.said(/listening/);
    await pause(1_000);
    const hostile = side('hostile', port, String(connections), ...kinds);
    let rssMiB = 0;
    const until = Date.now() + seconds * 1_000;
    while (Date.now() < until && server.child.exitCode === null && server.child.signalCode === null) {
      rssMiB = Math.max(rssMiB, residentMiB(pid));
      await pause(100);
    }
    const { exitCode, signalCode } = server.child;
    const [{ asked }, { closed }] = await Promise.all([
      clients.report(),
      hostile.report().catch(() => ({ closed: -1 })),
    ]);
    const ended = exitCode === null && signalCode === null ? null : `${exitCode ?? signalCode}`;
    return { asked, closed, rssMiB, ended, log: server.errors() };
  } finally {
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function here(file: string): string {
  return join(import.meta.dirname, file);
}

function residentMiB(pid: string): number {
  try {
    const kib = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return Math.round(Number(kib ?? 0) / 1_024);
  } catch {
    return 0;
  }
}

interface Started {
  child: ChildProcess;
  said(pattern: RegExp): Promise<string>;
  errors(): string;
  /** Ends it, and reads its last line. */
  report(): Promise<{ asked: Asked[]; closed: number }>;
  stop(): Promise<void>;
}

function start(core: string, args: readonly string[], env: Record<string, string>): Started {
  const nice = process.env['FLOOD_NICE'] ?? '0';
  const child = spawn('nice', ['-n', nice, 'taskset', '-c', core, process.execPath, ...args], {
    env,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const killWithUs = () => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  child.once('exit', () => process.removeListener('exit', killWithUs));
  let [said, errors] = ['', ''];
  child.stdout?.on('data', (chunk: Buffer) => (said += chunk.toString()));
  child.stderr?.on('data', (chunk: Buffer) => (errors = (errors + chunk.toString()).slice(-LOG_CHARACTERS)));
  async function stop(): Promise<void> {
    if (child.exitCode !== null || child.signalCode !== null) return;
    const ended = once(child, 'close');
    child.kill('SIGTERM');
    const timer = setTimeout(killWithUs, 20_000);
    await ended;
    clearTimeout(timer);
  }
  return {
    child,
    errors: () => errors,
    async said(pattern) {
      for (const until = Date.now() + START_MS; Date.now() < until; await pause(20)) {
        if (pattern.test(said)) return said;
        if (child.exitCode !== null) break;
      }
      throw new Error(`${args.join(' ')} did not start:\n${said}\n${errors}`);
    },
    async report() {
      await stop();
      const line = said.trimEnd().split('\n').at(-1) ?? '';
      if (!line.startsWith('{')) throw new Error(`no report: ${said.slice(-500)} ${errors}`);
      return JSON.parse(line) as { asked: Asked[]; closed: number };
    },
    stop,
  };
}
