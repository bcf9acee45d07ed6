/** The configured store on Node, with the folder that a sqlite file needs. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { type Config, sqliteFile } from '../core/config.ts';
import { asTidegateError, TidegateError } from '../core/errors.ts';
import type { Runtime } from '../core/runtime.ts';
import { openStore } from '../store/open.ts';
import type { Store } from '../store/store.ts';

/** Answers a store that answers. @throws TidegateError `invalid_config` naming the variable, or `store_unavailable`. */
export async function openNodeStore(config: Config, runtime: Runtime, app: string): Promise<Store> {
  if (config.store === 'sqlite') await makeFolder(dirname(sqliteFile(config, app)));
  const store = await openStore(config, runtime, app);
  try {
    await store.ping();
    return store;
  } catch (thrown) {
    await store.close();
    const error = asTidegateError(thrown);
    if (config.store !== 'redis' || error.code !== 'store_unavailable') throw error;
    throw new TidegateError(error.code, error.message, {
      field: 'UPSTASH_REDIS_REST_URL',
      expected: 'the address of a database that answers',
      cause: thrown,
    });
  }
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TidegateError('invalid_config', `the folder of SQLITE_PATH cannot be made: ${reason}`, {
      field: 'SQLITE_PATH',
      expected: 'a file in a folder that this user may write to',
      cause,
    });
  }
}
