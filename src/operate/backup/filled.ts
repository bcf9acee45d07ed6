/**
 * What stands in a store that is to be restored, or is being restored: what every command leaves may stand there, and anything else is
 * of others. Nothing of it is overwritten or taken for a part of the backup.
 */
import { TidegateError } from '../../base/errors.ts';
import { APP_TENANT } from '../../base/principal.ts';
import { auditLogOf } from '../../auth/audit/stream.ts';
import type { App } from '../../declare/app.ts';
import type { StoredRecord, StoreTransfer } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { hintsLog } from '../../streams/hints.ts';
import { PRESENCE_PARTITION } from '../../streams/presence.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { isLogOf, isRecordOf } from './kinds.ts';

/**
 * @param tenant whose data alone count; null: of all
 * @throws TidegateError `invalid_input` where anything of the app is in the store, but for what every command leaves
 */
export async function refuseFilled(
  { store, runtime, app }: Deps,
  transfer: StoreTransfer,
  tenant: string | null,
): Promise<void> {
  const refused = new TidegateError(
    'invalid_input',
    `the ${store.name} store holds data of ${tenant === null ? `the app ${app.name}` : `the tenant ${tenant}`}`,
    {
      field: '--replace',
      expected: `a store that has nothing of ${tenant === null ? 'it' : 'that tenant'}, or --replace, which removes that first`,
      hint: 'nothing was changed',
    },
  );
  const noted = notedLogs(app);
  for (const kind of ['logs', 'records'] as const) {
    for (let after: string | null = null, more = true; more;) {
      const page: {
        logs?: string[];
        records?: StoredRecord[];
        next: string | null;
      } = await transfer[kind](after, 100);
      const live = page.records?.some(
        (record) =>
          (record.expiresAt === null || record.expiresAt > runtime.now()) &&
          !NOTED_RECORDS.has(record.partition) &&
          (tenant === null || isRecordOf(tenant, record)),
      );
      if (
        page.logs?.some((log) => !noted.has(log) && (tenant === null || isLogOf(tenant, log))) === true ||
        live === true
      )
        throw refused;
      ({ next: after } = page);
      more = after !== null;
    }
  }
}

/** Records that commands leave which note something. */
export const NOTED_RECORDS: ReadonlySet<string> = new Set([
  `${APP_TENANT}/clock`,
  `${APP_TENANT}/tenant-work`,
  PRESENCE_PARTITION,
]);

/** Logs in which commands note what was done, also where a restore was refused. */
export function notedLogs(app: App): ReadonlySet<string> {
  const audit = Object.values<string>({ ...auditLogOf(app) });
  return new Set([hintsLog(APP_TENANT), ...audit.map((stream) => streamLog(APP_TENANT, stream))]);
}

export function filledByOthers(what: string): TidegateError {
  return new TidegateError('invalid_input', `others have written to ${what} while it was restored`, {
    field: '--replace',
    expected: 'that no process of the app runs on the store until it is restored',
    hint: 'end the processes, and begin again with --replace',
  });
}
