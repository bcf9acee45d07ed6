/** The server under soak: `tidegate start` in a process of its own, which is ended, killed, frozen and started again. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { freePorts } from '../../infra/local/server-process.ts';
import { until } from '../chaos/until.ts';

/** As `npm start` runs. */
const HEAP = ['--max-semi-space-size=4', '--max-old-space-size=512'];
const ROOT = join(import.meta.dirname, '../..');
export const TOKEN = 'a-token-of-the-soak';

export interface Sample {
  /** Of which of the processes, in turn. */
  life: number;
  /** Since the run began, s. */
  at: number;
  rssMiB: number;
  descriptors: number;
}

export interface SoakServer {
  url: string;
  /** What its processes wrote to standard error, the newest part. */
  log(): string;
  start(): Promise<void>;
  /** @returns how it ended: its status or signal */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<string>;
  freeze(): void;
  thaw(): void;
  /** Null while there is no process. */
  sample(): Sample | null;
}

/** @param root of the tree whose release serves. Default: this one */
export async function createServer(sqlitePath: string, sourceOrigin: string, root = ROOT): Promise<SoakServer> {
  const [port = 0] = await freePorts(1);
  const url = `http://127.0.0.1:${port}`;
  const began = performance.now();
  const environment = {
    ...process.env,
    PORT: String(port),
    SQLITE_PATH: sqlitePath,
    SOAK_SOURCE: sourceOrigin,
    SOAK_TOKEN: TOKEN,
    LOG_LEVEL: 'warn',
  };
  let child: ChildProcess | null = null;
  let life = 0;
  let log = '';
  const killWithUs = () => void child?.kill('SIGKILL');
  process.once('exit', killWithUs);
  return {
    url,
    log: () => log,
    async start() {
      const file = join(root, 'test/soak/app.ts');
      const args = [...HEAP, join(root, 'src/hosts/cli/cli.ts'), 'start', '--app', file];
      const started = spawn(process.execPath, args, { env: environment, stdio: ['ignore', 'ignore', 'pipe'] });
      started.stderr?.on('data', (chunk: Buffer) => (log = (log + chunk.toString()).slice(-20_000)));
      child = started;
      life += 1;
      await until(`the server answers\n${log}`, async () => {
        if (started.exitCode !== null) throw new Error(`the server ended with ${started.exitCode}\n${log}`);
        return (await fetch(`${url}/healthz`).catch(() => null))?.ok ?? false;
      });
    },
    async end(signal) {
      const ending = child;
      if (ending === null) return 'none';
      child = null;
      const exited = ending.exitCode === null && ending.signalCode === null ? once(ending, 'exit') : null;
      ending.kill(signal);
      await exited;
      return String(ending.exitCode ?? ending.signalCode);
    },
    freeze: () => void child?.kill('SIGSTOP'),
    thaw: () => void child?.kill('SIGCONT'),
    sample() {
      const pid = child?.pid;
      if (pid === undefined || child?.exitCode !== null) return null;
      const status = readFileSync(`/proc/${pid}/status`, 'utf8');
      return {
        life,
        at: (performance.now() - began) / 1_000,
        rssMiB: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) / 1_024,
        descriptors: readdirSync(`/proc/${pid}/fd`).length,
      };
    },
  };
}
