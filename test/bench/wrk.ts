/** wrk on the second core, with a script of its own for what it asks. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';

const MS: Record<string, number> = { us: 0.001, ms: 1, s: 1_000 };

/** @throws Error where an answer was no 2xx: then it is something else that was measured. */
export async function runWrk(
  url: string,
  script: string,
  seconds: number,
  connections: number,
): Promise<{ rate: number; p99Ms: number }> {
  const args = ['--latency', '-t1', `-c${connections}`, `-d${seconds}s`, '-s', script, url];
  const wrk = spawn('taskset', ['-c', '1', 'wrk', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  let output = '';
  wrk.stdout.on('data', (chunk: Buffer) => (output += chunk.toString()));
  await once(wrk, 'close');
  const [, rate] = /Requests\/sec:\s+([\d.]+)/.exec(output) ?? [];
  const [, p99, unit = ''] = /99%\s+([\d.]+)(us|ms|s)\b/.exec(output) ?? [];
  if (rate === undefined || p99 === undefined || /Non-2xx/.test(output)) throw new Error(`wrk: ${output}`);
  return { rate: Number(rate), p99Ms: Number(p99) * (MS[unit] ?? 0) };
}
