/**
 * Runs a program of another package to its end. It never is on a terminal, so it asks nothing; what it is to be told in secret goes to
 * its standard input. A signal that ends the command ends the program before, and is no failure of the program's.
 */
import { spawn } from 'node:child_process';
import { endsWithUs, isEnding } from './temporary-folder.ts';

interface ProgramCall {
  folder: string;
  environment: NodeJS.ProcessEnv;
  /** Written to its standard input, which is closed then. */
  input?: string;
  /** Takes what it says as it says it. */
  tell?: (text: string) => void;
}

export interface ProgramEnd {
  /** Null: a signal ended it. */
  status: number | null;
  stdout: string;
  stderr: string;
}

/** @param file run by this Node */
export function runProgram(file: string, args: readonly string[], call: ProgramCall): Promise<ProgramEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [file, ...args], {
      cwd: call.folder,
      env: call.environment,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    endsWithUs(child);
    const said = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8').on('data', (text: string) => {
        said[name] += text;
        call.tell?.(text);
      });
    }
    child.on('error', reject);
    child.on('close', (status) => {
      if (!isEnding()) resolve({ status, ...said });
    });
    // It may end before it has read, which its exit status says.
    child.stdin.on('error', () => {});
    child.stdin.end(call.input ?? '');
  });
}
