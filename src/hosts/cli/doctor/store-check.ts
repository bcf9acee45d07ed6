/**
 * Opens the store, examines all of it, and tries each right with real commits that leave nothing. A sqlite file that is not there yet is
 * not made.
 */
import { accessSync, constants, existsSync, statfsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { APP_TENANT } from '../../../base/principal.ts';
import { driverOf } from '../../../store/driver.ts';
import { DRIVERS } from '../../../store/drivers/open.ts';
import { examine } from '../../../store/examine.ts';
import { isPresent, type Operation, type Store } from '../../../store/store.ts';
import type { DoctorCheck, Examined, DoctorFinding } from './finding.ts';
import { failing } from './run-checks.ts';

/** A disk with less is full soon, bytes. */
const LEAST_FREE = 1_073_741_824;
const TRIED_MS = 60_000;

export const storeCheck: DoctorCheck = {
  name: 'store',
  mostMs: 120_000,
  async run(examined) {
    const { config, app, runtime } = examined;
    if (config === null || app === null)
      return [{ status: 'skip', what: 'not looked at: first mend what stands above' }];
    const driver = driverOf(DRIVERS, config);
    const file = driver.file?.(config.store.values, app.name);
    if (file !== undefined && !existsSync(file)) return notMade(file);
    const store = await driver.open(config.store.values, { app: app.name, runtime });
    examined.store = store;
    const found = await examine(store, runtime.now(), true);
    const findings = found.map(({ error, stops }): DoctorFinding => ({
      ...failing(error),
      status: stops ? 'fail' : 'warn',
    }));
    if (found.some(({ stops }) => stops)) {
      examined.store = null;
      await store.close();
      return findings;
    }
    const where = file === undefined ? store.name : `${store.name} (${file})`;
    findings.push({ status: 'ok', what: `${where} answers, reads and writes` }, await tryRights(store, examined));
    if (file !== undefined) findings.push(freeSpace(file));
    return findings;
  },
};

function notMade(file: string): DoctorFinding[] {
  const folder = existing(dirname(resolve(file)));
  try {
    accessSync(folder, constants.W_OK);
  } catch {
    return [
      {
        status: 'fail',
        what: `${file} cannot be made: this user may not write to ${folder}`,
        fix: 'SQLITE_PATH elsewhere',
      },
    ];
  }
  return [{ status: 'ok', what: `${file} is not there yet; the first start makes it` }, freeSpace(file)];
}

function existing(folder: string): string {
  return existsSync(folder) || dirname(folder) === folder ? folder : existing(dirname(folder));
}

function freeSpace(file: string): DoctorFinding {
  const { bavail, bsize, blocks } = statfsSync(existing(dirname(resolve(file))));
  if (blocks === 0) return { status: 'skip', what: 'the disk does not say how much room it has' };
  const free = bavail * bsize;
  const mib = Math.round(free / 1_048_576).toLocaleString('en');
  if (free >= LEAST_FREE) return { status: 'ok', what: `${mib} MiB are free on its disk` };
  return {
    status: 'warn',
    what: `only ${mib} MiB are free on its disk`,
    fix: 'free some, or declare a shorter retention',
  };
}

/** A record is put, checked and deleted: what a burst needs. It expires by itself should this process be killed. */
async function tryRights(store: Store, { runtime }: Examined): Promise<DoctorFinding> {
  const key = { partition: `${APP_TENANT}/doctor`, id: runtime.newId() };
  const commit = async (operations: Operation[]) => {
    const now = runtime.now();
    const result = await store.commit(operations, { id: runtime.newId(), now, deadline: now + 10_000 });
    if (result.status === 'committed') return result.version;
    throw result.status === 'unknown' ? result.cause : new Error('the store met a conflict that nobody made');
  };
  const expiresAt = runtime.now() + TRIED_MS;
  const version = await commit([{ kind: 'put', ...key, value: { tried: true }, expects: null, expiresAt }]);
  const wasThere = isPresent(await store.get(key, runtime.now()));
  const listed = await store.list(key.partition, { now: runtime.now(), limit: 10 });
  await store.due(`${APP_TENANT}/doctor`, { now: runtime.now(), limit: 1, from: 0 });
  await commit([{ kind: 'delete', ...key, expects: version }]);
  const isGone = !isPresent(await store.get(key, runtime.now()));
  if (wasThere && isGone && listed.records.some(({ id }) => id === key.id)) {
    return { status: 'ok', what: 'a record was put, read, listed and deleted' };
  }
  return {
    status: 'fail',
    what: 'a record that was committed could not be read, or one that was deleted could',
    why: 'reads have to see what was committed: a replica that lags, or a cache, stands in between',
    fix: 'name the primary, and read consistently',
  };
}
