/** Trims logs to the retention that is declared. Between two runs readers may still see a little more than that. */
import type { DeclaredStream } from '../../declare/stream.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import { isPresent, type Trim } from '../../store/store.ts';
import { entriesBehind, entriesOf, removalEntriesKey } from './removal-entries.ts';
import { isRemoval } from './removals.ts';
import { loggedEvent, streamLog } from './stream-log.ts';
import type { LogScope } from '../scope.ts';

/** Entries removed in one store call. */
const TRIM_ENTRIES = 5_000;

interface TrimReport {
  removed: number;
  /** True: more trimmed entries are still to be removed. Readers do not see them. */
  more: boolean;
}

/**
 * Trims a stream to its declared count and age. Entries of removals count as no events, and drive none out. By count it keeps at least the events that de-duplication searches. By
 * age ids end too: an event that a source gives again after that age is a new event.
 * @param deadline epoch ms, after which the rest waits for the next call
 * @param agesBy epoch ms, of which ages are counted; default: now
 */
export async function trimStream(
  scope: LogScope,
  stream: DeclaredStream,
  deadline: number,
  agesBy?: number,
): Promise<TrimReport> {
  const { store, runtime, tenant } = scope;
  const { events, ageMs } = stream.retention;
  const keep = stream.identified ? Math.max(events, stream.dedupe) : events;
  const log = streamLog(tenant, stream.name);
  const reading = await store.get(removalEntriesKey(tenant, stream.name), runtime.now());
  const { end } = isPresent(reading) ? await store.extent(log) : { end: null };
  if (end === null) return trimLog(scope, log, { keep, ageMs }, deadline, agesBy);
  const kept = { keep: entriesOf(reading, end, keep), ageMs };
  if (ageMs !== null) kept.ageMs = Math.max(ageMs, await ageOfNewest(scope, log, entriesBehind(reading, end)));
  return trimLog(scope, log, kept, deadline, agesBy);
}

/** The age of the newest event behind which entries of removals stand, ms; 0 where none do. It stays, however old it is. */
async function ageOfNewest({ store, runtime }: LogScope, log: string, behind: number): Promise<number> {
  if (behind === 0) return 0;
  const { entries } = await store.last(log, Math.min(behind + 1, READ_LIMIT));
  const newest = entries.findLast((entry) => !isRemoval(loggedEvent.read(entry)));
  return newest === undefined ? 0 : runtime.now() - newest.appendedAt;
}

/** Parameters as of `trimStream`. */
export async function trimLog(
  { store, runtime }: LogScope,
  log: string,
  { keep, ageMs }: { keep: number; ageMs: number | null },
  deadline: number,
  agesBy = runtime.now(),
): Promise<TrimReport> {
  const report: TrimReport = { removed: 0, more: true };
  const now = runtime.now();
  const trim: Trim = { now, keep, limit: TRIM_ENTRIES, ...(ageMs === null ? {} : { appendedBefore: agesBy - ageMs }) };
  while (report.more && runtime.now() < deadline) {
    const { removed, more } = await store.trim(log, trim);
    report.removed += removed;
    report.more = more;
  }
  return report;
}
