/** The configured store on Node, with the folder that a sqlite file needs. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../base/config/config.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Runtime } from '../../base/runtime.ts';
import { driverOf } from '../../store/driver.ts';
import { DRIVERS } from '../../store/drivers/open.ts';
import { examine, tellFindings } from '../../store/examine.ts';
import type { Store, StoreFinding } from '../../store/store.ts';
import { refuseHalfRestored } from '../../streams/half-restored.ts';

/**
 * Opens the store, asks what is wrong with it, and tells what does not stop the start. A store without room is started with: it
 * can be read, and the sweep of the process frees room.
 * @param isRestoring whether a restore that was broken off is no reason to refuse it
 * @throws TidegateError of what stops it: `invalid_config`, `store_unavailable`, `store_damaged`; `store_full` where it cannot be opened
 */
export async function openNodeStore(
  config: Config,
  runtime: Runtime,
  app: string,
  { isRestoring = false }: { isRestoring?: boolean } = {},
): Promise<Store> {
  const driver = driverOf(DRIVERS, config);
  const { values } = config.store;
  const file = driver.file?.(values, app);
  if (file !== undefined) await makeFolder(dirname(file), driver.fileVariable ?? 'STORE');
  const store = await driver.open(values, { app, runtime });
  const findings = await examine(store, runtime.now());
  tellFindings(
    runtime.log,
    store,
    findings.filter((finding) => !isFatal(finding)),
  );
  const error = findings.find(isFatal)?.error;
  if (error === undefined) {
    const refused = isRestoring ? null : await refuseHalfRestored(store, runtime).catch((thrown: unknown) => thrown);
    if (!refused) return store;
    await store.close();
    throw refused;
  }
  await store.close();
  const mend = error.code === 'store_unavailable' ? driver.address?.(values) : undefined;
  if (mend === undefined) throw error;
  throw new TidegateError(error.code, error.message, {
    hint: error.hint ?? 'look whether it runs, and whether this machine may reach it',
    ...mend,
    cause: error,
  });
}

const isFatal = ({ error, stops }: StoreFinding) => stops && error.code !== 'store_full';

/** @param variable the one that names the file */
async function makeFolder(folder: string, variable: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true });
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new TidegateError('invalid_config', `the folder of ${variable} cannot be made: ${reason}`, {
      field: variable,
      expected: 'a file in a folder that this user may write to',
      cause,
    });
  }
}
