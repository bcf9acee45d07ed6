/** The command line as a child process, on a folder of its own, which ends with the test at the latest. */
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { compiled } from '../services/compiled.ts';

const CLI = join(import.meta.dirname, '../../src/hosts/cli/cli.ts');
const OFFLINE = join(import.meta.dirname, 'offline.ts');

export interface Child {
  stdout(): string;
  stderr(): string;
  write(text: string | Uint8Array): void;
  hangUp(): void;
  kill(signal: NodeJS.Signals): void;
  /** The exit status, or the signal that ended it. */
  ended: Promise<number | string>;
  /** The address that it prints. Rejects with what it said instead. */
  url(): Promise<string>;
}

export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-entry-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

/**
 * Nothing of the environment of the tests reaches it but `PATH`. Without a network, wherever it runs.
 * @param cwd default: the folder of the tests
 */
export function runCli(args: readonly string[], variables: Record<string, string> = {}, cwd?: string): Child {
  const env = { PATH: process.env['PATH'] ?? '', PORT: '0', ...compiled(), ...variables };
  const child = spawn(process.execPath, ['--import', OFFLINE, CLI, ...args], { env, cwd });
  onTestFinished(() => stop(child));
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  child.stdin.on('error', () => {});
  const ended = once(child, 'close').then(([code, signal]) => (code ?? signal) as number | string);
  return {
    stdout: () => stdout,
    stderr: () => stderr,
    write: (text) => void child.stdin.write(text),
    hangUp: () => void child.stdin.end(),
    kill: (signal) => void child.kill(signal),
    ended,
    async url() {
      const printed = () => /serves MCP at (\S+)\/mcp/.exec(stdout)?.[1] ?? null;
      await expect.poll(() => printed() ?? child.exitCode, { timeout: 15_000 }).not.toBeNull();
      const url = printed();
      if (url === null) throw new Error(stdout + stderr);
      return url;
    },
  };
}

/** How a process ended that was to refuse its start, and in which words. */
export async function refused(child: Child): Promise<{ status: number | string; words: string }> {
  const status = await child.ended;
  expect(child.stdout()).toBe('');
  // A mistake of the operator's is explained, and no place in our code is shown.
  expect(child.stderr()).not.toMatch(/^ +at /m);
  return { status, words: child.stderr() };
}

async function stop(child: ChildProcessWithoutNullStreams): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const exited = once(child, 'exit');
  child.kill('SIGKILL');
  await exited;
}
