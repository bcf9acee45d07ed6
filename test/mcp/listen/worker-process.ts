/** The Worker of these tests in workerd, as a process that ends with the test. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join, resolve } from 'node:path';
import { expect, onTestFinished } from 'vitest';
import { freePorts } from '../../../infra/local/server-process.ts';
import { compiled } from '../../services/compiled.ts';

/** Without a secret there are no sessions. */
const SECRET = 'a secret of a test, which guards nothing';
const ROOT = resolve(import.meta.dirname, '../../..');

/** Answers the URL of its endpoint. */
export async function startWorker(): Promise<URL> {
  const [port = 0] = await freePorts(1);
  const args = [
    join(ROOT, 'infra/local/dev-worker.ts'),
    'test/mcp/listen/worker.ts',
    '--var',
    `TIDEGATE_SECRET:${SECRET}`,
  ];
  const env = { PATH: process.env['PATH'] ?? '', HOME: process.env['HOME'] ?? '', ...compiled(), PORT: String(port) };
  const child = spawn(process.execPath, args, { cwd: ROOT, env, stdio: 'ignore' });
  const ended = once(child, 'exit');
  onTestFinished(async () => {
    const timer = setTimeout(() => void child.kill('SIGKILL'), 10_000);
    child.kill('SIGINT');
    await ended;
    clearTimeout(timer);
  });
  const url = new URL(`http://127.0.0.1:${port}`);
  const ready = () =>
    fetch(new URL('/readyz', url), { signal: AbortSignal.timeout(10_000) }).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(ready, { timeout: 60_000, interval: 300 }).toBe(200);
  return new URL('/mcp', url);
}
