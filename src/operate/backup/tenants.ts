/** `tenants list`, `tenants export`, `tenants delete`: what a store holds of each tenant, as one file, and gone. */
import * as z from 'zod';
import { TidegateError } from '../../base/errors.ts';
import { oneLine } from '../../base/plain.ts';
import { APP_TENANT, safePrincipal } from '../../base/principal.ts';
import { givenName, isHashedName } from '../../base/safe-name.ts';
import { auditLogOf } from '../../auth/audit/stream.ts';
import { LIST_LIMIT } from '../../store/limits.ts';
import { transferOf } from '../../store/driver.ts';
import type { StoreTransfer } from '../../store/store.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import type { Deps } from '../../streams/deps.ts';
import { operatorAction } from '../action.ts';
import { table } from '../table.ts';
import { BackupMade, FileInput, linesOfBackup, writeBackup } from './backup.ts';
import { clearStore } from './clear.ts';
import { isLogOf, isOfLogs, isRecordOf, namedKind } from './kinds.ts';

const TenantName = z.string().min(1).describe('The tenant, as tokens and keys name it');

const TenantRow = z.object({ tenant: z.string(), records: z.number(), logs: z.number() });

export const tenantsList = operatorAction({
  noun: 'tenants',
  verb: 'list',
  description:
    'The tenants of which the store holds something, with how many records and logs. It reads all names in the store.',
  input: z.strictObject({}),
  output: z.object({ tenants: z.array(TenantRow) }),
  effect: 'reads',
  each: 'tenants',
  async run(_input, { deps, progress, ofApp }) {
    refuseBound(ofApp);
    const transfer = await transferOf(deps.store);
    const found = new Map<string, z.output<typeof TenantRow>>();
    const rowOf = (tenant: string) => {
      const row = found.get(tenant) ?? { tenant, records: 0, logs: 0 };
      found.set(tenant, row);
      return row;
    };
    let done = 0;
    for (let after: string | null = null, more = true; more;) {
      const page: Awaited<ReturnType<StoreTransfer['records']>> = await transfer.records(after, LIST_LIMIT);
      const now = deps.runtime.now();
      const live = page.records.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
      for (const { partition } of live) rowOf(namedKind(partition).tenant).records += 1;
      progress((done += page.records.length), null, 'records');
      ({ next: after } = page);
      more = after !== null;
    }
    for (let after: string | null = null, more = true; more;) {
      const page: Awaited<ReturnType<StoreTransfer['logs']>> = await transfer.logs(after, LIST_LIMIT);
      for (const log of new Set(page.logs)) rowOf(namedKind(log).tenant).logs += 1;
      ({ next: after } = page);
      more = after !== null;
    }
    const rows = [...found.values()].toSorted((a, b) => (a.tenant < b.tenant ? -1 : 1));
    return { tenants: rows.map((row) => ({ ...row, tenant: givenName(row.tenant) })) };
  },
  lines: ({ tenants }, _now, width) =>
    tenants.length === 0
      ? ['The store is empty.']
      : table(
          [
            ['TENANT', 'RECORDS', 'LOGS'],
            ...tenants.map((row) => [oneLine(row.tenant), String(row.records), String(row.logs)]),
          ],
          width,
        ),
});

export const tenantsExport = operatorAction({
  noun: 'tenants',
  verb: 'export',
  description:
    'Writes all that the store holds of one tenant to a file, in the form of a backup: its own streams, tasks, sessions, keys and ' +
    'subscriptions. Streams that all tenants share are not in it.',
  input: z.strictObject({ name: TenantName, file: FileInput }),
  words: ['name', 'file'],
  output: BackupMade,
  effect: 'reads',
  only: 'command',
  async run({ name, file }, context) {
    const tenant = await nameOf(name);
    if (await holdsAny(context.deps, tenant)) return writeBackup(file, tenant, context);
    throw new TidegateError('not_found', `the store holds nothing of the tenant ${tenant}`, {
      field: 'NAME',
      expected: 'a tenant of tidegate tenants list',
      hint: 'no file was written',
    });
  },
  lines: (made) => linesOfBackup(made),
});

