/** What an operator does to a server under load, one after the other, each as the command that an operator would type. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createSqliteStore } from '../../src/store/sqlite/store.ts';
import { decodeCursor } from '../../src/store/cursor.ts';
import type { Fault, Stage } from './faults.ts';

const CLI = join(import.meta.dirname, '../../src/hosts/cli/cli.ts');
const APP = join(import.meta.dirname, 'app.ts');
const LOG = 'public/stream/log';
const SCRATCH = 'public/stream/scratch';
/** Longest until all that a source has came once more, ms. */
const AGAIN_MS = 20_000;

/** Standard output; what went wrong is added to `found`. */
async function typed(args: readonly string[], { source, sqlitePath }: Stage, found: string[]): Promise<string> {
  const env = {
    ...process.env,
    SQLITE_PATH: sqlitePath,
    SOAK_SOURCE: source.origin,
    SOAK_TOKEN: 'a-token-of-the-soak',
    LOG_LEVEL: 'error',
  };
  const child = spawn(process.execPath, [CLI, ...args, '--app', APP], { env, stdio: ['ignore', 'pipe', 'pipe'] });
  let [out, told] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (out += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number];
  if (status !== 0) found.push(`tidegate ${args.join(' ')}: ${status}, ${told.slice(0, 300)}`);
  return out;
}

async function placesOf(path: string, log: string): Promise<number> {
  const store = createSqliteStore({ path });
  const { end } = await store.extent(log);
  await store.close();
  return end === null ? 0 : decodeCursor(end).place;
}

/** The numbers of the items that readers of `scratch` get, oldest first. */
async function numbersOf(stage: Stage, found: string[]): Promise<number[]> {
  const text = await typed(['streams', 'export', 'scratch', '-'], stage, found);
  const lines = text.split('\n').filter((line) => line !== '');
  return lines.flatMap((line) => (JSON.parse(line) as { data: { n?: number } }).data.n ?? []);
}

export const OPERATIONS: readonly Fault[] = [
  {
    name: 'a feed is paused and goes on',
    restarts: false,
    async happen(stage, ms) {
      const found: string[] = [];
      await typed(['feeds', 'pause', 'log'], stage, found);
      await sleep(ms / 4);
      const before = await placesOf(stage.sqlitePath, LOG);
      await sleep(ms / 2);
      const after = await placesOf(stage.sqlitePath, LOG);
      if (after !== before) found.push(`${after - before} events came while the feed was paused`);
      await typed(['feeds', 'resume', 'log'], stage, found);
      return found;
    },
  },
  {
    name: 'a feed is pulled by hand',
    restarts: false,
    async happen(stage) {
      const found: string[] = [];
      const told = await typed(['feeds', 'pull', 'log'], stage, found);
      // The server may be at it, which the command says, with status 1.
      return told.includes('is being run by another process') ? [] : found;
    },
  },
  {
    name: 'a backup is made and restored beside it',
    restarts: false,
    async happen(stage) {
      const found: string[] = [];
      const [file, copy] = [`${stage.sqlitePath}.gz`, `${stage.sqlitePath}.copy`];
      const least = await placesOf(stage.sqlitePath, LOG);
      await typed(['backup', file, '--yes'], stage, found);
      await typed(['restore', file, '--yes'], { ...stage, sqlitePath: copy }, found);
      const most = await placesOf(stage.sqlitePath, LOG);
      const place = await placesOf(copy, LOG);
      if (place < least || place > most)
        found.push(`the copy ends at ${place}, and the log stood between ${least} and ${most}`);
      for (const end of ['', '-wal', '-shm']) rmSync(`${copy}${end}`, { force: true });
      return found;
    },
  },
  {
    name: 'a feed is reset, and begins anew',
    restarts: false,
    async happen(stage) {
      const found: string[] = [];
      const before = await placesOf(stage.sqlitePath, SCRATCH);
      const again = stage.source.size();
      await typed(['feeds', 'reset', 'scratch', '--yes'], stage, found);
      const came = async () => (await placesOf(stage.sqlitePath, SCRATCH)) - before;
      // It has no ids: all that the source has comes once more.
      const deadline = performance.now() + AGAIN_MS;
      while ((await came()) < again && performance.now() < deadline) await sleep(200);
      if ((await came()) < again) found.push(`${await came()} of ${again} items came again after a reset`);
      return found;
    },
  },
  {
    name: 'all events of a stream are deleted',
    restarts: false,
    async happen(stage, ms) {
      const found: string[] = [];
      const newest = Math.max(...(await numbersOf(stage, found)));
      await typed(['streams', 'delete', 'scratch', '--yes'], stage, found);
      await sleep(ms / 4);
      const left = await numbersOf(stage, found);
      const old = left.filter((n) => n <= newest);
      if (old.length > 0) found.push(`${old.length} events are there that were deleted, up to ${newest}`);
      if (left.length === 0) found.push('nothing came after a stream was deleted');
      return found;
    },
  },
  {
    name: 'a key is forgotten',
    restarts: false,
    async happen(stage) {
      const found: string[] = [];
      const key = (await numbersOf(stage, found))[0];
      if (key === undefined) return [...found, 'there was no key to be forgotten'];
      await typed(['streams', 'forget', String(key), '--stream', 'scratch', '--yes'], stage, found);
      const left = await numbersOf(stage, found);
      if (left.includes(key)) found.push(`${key} is there, which was forgotten`);
      if (left.length === 0) found.push('more than a key was forgotten');
      return found;
    },
  },
  {
    name: 'what is stored is counted',
    restarts: false,
    async happen(stage) {
      const found: string[] = [];
      await typed(['migrate', '--dry-run'], stage, found);
      await typed(['tenants', 'list'], stage, found);
      await typed(['feeds', 'list'], stage, found);
      await typed(['streams', 'list'], stage, found);
      return found;
    },
  },
  {
    name: 'a tenant that is not there is removed',
    restarts: false,
    async happen(stage) {
      const found: string[] = [];
      const told = await typed(['tenants', 'delete', 'nobody', '--yes'], stage, found);
      // A name that may be mistyped is told with status 1.
      return told.includes('holds nothing of the tenant nobody') ? [] : found;
    },
  },
];
