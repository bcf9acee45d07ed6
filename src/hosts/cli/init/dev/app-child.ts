/** The process of the app, from outside: started, told to serve, told to stop, and ended where it does not stop. */
import { type ChildProcess, spawn } from 'node:child_process';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { FromApp, ToApp } from './messages.ts';

export interface AppChild {
  serve: () => void;
  /** Resolves when it has ended, which it does within `ENDS_MS`. */
  stop: () => Promise<void>;
  kill: () => void;
  /** The exit status, or the signal that ended it. */
  ended: Promise<number | string>;
}

export interface ChildOptions {
  file: string;
  environment: NodeJS.ProcessEnv;
  onMessage: (message: FromApp) => void;
  /** Gets each line that the app writes. Null: it writes to the terminal itself. */
  onOutput: ((to: 'stdout' | 'stderr', line: string) => void) | null;
}

/** How long a process may take to stop, ms: with its end, Ctrl-C stays below a second. */
const ENDS_MS = 600;

/** What Node compiled is kept there, so that a change is served half a second sooner. */
const COMPILED = join(tmpdir(), 'node-compile-cache');

/** Node 22 says with each start that sqlite is an experiment, which says nothing to who writes an app. */
const QUIET = '--disable-warning=ExperimentalWarning';

/** In the published package this file is JavaScript, and so is its neighbour. */
const PROCESS = fileURLToPath(
  new URL(`./app-process${import.meta.url.endsWith('.js') ? '.js' : '.ts'}`, import.meta.url),
);

export function startChild({ file, environment, onMessage, onOutput }: ChildOptions): AppChild {
  const output = onOutput === null ? 'inherit' : 'pipe';
  const child = spawn(process.execPath, [...process.execArgv, QUIET, PROCESS, file], {
    env: { NODE_COMPILE_CACHE: COMPILED, ...environment },
    stdio: ['ignore', output, output, 'ipc'],
  });
  child.on('message', (message) => onMessage(message as FromApp));
  if (onOutput !== null) for (const to of ['stdout', 'stderr'] as const) readLines(child, to, onOutput);
  const ended = new Promise<number | string>((resolve) => {
    child.once('error', (error) => resolve(error.message));
    child.once('exit', (status, signal) => resolve(status ?? signal ?? 'no status'));
  });
  // A process that has ended hears nothing more.
  const send = (message: ToApp) => child.connected && child.send(message, () => {});
  return {
    serve: () => void send({ kind: 'serve' }),
    async stop() {
      send({ kind: 'stop' });
      const timer = setTimeout(() => child.kill('SIGKILL'), ENDS_MS);
      await ended;
      clearTimeout(timer);
    },
    kill: () => void child.kill('SIGKILL'),
    ended,
  };
}

function readLines(
  child: ChildProcess,
  to: 'stdout' | 'stderr',
  onOutput: NonNullable<ChildOptions['onOutput']>,
): void {
  const stream = child[to];
  if (stream !== null) createInterface({ input: stream }).on('line', (line) => onOutput(to, line));
}
