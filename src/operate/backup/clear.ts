/** Removes records and logs of a store: all of them, or a tenant's. Steps that can be repeated; it says how much it removed. */
import { TidegateError } from '../../base/errors.ts';
import { commitSurely } from '../../store/commit.ts';
import { LIST_LIMIT } from '../../store/limits.ts';
import type { Delete, StoredRecord, StoreTransfer } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';

export interface ClearOptions {
  /** Which records, and which logs, are removed. */
  taken: (record: StoredRecord) => boolean;
  logs: (log: string) => boolean;
  progress: (done: number, total: number | null, unit: string) => void;
  /** Ends it between two steps. */
  signal: AbortSignal;
  /** When it has to have ended, epoch ms. Default: never. */
  deadline?: number;
}

const COMMIT_MS = 60_000;
/** How often all is looked through, until a look finds nothing. */
const MOST_LOOKS = 5;

/** @throws TidegateError `cancelled` once the signal says so, or the time is over; what the store throws. Called again it removes what is left. */
export async function clearStore(
  deps: Pick<Deps, 'store' | 'runtime'>,
  transfer: StoreTransfer,
  { taken, logs, progress, signal, deadline = Number.POSITIVE_INFINITY }: ClearOptions,
): Promise<{ records: number; logs: number }> {
  const removed = { records: 0, logs: 0 };
  const told = () => {
    progress(removed.records + removed.logs, null, 'removed');
    if (!signal.aborted && deps.runtime.now() < deadline) return;
    const { records, logs: dropped } = removed;
    throw new TidegateError(
      'cancelled',
      `stopped: ${records} records and ${dropped} logs are removed, and the rest stands`,
      {
        hint: 'the same call again removes what is left',
      },
    );
  };
  for (let looks = 0, found = 1; found > 0 && looks < MOST_LOOKS; looks += 1) {
    found = 0;
    for (let after: string | null = null, more = true; more;) {
      const page: Awaited<ReturnType<StoreTransfer['records']>> = await transfer.records(after, LIST_LIMIT);
      const records = page.records.filter(taken);
      found += records.length;
      removed.records += await removeAll(deps, records);
      told();
      ({ next: after } = page);
      more = after !== null;
    }
  }
  for (let looks = 0, found = 1; found > 0 && looks < MOST_LOOKS; looks += 1) {
    found = 0;
    for (let after: string | null = null, more = true; more;) {
      const page: Awaited<ReturnType<StoreTransfer['logs']>> = await transfer.logs(after, LIST_LIMIT);
      for (const log of new Set(page.logs.filter(logs))) {
        await transfer.drop(log);
        found += 1;
        removed.logs += 1;
        told();
      }
      ({ next: after } = page);
      more = after !== null;
    }
  }
  return removed;
}

/** What changed meanwhile is found by the next look. */
async function removeAll(
  { store, runtime }: Pick<Deps, 'store' | 'runtime'>,
  records: StoredRecord[],
): Promise<number> {
  let removed = 0;
  const { commitOperations: most } = store.limits;
  for (let from = 0; from < records.length; from += most) {
    let deletes = records
      .slice(from, from + most)
      .map(({ partition, id, version }): Delete => ({ kind: 'delete', partition, id, expects: version }));
    while (deletes.length > 0) {
      const result = await commitSurely(runtime, store, deletes, runtime.now() + COMMIT_MS);
      if (result.status === 'committed') {
        removed += deletes.length;
        break;
      }
      const moved = new Set(result.conflicts.map(({ operation }) => operation));
      deletes = deletes.filter((_, index) => !moved.has(index));
    }
  }
  return removed;
}
