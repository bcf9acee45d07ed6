/** A full disk under the SQLite file: definite, named, and gone as soon as there is room. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, onTestFinished, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { commitSurely } from '../../../src/store/commit.ts';
import { createSqliteStore } from '../../../src/store/sqlite/store.ts';
import { examine } from '../../../src/store/examine.ts';
import type { Operation } from '../../../src/store/store.ts';
import { temporaryFolder } from '../../hosts/child.ts';
import { mountSmallDisk, noSmallDisk } from '../small-disk.ts';

const MIB = 1_048_576;
const KEPT = 10;
const FULL = { code: 'store_full', hint: expect.stringContaining('make room'), retryAfterMs: expect.any(Number) };
const append = (bytes: number): Operation => ({ kind: 'append', log: 'l', entries: ['x'.repeat(bytes)] });

test.skipIf(noSmallDisk !== null)(`a disk that is full, and has room again (${noSmallDisk ?? 'tmpfs'})`, async () => {
  const disk = mountSmallDisk(40 * MIB);
  onTestFinished(() => disk.remove());
  const path = join(disk.folder, 'store.db');
  const store = createSqliteStore({ path });
  onTestFinished(() => store.close());
  const runtime = systemRuntime(() => {});
  const commit = (bytes: number) => commitSurely(runtime, store, [append(bytes)], runtime.now() + 10_000);

  let written = 0;
  const startedAt = performance.now();
  const fill = async () => {
    for (;;) {
      await commit(100_000);
      written += 1;
    }
  };
  disk.fill();
  await expect(fill()).rejects.toMatchObject({ ...FULL, message: expect.stringMatching(/store\.db.*full/) });
  // Ten seconds were spent here on commits whose fate was said to be unknown.
  expect(performance.now() - startedAt).toBeLessThan(5_000);
  expect(await examine(store, runtime.now())).toMatchObject([{ stops: true, error: { code: 'store_full' } }]);
  // What was acknowledged is there, and reads go on.
  expect((await store.extent('l')).count).toBe(written);

  disk.free();
  expect(await examine(store, runtime.now())).toEqual([]);
  await expect(fill()).rejects.toMatchObject(FULL);
  expect((await store.extent('l')).count).toBe(written);
  expect(written).toBeGreaterThan(100);

  // On the same full disk, what retention lets go makes room for what comes.
  let more = true;
  while (more) ({ more } = await store.trim('l', { now: runtime.now(), keep: KEPT, limit: 20 }));
  for (let n = 0; n < KEPT; n += 1) await commit(100_000);
  expect((await store.extent('l')).count).toBe(2 * KEPT);
});

test.skipIf(process.platform !== 'linux')(
  'a bound of the size of files is as a full disk: definite and named',
  async () => {
    const path = join(temporaryFolder(), 'store.db');
    const worker = join(import.meta.dirname, 'bounded-worker.ts');
    const command = 'ulimit -f 3000; exec "$@"';
    const { stdout } = await promisify(execFile)('bash', ['-c', command, 'bash', process.execPath, worker, path]);
    const told = JSON.parse(stdout) as { answer: string; again: string; taken: number; kept: number };
    expect(told).toMatchObject({ answer: 'store_full', again: 'store_full', kept: told.taken });
    expect(told.taken).toBeGreaterThan(10);
  },
);

test.skipIf(noSmallDisk !== null)('a file that cannot be made for want of room is refused by name', () => {
  const disk = mountSmallDisk(MIB);
  onTestFinished(() => disk.remove());
  disk.fill();
  const path = join(disk.folder, 'store.db');
  expect(() => createSqliteStore({ path })).toThrow(
    expect.objectContaining({ code: 'store_full', field: 'SQLITE_PATH' }),
  );
});
