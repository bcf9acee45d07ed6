/** Runs a client that is a command line, once. */
import { execFile } from 'node:child_process';
import { promisify } from 'node:util';

const run = promisify(execFile);
const MOST_BYTES = 64 * 1024 * 1024;

/** @returns what it printed @throws Error with what it printed where it ended badly */
export async function output(script, args, env = {}) {
  const options = { env: { ...process.env, ...env }, maxBuffer: MOST_BYTES, timeout: 50_000 };
  try {
    return (await run(process.execPath, [script, ...args], options)).stdout;
  } catch (error) {
    throw new Error(`${error.stdout ?? ''}${error.stderr ?? ''}`.trim() || error.message, { cause: error });
  }
}
