import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { expect, onTestFinished, test, vi } from 'vitest';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import type { Cursor, Store } from '../../../src/store/store.ts';
import { storeContract } from '../../../src/store/contract/suite.ts';

storeContract('sqlite', {
  async open() {
    const path = await newFile();
    const opened: Store[] = [];
    const openIt = () => {
      const store = createSqliteStore({ path });
      opened.push(store);
      return store;
    };
    const close = async () => {
      for (const store of opened.splice(0)) await store.close();
    };
    return {
      store: openIt(),
      second: openIt(),
      async reopen() {
        await close();
        return openIt();
      },
      close,
    };
  },
});

test('processes that open a new file together and write to it lose nothing', async () => {
  const path = await newFile();
  const names = ['a', 'b', 'c', 'd'];
  const ends = await Promise.all(names.map((name) => startWorker(path, name, 40).ended));
  expect(ends).toEqual(names.map(() => 0));
  const { sum, entries } = await contents(path);
  expect(entries.toSorted()).toEqual(
    names.flatMap((n) => Array.from({ length: 40 }, (_, i) => `${n}:${i}`)).toSorted(),
  );
  expect(sum).toBe(160);
});

test('a process that is killed while it writes leaves whole commits, and the others go on', async () => {
  const path = await newFile();
  const killed = startWorker(path, 'killed', 100_000);
  const other = startWorker(path, 'other', 100);
  await killed.opened;
  const reader = open(path);
  await expect.poll(() => reader.extent('l').then((extent) => extent.count), { timeout: 10_000 }).toBeGreaterThan(20);
  killed.kill();
  expect(await killed.ended).toBeNull();
  expect(await other.ended).toBe(0);
  const { sum, entries } = await contents(path);
  expect(sum).toBe(entries.length);
  expect(entries.filter((entry) => entry.startsWith('other'))).toHaveLength(100);
});

// SQLite before 3.51 does not notice that its locks are gone, and then removes the write-ahead log under the others.
test.skipIf(process.platform !== 'linux')('SQLite keeps its lock on the file while stores come and go', async () => {
  const path = await newFile();
  const first = open(path);
  await first.commit([{ kind: 'append', log: 'l', entries: [1] }], { id: 'c', now: 0, deadline: 1 });
  await createSqliteStore({ path }).close();
  await first.ping();
  await first.commit([{ kind: 'append', log: 'l', entries: [2] }], { id: 'd', now: 2_000, deadline: 9_000 });
  const ours = `${process.pid} \\S+:${statSync(path).ino} `;
  expect(readFileSync('/proc/locks', 'utf8')).toMatch(new RegExp(`POSIX +ADVISORY +READ +${ours}`));
  await first.close();
  expect(readFileSync('/proc/locks', 'utf8')).not.toMatch(new RegExp(ours));
});

test('what was committed is there when the file is opened again', async () => {
  const path = await newFile();
  const first = createSqliteStore({ path });
  await first.commit([{ kind: 'append', log: 'l', entries: ['kept'] }], { id: 'c', now: 0, deadline: 1 });
  await first.close();
  expect((await contents(path)).entries).toEqual(['kept']);
});

test('after closing, reads say that the store is unavailable and a commit is unknown', async () => {
  const store = createSqliteStore({ path: await newFile() });
  await store.close();
  await store.close();
  await expect(store.get({ partition: 'p', id: 'a' }, 0)).rejects.toMatchObject({ code: 'store_unavailable' });
  const commit = store.commit([{ kind: 'append', log: 'l', entries: [1] }], { id: 'c', now: 0, deadline: 1 });
  expect(await commit).toMatchObject({ status: 'unknown' });
});

test('while another process holds the file too long a commit is unknown, and nothing is written', async () => {
  const path = await newFile();
  const store = createSqliteStore({ path, busyMs: 20 });
  onTestFinished(() => store.close());
  const other = new DatabaseSync(path);
  other.exec('BEGIN IMMEDIATE');
  const append = [{ kind: 'append', log: 'l', entries: [1] }] as const;
  expect(await store.commit(append, { id: 'c', now: 0, deadline: 100 })).toMatchObject({ status: 'unknown' });
  // Readers do not wait for writers.
  expect((await store.extent('l')).count).toBe(0);
  other.close();
  expect(await store.commit(append, { id: 'c', now: 0, deadline: 1 })).toMatchObject({ status: 'committed' });
});

