/**
 * The audit log of a store that is restored. What was done there stays in its place, whatever is replaced, and what the backup has of
 * the log is added behind it: an entry that stands already is not added twice, so an interrupted restore goes on. Where the store has
 * no such log, that of the backup is filled in as every other one.
 */
import { auditLogOf } from '../../auth/audit/stream.ts';
import { canonicalText, digestOf } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Cursor, FilledEntry, RecordKey, StoreTransfer } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { LATEST_FOLLOWER } from '../../streams/log/latest.ts';
import { clearStore } from './clear.ts';
import { namedKind } from './kinds.ts';

/** Entries of a commit: few enough for every engine. */
const AT_ONCE = 50;
const READ_ENTRIES = 1_000;
const COMMIT_MS = 60_000;

export interface KeptAudit {
  /** Whether a log is one that stands there and is kept. */
  has(log: string): boolean;
  /** Whether a record of the backup tells the places of such a log, which are others here: the sweep makes it anew. */
  isIndex(record: RecordKey): boolean;
  /** Adds those entries of the backup that do not stand there. Errors as the store's. */
  add(log: string, entries: readonly FilledEntry[]): Promise<void>;
}

/** Errors as the store's. */
export async function keepAudit(deps: Deps, transfer: StoreTransfer, signal: AbortSignal): Promise<KeptAudit> {
  const { app, store, runtime } = deps;
  const names = new Set(Object.values<string>({ ...auditLogOf(app) }));
  const logs = new Set<string>();
  const indexes = new Set<string>();
  for (let after: string | null = null, more = names.size > 0; more;) {
    const page: Awaited<ReturnType<StoreTransfer['logs']>> = await transfer.logs(after, READ_ENTRIES);
    for (const log of page.logs) {
      const { tenant, kind, rest } = namedKind(log);
      if (kind !== 'stream' || !names.has(rest)) continue;
      logs.add(log);
      for (const index of ['times', 'latest']) indexes.add(`${tenant}/${index}/${rest}`);
    }
    ({ next: after } = page);
    more = after !== null;
  }
  const isIndex = ({ partition, id }: RecordKey) => indexes.has(partition) || (logs.has(id) && isPosition(partition));
  // An interrupted restore may have left those of the backup.
  if (logs.size > 0) {
    await clearStore(deps, transfer, { taken: isIndex, logs: () => false, progress: () => {}, signal });
  }

  let read: { log: string; known: Set<string> } | null = null;
  async function knownOf(log: string): Promise<Set<string>> {
    const known = new Set<string>();
    for (let after: Cursor | null = null, more = true; more;) {
      const page: Awaited<ReturnType<typeof store.read>> = await store.read(log, after, READ_ENTRIES);
      for (const { value } of page.entries) known.add(nameOf(value));
      after = page.cursor;
      more = page.entries.length === READ_ENTRIES;
    }
    return known;
  }

  return {
    has: (log) => logs.has(log),
    isIndex,
    async add(log, entries) {
      if (read?.log !== log) read = { log, known: await knownOf(log) };
      const { known } = read;
      const missing = entries.map(({ value }) => value).filter((value) => !known.has(nameOf(value)));
      for (let from = 0; from < missing.length; from += AT_ONCE) {
        const append = { kind: 'append', log, entries: missing.slice(from, from + AT_ONCE) } as const;
        await commitSurely(runtime, store, [append], runtime.now() + COMMIT_MS);
      }
    },
  };
}

function isPosition(partition: string): boolean {
  const { kind, rest } = namedKind(partition);
  return kind === 'position' && rest === LATEST_FOLLOWER;
}

function nameOf(value: Json): string {
  return digestOf(canonicalText(value));
}
