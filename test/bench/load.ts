/**
 * What a Worker costs before it answers: the size of its bundle, the time and the processor time of workerd from its start to its
 * first answer, and the processor time of a call when it is warm. Beside it Hono alone. Each start is a process of its own; rounds
 * are interleaved. No call reaches the store.
 */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { onFreePorts, startProcess } from '../../infra/local/server-process.ts';
import { requestOf } from './endpoint.ts';
import { median, print } from './print.ts';
import { processorSeconds } from './processor-time.ts';
import { buildWorker, type Contestant, settingsOf } from './workerd.ts';

const ROOT = join(import.meta.dirname, '../..');
const WORKERD = join(ROOT, 'node_modules/.bin/workerd');
const ROUNDS = 9;
const CALLS = 2_000;
const UNUSED = { UPSTASH_REDIS_REST_URL: 'https://127.0.0.1:9', UPSTASH_REDIS_REST_TOKEN: 'nothing' };
const WORKERS: (Contestant & { unit: string })[] = [
  { name: 'Hono alone', unit: 'hono', main: join(import.meta.dirname, 'servers/workers/echo.ts') },
  {
    name: 'Tidegate, the app that is deployed',
    unit: 'tidegate',
    main: join(ROOT, 'src/hosts/workers/worker.ts'),
    variables: { ...UNUSED, STORE: 'redis', AUTH: 'none', LOG_LEVEL: 'error' },
  },
];

interface Start {
  tookMs: number;
  processorMs: number;
  /** Null where only the start was asked for. */
  callMs: number | null;
}

async function ask(url: string): Promise<void> {
  const answer = await fetch(url, requestOf('tools/list'));
  const text = await answer.text();
  if (!answer.ok || !text.includes('"result"')) throw new Error(`${answer.status} ${text.slice(0, 300)}`);
}

/** @param calls to be asked once it is warm */
async function startOnce(folder: string, module: string, worker: Contestant, calls: number): Promise<Start> {
  return onFreePorts(1, async ([port = 0]) => {
    const file = join(folder, 'load.capnp');
    writeFileSync(file, settingsOf(folder, module, port, worker));
    const url = `http://127.0.0.1:${port}/mcp`;
    const startedAt = performance.now();
    const running = await startProcess(WORKERD, ['serve', '--control-fd=1', file], /"listen"/);
    try {
      await ask(url);
      const start = { tookMs: performance.now() - startedAt, processorMs: processorSeconds(running.pid) * 1_000 };
      if (calls === 0) return { ...start, callMs: null };
      for (let call = 0; call < calls; call += 1) await ask(url);
      const before = processorSeconds(running.pid);
      for (let call = 0; call < calls; call += 1) await ask(url);
      return { ...start, callMs: ((processorSeconds(running.pid) - before) * 1_000) / calls };
    } finally {
      await running.stop();
    }
  });
}

const kib = (size: number) => `${(size / 1_024).toFixed(0)} KiB`;
const ms = (time: number) => `${time.toFixed(0)} ms`;

export async function benchLoad(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-load-'));
  try {
    const built = WORKERS.map((worker) => {
      const own = join(folder, worker.unit);
      mkdirSync(own);
      return { worker, own, module: buildWorker(own, worker), starts: [] as Start[] };
    });
    for (let round = 0; round <= ROUNDS; round += 1) {
      for (const { worker, own, module, starts } of built) {
        const start = await startOnce(own, module, worker, round === ROUNDS ? CALLS : 0);
        // The first round fills the caches of the machine.
        if (round > 0) starts.push(start);
      }
    }
    for (const { worker, own, module, starts } of built) {
      const bytes = readFileSync(join(own, module));
      print(`${worker.name} in workerd, tools/list`, [
        ['the bundle', kib(bytes.length)],
        ['gzipped', kib(gzipSync(bytes).length)],
        ['from a start to its first answer, median', ms(median(starts.map(({ tookMs }) => tookMs)))],
        ['the fastest', ms(Math.min(...starts.map(({ tookMs }) => tookMs)))],
        ['processor time of that, median', ms(median(starts.map(({ processorMs }) => processorMs)))],
        [`processor time of a call, of ${CALLS}`, `${(starts.at(-1)?.callMs ?? 0).toFixed(2)} ms`],
      ]);
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
