/** `backup`, `restore`, `resume` and `tenants` as processes: files, statuses, and what happens when one is broken off. */
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { describe, expect, test } from 'vitest';
import { systemRuntime } from '../../../../src/base/runtime.ts';
import { PUBLIC } from '../../../../src/base/principal.ts';
import { createAppStreams } from '../../../../src/calls/streams.ts';
import { createSqliteStore } from '../../../../src/store/sqlite/store.ts';
import { runCli, temporaryFolder } from '../../child.ts';
import app from './operate-app.ts';

const APP = join(import.meta.dirname, 'operate-app.ts');

async function tidegate(args: readonly string[], path: string) {
  const child = runCli([...args, '--app', APP], { STORE: 'sqlite', SQLITE_PATH: path, LOG_LEVEL: 'warn' });
  const status = await child.ended;
  return { status, out: child.stdout(), told: child.stderr() };
}

async function fill(path: string): Promise<void> {
  const store = createSqliteStore({ path });
  const streams = createAppStreams({ app, store, runtime: systemRuntime(() => {}) }, PUBLIC);
  for (let n = 0; n < 20; n += 1) await streams.append('readings', { device: `d${n % 3}`, n });
  await store.close();
}

describe('backups as commands', { timeout: 60_000 }, () => {
  test('a file is made, checked, restored once, and refused where it was cut', async () => {
    const folder = temporaryFolder();
    const [from, to, file] = ['from.db', 'to.db', 'all.gz'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await fill(from);
    const made = await tidegate(['backup', file, '--json'], from);
    expect([made.status, made.told]).toEqual([0, '']);
    expect(JSON.parse(made.out)).toMatchObject({ entries: 20, logs: 1, bytes: statSync(file).size });
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(gunzipSync(readFileSync(file)).toString()).toContain('{"tidegate":"backup","format":1,"app":"operated"');
    expect(readdirSync(folder).filter((name) => name.includes('part'))).toEqual([]);

    const kept = readFileSync(file);
    for (const [name, words, more] of [
      [file, 'is there already', []],
      [from, 'is the store itself', ['--yes']],
    ] as const) {
      const left = await tidegate(['backup', name, ...more], from);
      expect([left.status, left.told]).toEqual([1, expect.stringContaining(words)]);
    }
    expect(readFileSync(file).equals(kept)).toBe(true);
    expect((await tidegate(['backup', file, '--yes'], from)).status).toBe(0);

    const cut = join(folder, 'cut.gz');
    writeFileSync(cut, readFileSync(file).subarray(0, -40));
    const refused = await tidegate(['restore', cut, '--yes'], to);
    expect(refused).toMatchObject({ status: 1, out: '' });
    expect(refused.told).toContain('the backup is damaged or was cut');
    const unasked = await tidegate(['restore', file, '--replace'], to);
    expect([unasked.status, unasked.told]).toEqual([2, expect.stringContaining('add --yes')]);

    const restored = await tidegate(['restore', file], to);
    expect([restored.status, restored.told]).toEqual([0, '']);
    expect(restored.out).toMatch(/^Restored \d+ records and 20 entries of 1 logs, of operated 1, sqlite, tidegate \d/);
    const again = await tidegate(['restore', file, '--yes'], to);
    expect([again.status, again.told]).toEqual([1, expect.stringContaining('holds data of the app operated')]);
    const replaced = await tidegate(['restore', file, '--replace', '--yes', '--json'], to);
    expect([replaced.status, JSON.parse(replaced.out)]).toMatchObject([0, { entries: 20 }]);
    expect(await tidegate(['resume', '--yes'], to)).toMatchObject({ status: 0, out: 'Nothing was held.\n' });
    const tenants = await tidegate(['tenants', 'list'], to);
    expect(tenants.out).toMatch(/^TENANT +RECORDS +LOGS\npublic +\d+ +\d+\n$/);
  });

  test('a restore beside a server is refused, names it, and goes through once it has ended', async () => {
    const folder = temporaryFolder();
    const [from, to, file] = ['from.db', 'to.db', 'all.gz'].map((name) => join(folder, name)) as [
      string,
      string,
      string,
    ];
    await fill(from);
    expect((await tidegate(['backup', file], from)).status).toBe(0);
    const server = runCli(['start', '--app', APP], { STORE: 'sqlite', SQLITE_PATH: to, PORT: '0' });
    await server.url();
    const refused = await tidegate(['restore', file, '--replace', '--yes'], to);
    expect(refused).toMatchObject({ status: 1, out: '' });
    expect(refused.told).toMatch(/the app runs on the sqlite store: process \d+ on .*--even-if-running/s);
    server.kill('SIGTERM');
    await server.ended;
    expect((await tidegate(['restore', file, '--replace', '--yes'], to)).told).toBe('');
  });

  test('standard output gets the backup alone, and nothing is written where there is no room', async () => {
    const folder = temporaryFolder();
    const from = join(folder, 'from.db');
    await fill(from);
    const nowhere = await tidegate(['backup', join(folder, 'none', 'all.gz')], from);
    expect([nowhere.status, nowhere.told]).toEqual([1, expect.stringContaining('cannot be written')]);
    const deleted = await tidegate(['tenants', 'delete', 'public', '--yes'], from);
    expect([deleted.status, deleted.told]).toEqual([
      1,
      expect.stringContaining('public is the tenant of the app itself'),
    ]);
  });
});
