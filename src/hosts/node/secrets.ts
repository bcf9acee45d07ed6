/**
 * The secrets on Node: those of the environment, or one of this machine's own, made at the first start and kept beside the
 * sqlite file, which everything that shares the data then shares too. Other stores have no place of their own for one.
 */
import { link, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Config } from '../../base/config/config.ts';
import { TidegateError } from '../../base/errors.ts';
import { randomId } from '../../base/runtime.ts';
import type { Secrets } from '../../base/seal.ts';
import { driverOf } from '../../store/driver.ts';
import { DRIVERS } from '../../store/drivers/open.ts';

/**
 * Null: there are none, so nothing can be sealed.
 * @param makes whether one is made where there is none; who only looks makes none
 * @throws TidegateError `invalid_config` for a file that cannot be made or read
 */
export async function nodeSecrets(config: Config, app: string, makes = true): Promise<Secrets | null> {
  if (config.secrets !== null) return config.secrets;
  const driver = driverOf(DRIVERS, config);
  // What was sealed may end with the process, as everything else in that store does.
  if (driver.isVolatile) return { current: newSecret(), previous: null };
  const data = driver.file?.(config.store.values, app);
  if (data === undefined) return null;
  const file = `${data}.secret`;
  try {
    const found = (await read(file)) ?? (makes ? await make(file) : null);
    return found === null ? null : { current: found, previous: null };
  } catch (cause) {
    if (cause instanceof TidegateError) throw cause;
    throw unusable(file, cause instanceof Error ? cause.message : String(cause), cause);
  }
}

const newSecret = () => randomId() + randomId();

async function read(file: string): Promise<string | null> {
  const text = await readFile(file, 'utf8').catch((cause: unknown) => {
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return null;
    throw cause;
  });
  if (text !== null && text.trim().length < 32) throw unusable(file, 'it holds less than 32 characters');
  return text?.trim() ?? null;
}

/** Where two processes start at once, one of them makes the file, whole or not at all, and both read the same secret. */
async function make(file: string): Promise<string> {
  const own = `${file}.${randomId()}`;
  await mkdir(dirname(file), { recursive: true });
  await writeFile(own, `${newSecret()}\n`, { mode: 0o600, flag: 'wx' });
  try {
    await link(own, file).catch((cause: unknown) => {
      if (!(cause instanceof Error && 'code' in cause && cause.code === 'EEXIST')) throw cause;
    });
  } finally {
    await rm(own);
  }
  return (await read(file)) ?? '';
}

function unusable(file: string, reason: string, cause?: unknown): TidegateError {
  return new TidegateError('invalid_config', `the secret in ${file} cannot be used: ${reason}`, {
    field: 'TIDEGATE_SECRET',
    expected: 'to be set, or a file of its own that this user may write and read',
    cause,
  });
}
