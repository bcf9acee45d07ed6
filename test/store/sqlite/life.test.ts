/** The SQLite file when it is another one, or in another state, than the one that was used last. */
import { copyFileSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { backup, DatabaseSync } from 'node:sqlite';
import { describe, expect, onTestFinished, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import { examine } from '../../../src/store/examine.ts';
import type { Store } from '../../../src/store/store.ts';

const runtime = systemRuntime(() => {});
const write = (store: Store, value: string) =>
  commitSurely(runtime, store, [{ kind: 'append', log: 'l', entries: [value] }], runtime.now() + 5_000);

async function folder() {
  const made = await mkdtemp(join(tmpdir(), 'tidegate-life-'));
  onTestFinished(() => rm(made, { recursive: true }));
  mkdirSync(join(made, 'copies'));
  return { path: join(made, 'store.db'), copy: join(made, 'copies', 'store.db') };
}

function open(path: string): Store {
  const store = createSqliteStore({ path });
  onTestFinished(() => store.close());
  return store;
}

/** What the start tells of a file, once. */
async function toldAt(path: string): Promise<string[]> {
  const store = open(path);
  const found = await examine(store, 0);
  expect(found.every(({ stops, error }) => !stops && error.field === 'SQLITE_PATH' && error.hint !== null)).toBe(true);
  expect([store.putBack, await examine(store, 0)]).toEqual([found.length > 0, []]);
  await store.close();
  const again = open(path);
  expect([again.putBack, await examine(again, 0)]).toEqual([false, []]);
  await again.close();
  return found.map(({ error }) => error.message);
}

describe('nothing is told', () => {
  test.each<[string, (path: string) => Promise<void>]>([
    ['of a new file', async () => {}],
    [
      'of a file that was closed',
      async (path) => {
        const store = open(path);
        await write(store, 'a');
        await store.close();
      },
    ],
    [
      'where the process before was killed',
      async (path) => {
        const aside = `${path}-aside`;
        const store = open(path);
        await write(store, 'a');
        // As a kill leaves them: the same file, with its log.
        copyFileSync(`${path}-wal`, `${aside}-wal`);
        renameSync(path, aside);
        await store.close();
        renameSync(aside, path);
        renameSync(`${aside}-wal`, `${path}-wal`);
        rmSync(`${path}-shm`, { force: true });
      },
    ],
    [
      'where one of two processes goes on',
      async (path) => {
        const [first, second] = [open(path), open(path)];
        await first.close();
        await write(second, 'a');
        expect([open(path).putBack, await examine(second, 0)]).toEqual([false, []]);
        await second.close();
      },
    ],
  ])('%s', async (_, use) => {
    const { path } = await folder();
    await use(path);
    expect(await toldAt(path)).toEqual([]);
  });
});

async function inUse() {
  const { path, copy } = await folder();
  const store = open(path);
  for (let n = 0; n < 50; n += 1) await write(store, 'x'.repeat(1_000));
  return { path, copy, store };
}

describe('a copy of a file in use', () => {
  test('without its log is told, with what may be missing and what to do', async () => {
    const { path, copy } = await inUse();
    copyFileSync(path, copy);
    expect(await toldAt(copy)).toEqual([
      `${copy} was copied while it was in use, and is without the ${copy}-wal of that moment: what was written last may be missing`,
    ]);
  });

  test('also where another process that used the file has ended since', async () => {
    const { path, copy } = await inUse();
    const other = open(path);
    await other.close();
    copyFileSync(path, copy);
    expect((await toldAt(copy))[0]).toMatch(/without the .*-wal of that moment/);
  });

  test('also where it is put in the place of the file itself', async () => {
    const { path, copy, store } = await inUse();
    copyFileSync(path, copy);
    await store.close();
    copyFileSync(copy, path);
    expect((await toldAt(path))[0]).toMatch(/without the .*-wal of that moment/);
  });

  test('with its log is looked through and told', async () => {
    const { path, copy } = await inUse();
    for (const end of ['', '-wal']) copyFileSync(path + end, copy + end);
    expect(await toldAt(copy)).toEqual([
      `${copy} and its -wal are copies of files that were in use: what came after they were copied is gone`,
    ]);
    expect((await open(copy).extent('l')).count).toBe(50);
  });

  test('with a log of another moment is refused where that made damage', async () => {
    const { path, copy, store } = await inUse();
    copyFileSync(path, copy);
    const direct = new DatabaseSync(path);
    direct.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    direct.close();
    for (let n = 0; n < 300; n += 1) await write(store, `${n} `.repeat(500));
    copyFileSync(`${path}-wal`, `${copy}-wal`);
    expect(() => createSqliteStore({ path: copy })).toThrow(
      expect.objectContaining({
        code: 'store_damaged',
        field: 'SQLITE_PATH',
        message: expect.stringMatching(/store\.db and .*-wal are of two moments/) as string,
        hint: expect.stringContaining('.backup') as string,
      }),
    );
  });

  test('by a program that knows SQLite is told as well: what came after it is gone', async () => {
    const { path, copy } = await inUse();
    const direct = new DatabaseSync(path);
    await backup(direct, copy);
    direct.close();
    expect(await toldAt(copy)).toHaveLength(1);
    expect((await open(copy).extent('l')).count).toBe(50);
  });
});

async function overwritten() {
  const { path } = await folder();
  const before = open(path);
  for (let n = 0; n < 50; n += 1) await write(before, `a${n}`);
  await before.close();
  const backedUp = readFileSync(path);
  const store = open(path);
  for (let n = 0; n < 300; n += 1) await write(store, `b${n} `.repeat(300));
  writeFileSync(path, backedUp);
  return { path, store };
}

describe('a backup that is written over a database in use', () => {
  test('is told at the next ping, and nothing more is written', async () => {
    const { path, store } = await overwritten();
    const damaged = { code: 'store_damaged', message: `${path} was overwritten while it was in use` };
    await expect(store.ping()).rejects.toMatchObject(damaged);
    const later = { id: 'later', now: runtime.now() + 5_000, deadline: runtime.now() + 9_000 };
    await expect(store.commit([{ kind: 'append', log: 'l', entries: ['c'] }], later)).rejects.toMatchObject(damaged);
  });

  test('is refused at the next start where what was in use is still beside it and made damage', async () => {
    const { path, store } = await overwritten();
    const copy = `${path}-killed`;
    for (const end of ['', '-wal']) copyFileSync(path + end, copy + end);
    await store.close();
    expect(() => createSqliteStore({ path: copy })).toThrow(
      expect.objectContaining({
        code: 'store_damaged',
        message: expect.stringMatching(/and .*-wal are of two moments/) as string,
        hint: expect.stringContaining('without a -wal') as string,
      }),
    );
  });
});

test('a copy of a file that was closed is told to be another file', async () => {
  const { path, copy } = await folder();
  const store = open(path);
  await write(store, 'a');
  await store.close();
  copyFileSync(path, copy);
  expect(await toldAt(copy)).toEqual([
    `${copy} is another file than the one that was used last: if it is a backup, what came after it is gone`,
  ]);
});

test('a file of an earlier release is opened without a word', async () => {
  const { path } = await folder();
  await open(path).close();
  const direct = new DatabaseSync(path);
  direct.exec('PRAGMA application_id = 0');
  direct.close();
  expect(await toldAt(path)).toEqual([]);
});
