/** A backup and a restore of many events, by the commands, on sqlite: time, bytes, and the most memory that each process took. */
import { mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { systemRuntime } from '../../src/base/runtime.ts';
import { transferOf } from '../../src/store/driver.ts';
import { createSqliteStore } from '../../src/store/sqlite/store.ts';
import { loggedEvent, streamLog } from '../../src/streams/log/stream-log.ts';
import { print } from './print.ts';

const EVENTS = Number(process.env['BACKUP_EVENTS'] ?? 1_000_000);
const AT_ONCE = 1_000;
const ROOT = join(import.meta.dirname, '../..');
const APP = join(ROOT, 'test/hosts/cli/operate/operate-app.ts');

export async function benchBackup(): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'tidegate-backup-'));
  try {
    const [from, to, file] = ['from.db', 'to.db', 'all.gz'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    const log = streamLog('public', 'readings');
    await fill(from, log);
    const few = await run(['backup', file], from);
    const restored = await run(['restore', file, '--yes', '--resume'], to);
    const store = createSqliteStore({ path: to });
    const { count } = await store.extent(log);
    await store.close();
    if (count !== EVENTS) throw new Error(`${count} events came back`);
    print(`Backup of ${EVENTS.toLocaleString('en')} events`, [
      ['the store', `${mib(statSync(from).size)} MiB`],
      ['the file', `${mib(statSync(file).size)} MiB`],
      ['backup', `${few.seconds.toFixed(1)} s`],
      ['backup, most memory', `${few.peakMiB.toFixed(0)} MiB`, 'flat'],
      ['restore', `${restored.seconds.toFixed(1)} s`],
      ['restore, most memory', `${restored.peakMiB.toFixed(0)} MiB`, 'flat'],
    ]);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function fill(path: string, log: string): Promise<void> {
  const store = createSqliteStore({ path });
  const transfer = await transferOf(store);
  const runtime = systemRuntime(() => {});
  const [epoch, begun] = [runtime.newId(), runtime.now() - EVENTS];
  for (let place = 0; place < EVENTS; place += AT_ONCE) {
    const entries = Array.from({ length: Math.min(AT_ONCE, EVENTS - place) }, (_, index) => {
      const n = place + index;
      const event = { id: `e${n}`, key: `d${n % 100}`, time: begun + n, data: { device: `d${n % 100}`, n } };
      return { value: loggedEvent.encode(event), appendedAt: begun + n };
    });
    await transfer.fill(log, { epoch, place, entries });
  }
  await store.close();
}

async function run(args: readonly string[], path: string): Promise<{ seconds: number; peakMiB: number }> {
  const begun = performance.now();
  const command = [join(ROOT, 'src/hosts/cli/cli.ts'), ...args, '--app', APP];
  // The kernel's own count of the most that it held.
  const measured = ['--import', `data:text/javascript,${encodeURIComponent(TELL_PEAK)}`, ...command];
  const env = { ...process.env, STORE: 'sqlite', SQLITE_PATH: path, LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, measured, { env, stdio: ['ignore', 'ignore', 'pipe'] });
  let told = '';
  child.stderr.on('data', (chunk: Buffer) => (told += chunk.toString()));
  const [status] = (await once(child, 'close')) as [number];
  if (status !== 0) throw new Error(told);
  const seconds = (performance.now() - begun) / 1_000;
  return { seconds, peakMiB: Number(/^peak (\d+)$/m.exec(told)?.[1]) / 1_024 };
}

const TELL_PEAK = `process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS + '\\n'))`;

function mib(bytes: number): string {
  return (bytes / 1_048_576).toFixed(0);
}