test('what SQLite refuses of what it was given is a fault of ours, not a store that is away', async () => {
  const path = await newFile();
  const store = open(path);
  const options = { id: 'c', now: 0, deadline: 1 };
  const other = new DatabaseSync(path);
  other.exec('DROP TABLE entries');
  const append = store.commit([{ kind: 'append', log: 'l', entries: [1] }], options);
  await expect(append).rejects.toMatchObject({ code: 'internal' });
  other.exec('CREATE TABLE entries (log INTEGER CHECK (log < 0), place INTEGER, appended_at INTEGER, value TEXT)');
  const constraint = store.commit([{ kind: 'append', log: 'l', entries: [1] }], options);
  await expect(constraint).rejects.toMatchObject({ code: 'internal' });
  expect((await store.extent('l')).end).toBeNull();
  other.exec('DROP TABLE records');
  await expect(store.get({ partition: 'p', id: 'a' }, 0)).rejects.toMatchObject({ code: 'internal' });
  other.close();
});

test('a file of another schema is refused by name, and left as it was', async () => {
  const path = await newFile();
  const other = new DatabaseSync(path);
  other.exec('PRAGMA user_version = 99');
  expect(() => createSqliteStore({ path })).toThrow(
    expect.objectContaining({ code: 'invalid_config', field: 'SQLITE_PATH' }),
  );
  expect(other.prepare('SELECT count(*) AS n FROM sqlite_schema').get()).toEqual({ n: 0 });
  other.close();
});

test('a file of another program is refused, and not a byte of it is changed', async () => {
  const path = await newFile();
  const other = new DatabaseSync(path);
  other.exec('CREATE TABLE bills (id INTEGER PRIMARY KEY)');
  other.close();
  const before = readFileSync(path);
  expect(() => createSqliteStore({ path })).toThrow(
    expect.objectContaining({
      code: 'invalid_config',
      field: 'SQLITE_PATH',
      message: expect.stringContaining('another program') as string,
    }),
  );
  expect(readFileSync(path).equals(before)).toBe(true);
});

test('no statement scans a table: none depends on how much is stored', async () => {
  const prepare = vi.spyOn(DatabaseSync.prototype, 'prepare');
  const path = await newFile();
  open(path);
  const statements = prepare.mock.calls.map(([sql]) => sql).filter((sql) => /^(SELECT|UPDATE|DELETE)/.test(sql));
  prepare.mockRestore();
  expect(statements.length).toBeGreaterThanOrEqual(14);
  const database = new DatabaseSync(path);
  onTestFinished(() => database.close());
  for (const sql of statements) {
    const plan = database.prepare(`EXPLAIN QUERY PLAN ${sql}`).all();
    const steps = plan.map((row) => String(row['detail'])).join('; ');
    expect(`${sql}: ${steps}`).not.toMatch(/: .*(SCAN (?!CONSTANT)|TEMP B-TREE)/);
  }
});

async function newFile(): Promise<string> {
  // These tests do not test the disk. On a folder in memory, where the machine has one, hundreds of commits take no time.
  const folder = await mkdtemp(join(existsSync('/dev/shm') ? '/dev/shm' : tmpdir(), 'tidegate-sqlite-'));
  onTestFinished(() => rm(folder, { recursive: true }));
  return join(folder, 'store.db');
}

function open(path: string): Store {
  const store = createSqliteStore({ path });
  onTestFinished(() => store.close());
  return store;
}

function startWorker(path: string, name: string, rounds: number) {
  const script = join(import.meta.dirname, 'worker.ts');
  const child = spawn(process.execPath, ['--no-warnings', script, path, name, String(rounds)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const ended = once(child, 'exit').then(([code]) => code as number | null);
  return { opened: once(child.stdout, 'data'), ended, kill: () => child.kill('SIGKILL') };
}

async function contents(path: string): Promise<{ sum: unknown; entries: string[] }> {
  const store = open(path);
  const entries: string[] = [];
  let cursor: Cursor | null = null;
  for (;;) {
    const page = await store.read('l', cursor, 1_000);
    if (page.entries.length === 0) break;
    entries.push(...page.entries.map((entry) => entry.value as string));
    cursor = page.cursor;
  }
  return { sum: (await store.get({ partition: 'p', id: 'sum' }, 0)).value, entries };
}