export const tenantsDelete = operatorAction({
  noun: 'tenants',
  verb: 'delete',
  description:
    'Removes all that the store holds of one tenant: its own streams, tasks, sessions, keys, subscriptions and waits. What it published ' +
    'to streams that all tenants share stays: streams forget removes that. Nobody may call in its name meanwhile: revoke tokens first. ' +
    'Called again it removes what is left.',
  input: z.strictObject({
    name: TenantName,
    keepAudit: z.boolean().default(false).describe('Keep the audit log of the tenant'),
    confirm: z
      .string()
      .optional()
      .describe('The name once more, which the tool needs; the command asks, or takes --yes'),
  }),
  words: ['name'],
  output: z.object({
    tenant: z.string(),
    records: z.number(),
    logs: z.number(),
    stays: z.array(z.string()).describe('Shared streams, in which events of the tenant may be'),
  }),
  effect: 'destroys',
  failed: ({ records, logs }) => (records + logs === 0 ? 'not_found' : null),
  warning: ({ name }) => `All that the store holds of the tenant ${name} is removed for good.`,
  async run({ name, keepAudit, confirm = null }, { deps, progress, signal, deadline, ofApp, files }) {
    refuseBound(ofApp);
    // Who has files called by the command, which has asked.
    if (confirm === null ? files === null : confirm !== name) {
      throw new TidegateError('invalid_input', `nothing was removed: ${name} has to be confirmed`, {
        field: 'confirm',
        expected: 'the name of the tenant once more',
      });
    }
    const tenant = await nameOf(name);
    const kept = keepAudit
      ? Object.values(auditLogOf(deps.app) ?? {}).map((stream: string) => streamLog(tenant, stream))
      : [];
    const removed = await clearStore(deps, await transferOf(deps.store), {
      taken: (record) => isRecordOf(tenant, record) && !(keepAudit && isOfLogs(record.partition, record.id, kept)),
      logs: (log) => isLogOf(tenant, log) && !kept.includes(log),
      progress,
      signal,
      deadline,
    });
    const shared = [...deps.app.streams.values()].filter(({ tenants }) => tenants === 'shared');
    return { tenant, ...removed, stays: shared.map((stream) => stream.name) };
  },
  lines: ({ tenant, records, logs, stays }) => [
    records + logs === 0
      ? `The store holds nothing of the tenant ${tenant}: tidegate tenants list says of whom it does.`
      : `Removed ${records} records and ${logs} logs of the tenant ${tenant}.`,
    ...(stays.length === 0 ? [] : [`Streams that all tenants share stay as they are: ${stays.join(', ')}.`]),
  ],
});

/** @throws TidegateError `invalid_input` for an operator of one tenant, as a tool may have for caller */
function refuseBound(ofApp: boolean): void {
  if (ofApp) return;
  throw new TidegateError('invalid_input', 'what a store holds of tenants is not for an operator of one of them', {
    field: 'tenant',
    expected: `an operator of the tenant ${APP_TENANT}, or the command`,
  });
}

/** Ends at the first that is found. */
async function holdsAny({ store, runtime }: Deps, tenant: string): Promise<boolean> {
  const transfer = await transferOf(store);
  for (let after: string | null = null, more = true; more;) {
    const page: Awaited<ReturnType<StoreTransfer['logs']>> = await transfer.logs(after, LIST_LIMIT);
    if (page.logs.some((log) => isLogOf(tenant, log))) return true;
    ({ next: after } = page);
    more = after !== null;
  }
  for (let after: string | null = null, more = true; more;) {
    const page: Awaited<ReturnType<StoreTransfer['records']>> = await transfer.records(after, LIST_LIMIT);
    const now = runtime.now();
    const isLive = ({ expiresAt }: { expiresAt: number | null }) => expiresAt === null || expiresAt > now;
    if (page.records.some((record) => isLive(record) && isRecordOf(tenant, record))) return true;
    ({ next: after } = page);
    more = after !== null;
  }
  return false;
}

/** @throws TidegateError `invalid_input` for the app's own tenant, whose data all tenants share */
async function nameOf(name: string): Promise<string> {
  // As `tenants list` shows it.
  const { tenant } = isHashedName(name) ? { tenant: name } : await safePrincipal({ tenant: name, subject: name });
  if (tenant !== APP_TENANT) return tenant;
  throw new TidegateError(
    'invalid_input',
    `${APP_TENANT} is the tenant of the app itself, whose data all tenants share`,
    {
      field: 'NAME',
      expected: 'another tenant: tidegate tenants list',
      hint: 'tidegate backup writes all, and tidegate streams delete removes a stream',
    },
  );
}
