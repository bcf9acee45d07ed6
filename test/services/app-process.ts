/** An app that is served by `tidegate start`, as a process of its own on a free port of 127.0.0.1. */
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { compiled } from './compiled.ts';

const CLI = join(import.meta.dirname, '../../src/hosts/cli/cli.ts');
const READY_WITHIN_MS = 90_000;

export interface AppProcess {
  /** Base URL. */
  url: string;
  pid: number;
  /** The end of what it printed. */
  said: () => string;
  /** Ends it without a word, as a crash does. */
  kill: () => Promise<void>;
  /** Ends it as a host does, and waits for it. */
  stop: () => Promise<void>;
}

/**
 * @param app the file whose default export is the app
 * @param environment all that it knows of its surroundings beside `PATH`
 */
export async function startAppProcess(app: string, environment: Record<string, string>): Promise<AppProcess> {
  const env = { PATH: process.env['PATH'] ?? '', HOST: '127.0.0.1', PORT: '0', ...compiled(), ...environment };
  const child = spawn(process.execPath, [CLI, 'start', '--app', app], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  const kill = () => void child.kill('SIGKILL');
  process.once('exit', kill);
  const printed = { end: '' };
  const url = await urlIn(child, printed);
  const ended = async (signal: NodeJS.Signals) => {
    process.removeListener('exit', kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const exited = once(child, 'exit');
    child.kill(signal);
    await exited;
  };
  return {
    url,
    pid: child.pid ?? 0,
    said: () => printed.end,
    kill: () => ended('SIGKILL'),
    stop: () => ended('SIGTERM'),
  };
}

function urlIn(child: ChildProcess, printed: { end: string }): Promise<string> {
  return new Promise((resolve, reject) => {
    const fail = () => reject(new Error(`the app did not start: ${printed.end}`));
    const timer = setTimeout(() => {
      child.kill('SIGKILL');
      fail();
    }, READY_WITHIN_MS);
    const listen = (chunk: Buffer) => {
      printed.end = (printed.end + chunk.toString()).slice(-16_000);
      const [, url] = /serves MCP at (\S+)\/mcp/.exec(printed.end) ?? [];
      if (url === undefined) return;
      clearTimeout(timer);
      resolve(url);
    };
    child.stdout?.on('data', listen);
    child.stderr?.on('data', listen);
    child.once('exit', fail);
  });
}
