import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSqliteStore } from '../../src/store/sqlite.ts';
import { storeContract } from './contract.ts';

storeContract('sqlite', {
  async open() {
    const folder = await mkdtemp(join(tmpdir(), 'tidegate-sqlite-'));
    const path = join(folder, 'store.db');
    const store = createSqliteStore({ path });
    const second = createSqliteStore({ path });
    return {
      store,
      second,
      async close() {
        await store.close();
        await second.close();
        await rm(folder, { recursive: true });
      },
    };
  },
});
