/**
 * `migrate`: which versions of records a store holds, and rewrites those of earlier releases. Nothing needs it: a record is upgraded when
 * it is read. It is for before a release that no longer reads a version that its changelog names.
 */
import * as z from 'zod';
import type { StoredValue } from '../../base/codec.ts';
import { subscribed } from '../../deliveries/records/subscribed.ts';
import { commitSurely } from '../../store/commit.ts';
import { transferOf } from '../../store/driver.ts';
import { LIST_LIMIT } from '../../store/limits.ts';
import type { RecordType } from '../../store/record.ts';
import type { Operation, StoredRecord, StoreTransfer } from '../../store/store.ts';
import { waiterRecord } from '../../tasks/waits/waiter.ts';
import { operatorAction } from '../action.ts';
import { table } from '../table.ts';
import { namedKind } from './kinds.ts';

/** Kinds whose form has changed since the first release, with what upgrades them. A feed's is written as its content asks. */
const UPGRADED: ReadonlyMap<string, RecordType<never>> = new Map<string, RecordType<never>>([
  ['subscription', subscribed as unknown as RecordType<never>],
  ['waiters', waiterRecord as unknown as RecordType<never>],
]);

const COMMIT_MS = 60_000;

const Row = z.object({
  kind: z.string(),
  version: z.number(),
  records: z.number(),
  becomes: z.number().nullable().describe('The version that they get; null: they stay as they are'),
});

export const migrateRecords = operatorAction({
  noun: 'migrate',
  verb: '',
  description:
    'Says which versions of records the store holds, and rewrites those that an earlier release wrote in their newest form. No release ' +
    'needs it: old records are read as they are. The app may go on, releases side by side too; called again it goes on.',
  input: z.strictObject({ dryRun: z.boolean().default(false).describe('Count alone') }),
  output: z.object({
    kinds: z.array(Row),
    upgraded: z.number(),
    changed: z.number().describe('Records that the app wrote meanwhile, and that were left to it'),
    dryRun: z.boolean(),
  }),
  effect: 'changes',
  lesser: ({ dryRun }) => (dryRun ? 'reads' : 'changes'),
  only: 'command',
  async run({ dryRun }, { deps, progress, signal }) {
    const { store, runtime } = deps;
    const transfer = await transferOf(store);
    const kinds = new Map<string, z.output<typeof Row>>();
    const done = { upgraded: 0, changed: 0, looked: 0 };
    for (let after: string | null = null, more = true; more;) {
      signal.throwIfAborted();
      const page: Awaited<ReturnType<StoreTransfer['records']>> = await transfer.records(after, LIST_LIMIT);
      const now = runtime.now();
      const live = page.records.filter(({ expiresAt }) => expiresAt === null || expiresAt > now);
      const old = live.filter((record) => count(kinds, record) !== null);
      for (const record of dryRun ? [] : old) {
        const type = UPGRADED.get(namedKind(record.partition).kind);
        if (type === undefined) continue;
        const { expiresAt, due } = record;
        const put: Operation = type.replace(record, type.decode(record.value), { expiresAt, due });
        const { status } = await commitSurely(runtime, store, [put], runtime.now() + COMMIT_MS);
        done[status === 'committed' ? 'upgraded' : 'changed'] += 1;
      }
      progress((done.looked += page.records.length), null, 'records');
      ({ next: after } = page);
      more = after !== null;
    }
    const rows = [...kinds.values()].toSorted((a, b) => (`${a.kind} ${a.version}` < `${b.kind} ${b.version}` ? -1 : 1));
    return { kinds: rows, upgraded: done.upgraded, changed: done.changed, dryRun };
  },
  lines({ kinds, upgraded, changed, dryRun }, _now, width) {
    const old = kinds.filter(({ becomes }) => becomes !== null).reduce((sum, { records }) => sum + records, 0);
    const told =
      old === 0
        ? 'Nothing is needed: all records have the form that this release writes, or one that it leaves as it is.'
        : dryRun
          ? `${old} records would be rewritten.`
          : `${upgraded} records were rewritten${changed === 0 ? '' : `; ${changed} were written by the app meanwhile`}.`;
    const rows = kinds.map(({ kind, version, records, becomes }) => [
      kind,
      String(version),
      String(records),
      becomes === null ? '' : String(becomes),
    ]);
    return [...(rows.length === 0 ? [] : table([['KIND', 'VERSION', 'RECORDS', 'BECOMES'], ...rows], width)), told];
  },
});

/** Counts a record. Answers the version that it is to have; null: it stays. */
function count(kinds: Map<string, z.output<typeof Row>>, { partition, value }: StoredRecord): number | null {
  const { kind } = namedKind(partition);
  const version = versionOf(value);
  const newest = UPGRADED.get(kind)?.version ?? version;
  const becomes = version < newest ? newest : null;
  const row = kinds.get(`${kind} ${version}`) ?? { kind, version, records: 0, becomes };
  row.records += 1;
  kinds.set(`${kind} ${version}`, row);
  return becomes;
}

function versionOf(value: StoredValue): number {
  const named = typeof value === 'object' && !Array.isArray(value) ? value['$v'] : undefined;
  return typeof named === 'number' ? named : 1;
}
