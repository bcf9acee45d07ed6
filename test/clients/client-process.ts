/** A client's script as a child process, which is asked a line at a time. `packages/speak.mjs` and `packages/speak.py` are its other end. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { InstalledClient } from './install.ts';

const LONGEST_MS = 60_000;

/** Where the server is: at a URL, or a program to be started. */
export type Target = { url: string } | { program: string; args: string[]; env: Record<string, string> };

export interface ClientProcess {
  /** @throws Error with what the client said, or that it was silent for a minute */
  ask(method: string, ...params: unknown[]): Promise<unknown>;
  close(): Promise<void>;
}

interface Waiting {
  resolve: (result: unknown) => void;
  reject: (reason: Error) => void;
}

/** Variables of the environment of this process are not passed on, but `PATH` */
export function startClient({ folder, command: [program, ...args] }: InstalledClient): ClientProcess {
  const home = mkdtempSync(join(tmpdir(), 'tidegate-client-'));
  const env = { PATH: process.env['PATH'] ?? '', HOME: home, NO_COLOR: '1' };
  const child = spawn(program, args, { cwd: folder, env, stdio: ['pipe', 'pipe', 'pipe'] });
  const killWithUs = () => void child.kill('SIGKILL');
  process.once('exit', killWithUs);
  const waiting = new Map<number, Waiting>();
  let said = '';
  let asked = 0;
  let over: Error | null = null;

  function end(reason: string): void {
    const why = said.split('\n').filter((line) => /error/i.test(line));
    over = new Error([reason, ...why.slice(0, 3)].join(': '));
    for (const { reject } of waiting.values()) reject(over);
    waiting.clear();
  }

  child.stdin.on('error', () => {});
  child.stderr.on('data', (chunk: Buffer) => (said = (said + chunk.toString()).slice(-4_000)));
  child.on('error', (error) => end(error.message));
  const ended = new Promise<void>((resolve) => {
    child.on('close', (code) => {
      process.removeListener('exit', killWithUs);
      end(`the client's process ended with ${code}`);
      rmSync(home, { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
      resolve();
    });
  });
  createInterface({ input: child.stdout }).on('line', (line) => {
    const { id, result, error } = JSON.parse(line) as { id: number; result?: unknown; error?: string };
    const found = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) found?.resolve(result);
    else found?.reject(new Error(error));
  });

  function ask(method: string, ...params: unknown[]): Promise<unknown> {
    if (over) return Promise.reject(over);
    asked += 1;
    const id = asked;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        waiting.delete(id);
        reject(new Error(`${method} took longer than ${LONGEST_MS} ms`));
      }, LONGEST_MS);
      const done = <Value>(then: (value: Value) => void) => {
        return (value: Value) => {
          clearTimeout(timer);
          then(value);
        };
      };
      waiting.set(id, { resolve: done(resolve), reject: done(reject) });
      child.stdin.write(`${JSON.stringify({ id, method, params })}\n`);
    });
  }

  return {
    ask,
    async close() {
      const timer = setTimeout(killWithUs, 5_000);
      await ask('close').catch(() => null);
      child.stdin.end();
      await ended;
      clearTimeout(timer);
    },
  };
}
