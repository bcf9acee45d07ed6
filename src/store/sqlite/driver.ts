/** The driver `sqlite`: one file on this machine. It works on Node alone, which has `node:sqlite`. */
import * as z from 'zod';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import { NODE_NEEDED } from '../../base/config/node-version.ts';
import type { DriverValues, StoreDriver } from '../driver.ts';
import type * as Sqlite from './store.ts';

const variables = {
  /** Default: a file below `.tidegate` that is named by the app, so that two apps in one folder do not share one. */
  SQLITE_PATH: z
    .string()
    .min(1)
    // SQLite takes these for a database in memory and for a URI, and what guards a file would guard another one.
    .refine((path) => path.trim() !== ':memory:' && !/^file:/i.test(path.trim()), {
      error: 'the path of a file, as /data/app.db; for memory STORE=memory',
    })
    .optional(),
};

/**
 * Typed as a string, so that the import below is no literal and a bundler for a platform without `node:sqlite` does not
 * follow it.
 */
const SQLITE: string = './store.ts';

/** How long an opening waits for the lock of another process, ms, in tries with a pause between them. */
const LOCKED_MS = 5_000;
const PAUSE_MS = 50;

const file = ({ SQLITE_PATH }: DriverValues<typeof variables>, app: string) => SQLITE_PATH ?? `.tidegate/${app}.db`;

export const sqlite: StoreDriver<typeof variables> = {
  name: 'sqlite',
  variables,
  file,
  fileVariable: 'SQLITE_PATH',
  async open(values, { app, runtime }) {
    const { createSqliteStore } = (await import(SQLITE).catch(withoutSqlite)) as typeof Sqlite;
    const options = { path: file(values, app), clock: runtime, openMs: 0 };
    for (let waitedMs = 0; ; waitedMs += PAUSE_MS) {
      try {
        return createSqliteStore(options);
      } catch (thrown) {
        const isLocked = asTidegateError(thrown).code === 'store_unavailable';
        if (!isLocked || waitedMs >= LOCKED_MS) throw thrown;
      }
      await runtime.sleep(PAUSE_MS);
    }
  },
};

function withoutSqlite(cause: unknown): never {
  if ((cause as { code?: string } | null)?.code !== 'ERR_UNKNOWN_BUILTIN_MODULE') throw cause;
  const expected = `redis, dynamodb or memory, or ${NODE_NEEDED}`;
  throw new TidegateError('invalid_config', 'this Node has no node:sqlite, which STORE=sqlite needs', {
    field: 'STORE',
    expected,
    cause,
  });
}
