/** The SQLite file when something else has its hands in it: locks, missing and replaced files, damage, rights. */
import {
  chmodSync,
  copyFileSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import { openDatabase } from '../../../src/store/sqlite/open.ts';
import { sqlite } from '../../../src/store/sqlite/driver.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import { examine } from '../../../src/store/examine.ts';
import type { Store } from '../../../src/store/store.ts';

const runtime = systemRuntime(() => {});
const append = (value: unknown) => [{ kind: 'append', log: 'l', entries: [value as string] }] as const;
const commit = (store: Store, value: unknown, withinMs = 5_000) =>
  commitSurely(runtime, store, append(value), runtime.now() + withinMs);

test('while another process holds the lock, the loop goes on, reads answer, and writers go on in order afterwards', async () => {
  const path = await newFile();
  const store = open(path);
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  let ticks = 0;
  const ticking = setInterval(() => (ticks += 1), 5);
  onTestFinished(() => clearInterval(ticking));
  const commits = Array.from({ length: 50 }, (_, n) => commit(store, n));
  const trimmed = store.trim('l', { now: 0, keep: 100, limit: 10 });
  expect((await store.extent('l')).count).toBe(0);
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(ticks).toBeGreaterThan(5);
  other.exec('ROLLBACK');
  other.close();
  await Promise.all([...commits, trimmed]);
  const { entries } = await store.read('l', null, 100);
  expect(entries.map(({ value }) => value)).toEqual(Array.from({ length: 50 }, (_, n) => n));
});

test.skipIf(process.platform !== 'linux')('a lock that stays is named, with the process that holds it', async () => {
  const path = await newFile();
  const store = createSqliteStore({ path, busyMs: 40 });
  onTestFinished(() => store.close());
  await commit(store, 1);
  const other = new DatabaseSync(path);
  onTestFinished(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const locked = new RegExp(`store\\.db is locked by process ${process.pid} \\(.+\\): database is locked`);
  expect(await examine(store, runtime.now())).toMatchObject([
    {
      stops: true,
      error: { code: 'store_unavailable', message: expect.stringMatching(locked), hint: expect.any(String) },
    },
  ]);
  await expect(commit(store, 2, 200)).rejects.toMatchObject({
    code: 'store_unknown',
    message: expect.stringMatching('database is locked'),
  });
});

test('a file is opened while another process writes to it', async () => {
  const path = await newFile();
  await open(path).close();
  const other = new DatabaseSync(path);
  onTestFinished(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  expect((await createSqliteStore({ path, openMs: 0 }).extent('l')).count).toBe(0);
});

test('a file that another process holds for itself is waited for, without stopping the loop', async () => {
  const path = await newFile();
  await open(path).close();
  const other = new DatabaseSync(path);
  other.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; CREATE TABLE x (n); COMMIT');
  const pauses: number[] = [];
  const sleep = (ms: number) => {
    pauses.push(ms);
    if (pauses.length === 3 && other.isOpen) other.close();
    return Promise.resolve();
  };
  const opening = () => sqlite.open({ SQLITE_PATH: path }, { app: 'a', runtime: { ...runtime, sleep } });
  await (await opening()).close();
  expect(pauses).toHaveLength(3);

  const held = new DatabaseSync(path);
  onTestFinished(() => held.close());
  held.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN IMMEDIATE; CREATE TABLE y (n); COMMIT');
  await expect(opening()).rejects.toMatchObject({ code: 'store_unavailable', field: 'SQLITE_PATH' });
});

test.each([
  ['the file', ''],
  ['its write-ahead log', '-wal'],
])('%s, deleted or replaced, is told at the next ping and by commits', async (_, end) => {
  const path = await newFile();
  const store = open(path);
  await commit(store, 1);
  await store.ping();
  const aside = `${path}${end}-aside`;
  renameSync(path + end, aside);
  const deleted = { code: 'store_damaged', message: `${path}${end} was deleted while it was in use` };
  await expect(store.ping()).rejects.toMatchObject(deleted);
  await expect(
    store.commit(append(2), { id: 'c2', now: runtime.now() + 2_000, deadline: runtime.now() + 9_000 }),
  ).rejects.toMatchObject(deleted);
  copyFileSync(aside, path + end);
  expect(await examine(store, runtime.now())).toMatchObject([
    { stops: true, error: { code: 'store_damaged', message: `${path}${end} was replaced while it was in use` } },
  ]);
  rmSync(path + end);
  renameSync(aside, path + end);
  await store.ping();
});

test('a file that is cut short is told by the next commit and by pings, and stays so when it grows again', async () => {
  const path = await newFile();
  const store = open(path);
  for (let n = 0; n < 200; n += 1) await commit(store, 'x'.repeat(1_000));
  const other = new DatabaseSync(path);
  other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  other.close();
  // A look at the file belongs to each commit, however shortly before the last one was.
  await commit(store, 1);
  truncateSync(path, 8_192);
  const damaged = { code: 'store_damaged', message: `${path} was cut short while it was in use` };
  await expect(commit(store, 2)).rejects.toMatchObject(damaged);
  truncateSync(path, 2_000_000);
  await expect(commit(store, 3)).rejects.toMatchObject(damaged);
  // What it reads may be gone, which SQLite says first.
  await expect(store.ping()).rejects.toMatchObject({ code: 'store_damaged' });
  expect(await examine(store, runtime.now())).toMatchObject([{ stops: true, error: { code: 'store_damaged' } }]);
});

test('a file that is shorter behind a VACUUM is well', async () => {
  const path = await newFile();
  const store = open(path);
  for (let n = 0; n < 200; n += 1) await commit(store, 'x'.repeat(1_000));
  await store.ping();
  await (await store.transfer?.())?.drop('l');
  const before = statSync(path).size;
  const other = new DatabaseSync(path);
  other.exec('PRAGMA wal_checkpoint(TRUNCATE); VACUUM; PRAGMA wal_checkpoint(TRUNCATE)');
  other.close();
  const { size } = statSync(path);
  expect([before > 0, size < 200_000]).toEqual([true, true]);
  await store.ping();
  await commit(store, 1);
});

test('damage is named at the start, with the file, the cause and what to do', async () => {
  const path = await newFile();
  const store = createSqliteStore({ path });
  for (let n = 0; n < 200; n += 1) await commit(store, 'x'.repeat(1_000));
  await store.close();
  const whole = readFileSync(path);
  const start = (bytes: Buffer) => {
    writeFileSync(path, bytes);
    return () => createSqliteStore({ path });
  };
  expect(start(Buffer.from('not a database at all, but long enough to be read as one'.repeat(20)))).toThrow(
    expect.objectContaining({ code: 'invalid_config', message: expect.stringMatching(/store\.db.*not a database/) }),
  );
  const schema = Buffer.from(whole);
  schema.fill(0xff, 100, 4_096);
  expect(start(schema)).toThrow(
    expect.objectContaining({
      code: 'store_damaged',
      field: 'SQLITE_PATH',
      message: expect.stringMatching(/store\.db is damaged: .*malformed/),
      hint: expect.stringContaining('.recover'),
    }),
  );
  // What is damaged further inside is found by the first look, or when it is read.
  const inside = Buffer.from(whole);
  inside.fill(0xff, 40 * 4_096, 120 * 4_096);
  const opened = start(inside)();
  onTestFinished(() => opened.close());
  expect(await examine(opened, 0)).toMatchObject([{ stops: true, error: { code: 'store_damaged' } }]);
  await expect(opened.read('l', null, 1_000)).rejects.toMatchObject({ code: 'store_damaged' });
  expect(await examine(opened, 0, true)).toMatchObject([{ stops: true, error: { code: 'store_damaged' } }]);
});

test('damage that a call meets later is found from then on', async () => {
  const path = await newFile();
  const store = open(path);
  for (let n = 0; n < 200; n += 1) await commit(store, 'x'.repeat(1_000));
  expect(await examine(store, 0)).toEqual([]);
  const other = new DatabaseSync(path);
  other.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  other.close();
  const file = readFileSync(path);
  writeFileSync(path, file.fill(0xff, 40 * 4_096, 120 * 4_096), { flag: 'r+' });
  await expect(store.read('l', null, 1_000)).rejects.toMatchObject({ code: 'store_damaged' });
  expect(await examine(store, 0)).toMatchObject([{ stops: true, error: { code: 'store_damaged' } }]);
});

test('a database of another program, a folder, and a folder that is not there are refused by name', async () => {
  const path = await newFile();
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE records (n); PRAGMA user_version = 1');
  other.close();
  expect(() => createSqliteStore({ path })).toThrow(refused(/store\.db cannot be used: .*(no such|has no column)/));
  mkdirSync(`${path}.d`);
  expect(() => createSqliteStore({ path: `${path}.d` })).toThrow(refused(/EISDIR/));
  expect(() => createSqliteStore({ path: `${path}.nowhere/store.db` })).toThrow(refused(/ENOENT/));
});

test('a write-ahead log that is missing after a kill is told, and can be given up', async () => {
  const path = await newFile();
  const store = open(path);
  await commit(store, 1);
  const copy = await newFile();
  copyFileSync(path, copy);
  copyFileSync(`${path}-shm`, `${copy}-shm`);
  expect(() => createSqliteStore({ path: copy })).toThrow(
    expect.objectContaining({ code: 'store_damaged', message: expect.stringContaining(`${copy}-wal is gone`) }),
  );
  rmSync(`${copy}-shm`);
  expect((await open(copy).extent('l')).count).toBe(0);
});

test.skipIf(process.platform === 'win32')('the files are for their owner alone, also those that were not', async () => {
  const path = await newFile();
  const modes = () => [path, `${path}-wal`, `${path}-shm`].map((file) => statSync(file).mode & 0o777);
  const before = process.umask(0);
  onTestFinished(() => void process.umask(before));
  const first = open(path);
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
  for (const end of ['', '-wal', '-shm']) chmodSync(path + end, 0o664);
  expect(await examine(first, 0)).toMatchObject([{ stops: false, error: { hint: `chmod 600 ${path}` } }]);
  const second = open(path);
  expect(modes()).toEqual([0o600, 0o600, 0o600]);
  expect(await examine(second, 0)).toEqual([]);
});

test('a database that was opened waits for nothing inside SQLite', async () => {
  const { database } = openDatabase(await newFile(), 1_000);
  onTestFinished(() => database.close());
  expect(database.prepare('PRAGMA busy_timeout').get()).toEqual({ timeout: 0 });
});

function refused(reason: RegExp): unknown {
  return expect.objectContaining({
    code: 'invalid_config',
    field: 'SQLITE_PATH',
    message: expect.stringMatching(reason) as string,
  });
}

async function newFile(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'tidegate-sqlite-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'store.db');
}

function open(path: string): Store {
  const store = createSqliteStore({ path });
  onTestFinished(() => store.close());
  return store;
}
