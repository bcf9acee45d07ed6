/** The configured store on Node, with the folder that a sqlite file needs. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../base/config.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { driverOf } from '../../store/driver.ts';
import { DRIVERS } from '../../store/drivers/open.ts';
import type { Store } from '../../store/store.ts';

const REASON_CHARACTERS = 200;
/** What the engines' clients say of an answer that they do not understand. */
const UNSAID = new Set(['', 'undefined', 'UnknownError']);

/** Opens the store and asks it whether it answers. @throws TidegateError `invalid_config` or `store_unavailable`, naming the variable. */
export async function openNodeStore(config: Config, runtime: Runtime, app: string): Promise<Store> {
  const driver = driverOf(DRIVERS, config);
  const { values } = config.store;
  const file = driver.file?.(values, app);
  if (file !== undefined) await makeFolder(dirname(file));
  const store = await driver.open(values, { app, runtime });
  try {
    await store.ping();
    return store;
  } catch (thrown) {
    await store.close();
    const error = asTidegateError(thrown);
    const mend = error.code === 'store_unavailable' ? driver.address?.(values) : undefined;
    if (mend === undefined) throw error;
    throw new TidegateError(error.code, `${error.message}: ${reasonOf(thrown)}`, {
      ...mend,
      hint: 'look whether it runs, and whether this machine may reach it',
      cause: thrown,
    });
  }
}

/** The innermost cause that has a message. The errors around it say only that something failed. */
function reasonOf(thrown: unknown): string {
  let reason = '';
  for (let at: unknown = thrown; at instanceof Error; at = at.cause) reason = at.message || reason;
  const [line = ''] = reason.split('\n', 1);
  return UNSAID.has(line) ? 'what answers there is something else' : line.slice(0, REASON_CHARACTERS);
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
