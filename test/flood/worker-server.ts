/**
 * The Worker that is flooded: workerd alone on the first core, as it would run the bundle that a deploy uploads, on a Redis of its own
 * behind a REST front. Its last line names the process of workerd, whose end is the end of this one.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { freePorts } from '../../infra/local/server-process.ts';
import { createLog } from '../../src/hosts/log.ts';
import { nodeRuntime } from '../../src/hosts/node/runtime.ts';
import { openStore, readConfig } from '../../src/store/drivers/open.ts';
import { startRedis } from '../services/redis.ts';
import { startUpstash } from '../services/upstash.ts';
import { app } from './app.ts';
import { fillBacklog } from './backlog.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const START_MS = 15_000;
const folder = mkdtempSync(join(tmpdir(), 'tidegate-flood-worker-'));

const redis = await startRedis();
const front = await startUpstash(redis.url);
const variables = {
  STORE: 'redis',
  UPSTASH_REDIS_REST_URL: front.url,
  UPSTASH_REDIS_REST_TOKEN: front.token,
  FLOOD_TOKEN: process.env['FLOOD_TOKEN'] ?? '',
  LOG_LEVEL: 'warn',
};
const runtime = nodeRuntime(createLog('warn'));
const store = await openStore(readConfig(variables, 'redis'), runtime, app.name);
await fillBacklog({ app, store, runtime });
await store.close();

const [port = 0] = await freePorts(1);
bundle();
const workerd = startWorkerd(port);
let isOver = false;
workerd.once('exit', (code, signal) => {
  if (!isOver) console.error(`workerd ended: ${code ?? signal}`);
  void end(isOver ? 0 : 1);
});
process.once('SIGTERM', () => {
  isOver = true;
  workerd.kill('SIGTERM');
});
process.once('exit', () => void workerd.kill('SIGKILL'));
await answers(port, workerd);
console.log(`listening at http://127.0.0.1:${port} in process ${workerd.pid}`);

/** Makes the module that wrangler would upload. */
function bundle(): void {
  const wrangler = join(ROOT, 'node_modules/wrangler/bin/wrangler.js');
  const args = [wrangler, 'deploy', 'test/flood/worker.ts', '--dry-run', `--outdir=${folder}`];
  const env = { ...process.env, WRANGLER_SEND_METRICS: 'false', CI: 'true' };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: ROOT, env, encoding: 'utf8' });
  if (status !== 0) throw new Error(`${stdout}${stderr}`);
}

function startWorkerd(at: number): ChildProcess {
  const bindings = Object.entries(variables).map(
    ([name, text]) => `(name = "${name}", text = ${JSON.stringify(text)})`,
  );
  const config = `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  v8Flags = ["--max-old-space-size=128", "--max-semi-space-size=4"],
  services = [
    (name = "main", worker = (
      modules = [(name = "worker.js", esModule = embed "worker.js")],
      compatibilityDate = "2026-10-01",
      bindings = [${bindings.join(', ')}],
      globalOutbound = "local",
    )),
    (name = "local", network = (allow = ["public", "private", "local"])),
  ],
  sockets = [(name = "http", address = "127.0.0.1:${at}", http = (), service = "main")],
);
`;
  const file = join(folder, 'config.capnp');
  writeFileSync(file, config);
  const program = join(ROOT, 'node_modules/workerd/bin/workerd');
  return spawn('taskset', ['-c', '0', program, 'serve', file], { stdio: ['ignore', 'inherit', 'inherit'] });
}

async function answers(at: number, child: ChildProcess): Promise<void> {
  for (const until = Date.now() + START_MS; Date.now() < until; await pause(50)) {
    const answer = await fetch(`http://127.0.0.1:${at}/readyz`, { signal: AbortSignal.timeout(5_000) }).catch(
      () => null,
    );
    if (answer?.ok) return;
    if (child.exitCode !== null) break;
  }
  throw new Error('the Worker does not answer');
}

async function end(code: number): Promise<void> {
  await Promise.allSettled([front.stop(), redis.stop()]);
  rmSync(folder, { recursive: true, force: true });
  process.exit(code);
}
