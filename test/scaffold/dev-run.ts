/** `tidegate dev` of a package, as a process in an app's folder: what it tells, and a change while it serves. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { DevEvent } from '../../src/hosts/cli/init/dev/messages.ts';

export interface DevRun {
  /** From the start to the app that serves, ms. */
  startMs: number;
  /** From a saved change to the next app that serves, ms. */
  changeMs: number;
  /** From Ctrl-C to the end, ms. */
  endMs: number;
  status: number | null;
  /** The version of each app that it served, in turn. */
  served: readonly string[];
  /** Whether the app went on while its file had a mistake. */
  wentOn: boolean;
}

const WAIT_MS = 30_000;

/** @param node the program that runs it. @throws where something does not come */
export async function runDev(
  node: string,
  cli: string,
  folder: string,
  environment: NodeJS.ProcessEnv,
): Promise<DevRun> {
  const startedAt = performance.now();
  const child = spawn(node, [cli, 'dev', '--json'], {
    cwd: folder,
    env: { ...environment, PORT: '0' },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const exited = once(child, 'exit');
  const events: DevEvent[] = [];
  let heard: (() => void) | null = null;
  createInterface({ input: child.stdout }).on('line', (line) => {
    events.push(JSON.parse(line) as DevEvent);
    heard?.();
  });
  const until = async (type: DevEvent['type'], nth: number) => {
    const endsAt = performance.now() + WAIT_MS;
    const found = () => events.filter((event) => event.type === type);
    while (found().length < nth) {
      const left = endsAt - performance.now();
      if (left <= 0) throw new Error(`no ${type}: ${JSON.stringify(events.slice(-5))}`);
      const next = Promise.withResolvers<void>();
      heard = next.resolve;
      const timer = setTimeout(next.resolve, left);
      await next.promise;
      clearTimeout(timer);
    }
  };
  try {
    await until('serving', 1);
    const startMs = performance.now() - startedAt;
    const file = join(folder, 'app.ts');
    const text = readFileSync(file, 'utf8');
    writeFileSync(file, text.replace('export default', 'export defalt'));
    await until('mistake', 1);
    const changedAt = performance.now();
    writeFileSync(file, text.replace("version: '1.0.0'", "version: '1.0.1'"));
    await until('serving', 2);
    const changeMs = performance.now() - changedAt;
    const endedAt = performance.now();
    child.kill('SIGINT');
    const [status] = (await exited) as [number | null];
    const served = events.flatMap((event) => (event.type === 'serving' ? [event.version] : []));
    const wentOn = events.some((event) => event.type === 'mistake' && event.serving);
    return { startMs, changeMs, endMs: performance.now() - endedAt, status, served, wentOn };
  } finally {
    child.kill('SIGKILL');
  }
}
