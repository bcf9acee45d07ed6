/** A start where the store has no room: reads go on, and the sweep of this very process frees it. */
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { systemRuntime } from '../../../src/base/runtime.ts';
import { openNodeStore } from '../../../src/hosts/node/store.ts';
import { readConfig } from '../../../src/store/drivers/open.ts';
import { examine } from '../../../src/store/examine.ts';
import { mountSmallDisk, noSmallDisk } from '../../store/small-disk.ts';

const MIB = 1_048_576;

test.skipIf(noSmallDisk !== null)(`a full disk is told, and stops no start (${noSmallDisk ?? 'tmpfs'})`, async () => {
  const disk = mountSmallDisk(8 * MIB);
  onTestFinished(() => disk.remove());
  const config = readConfig({ STORE: 'sqlite', SQLITE_PATH: join(disk.folder, 'store.db') }, 'sqlite');
  const told: unknown[] = [];
  const runtime = systemRuntime((level, message, more) => told.push({ level, message, ...more }));
  const store = await openNodeStore(config, runtime, 'full');
  onTestFinished(() => store.close());
  expect(told).toMatchObject([{ level: 'error', code: 'store_full', message: expect.stringContaining('full') }]);
  expect(await store.last('l', 1)).toMatchObject({ entries: [] });
  expect(await store.trim('l', { now: runtime.now(), keep: 1, limit: 20 })).toMatchObject({ more: false });
  expect(await examine(store, runtime.now())).toMatchObject([{ stops: true, error: { code: 'store_full' } }]);
});
