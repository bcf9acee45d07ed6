/**
 * Workers as `wrangler deploy` uploads them: built from the packed package in a folder of an operator's own, with the settings that
 * `tidegate deploy cloudflare` writes.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { createTestHarness } from 'wrangler';
import { workerEntry, wranglerToml } from '../../../src/hosts/platforms/cloudflare-settings.ts';
import { packedPackage } from '../../services/packed.ts';
import { QUEUES, type RunningWorker } from './workerd.ts';

const ROOT = resolve(import.meta.dirname, '../../..');

export interface BuiltWorker {
  /** The file that would be uploaded. */
  file: string;
  /** What wrangler said of it. */
  said: string;
  start: (variables: Record<string, string>) => Promise<RunningWorker>;
  remove: () => void;
}

/** @param app a module of this tree that imports the package by its path in it */
export async function buildDeployed(app: string): Promise<BuiltWorker> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate deployed-'));
  mkdirSync(join(folder, 'node_modules'));
  symlinkSync(await packedPackage(), join(folder, 'node_modules/tidegate'));
  for (const name of ['zod', 'wrangler'])
    symlinkSync(join(ROOT, 'node_modules', name), join(folder, 'node_modules', name));
  const source = readFileSync(join(ROOT, app), 'utf8').replaceAll(/'[./]+\/src\/index\.ts'/g, `'tidegate'`);
  writeFileSync(join(folder, 'app.ts'), source);
  writeFileSync(join(folder, 'worker.ts'), workerEntry('./app.ts'));
  const named = { worker: 'tidegate', auth: 'none', store: 'redis', environment: null };
  writeFileSync(join(folder, 'wrangler.toml'), wranglerToml({ schedule: true, queue: true }, named));
  const wrangler = join(folder, 'node_modules/wrangler/bin/wrangler.js');
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [wrangler, 'deploy', '--dry-run', '--outdir=out', '--env='],
    {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: folder, WRANGLER_SEND_METRICS: 'false', CI: 'true' },
      encoding: 'utf8',
      timeout: 60_000,
    },
  );
  if (status !== 0) throw new Error(stdout + stderr);
  const file = join(folder, 'out/worker.js');
  return {
    file,
    said: stdout,
    start: (variables) => startBuilt(file, variables),
    remove: () => rmSync(folder, { recursive: true, force: true }),
  };
}

async function startBuilt(main: string, vars: Record<string, string>): Promise<RunningWorker> {
  const config = {
    name: 'tidegate-deployed',
    main,
    no_bundle: true,
    compatibility_date: '2026-10-01',
    compatibility_flags: ['nodejs_compat'],
    vars,
    queues: QUEUES,
  };
  const harness = createTestHarness({ root: ROOT, workers: [{ config }] });
  const { url } = await harness.listen();
  return {
    url: url.origin,
    cron: async () => (await harness.getWorker().scheduled({ cron: '* * * * *' })).outcome === 'ok',
    async enqueue(message, options) {
      const { TASKS } = await harness.getWorker<{ TASKS: { send: RunningWorker['enqueue'] } }>().getEnv();
      await TASKS.send(message, options);
    },
    logged: () => harness.getLogs().map(({ message }) => message),
    stop: () => harness.close(),
  };
}
