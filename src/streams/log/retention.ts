/** Trims logs to the retention that is declared. Between two runs readers may still see a little more than that. */
import type { DeclaredStream } from '../../declare/stream.ts';
import type { Trim } from '../../store/store.ts';
import { streamLog } from './stream-log.ts';
import type { LogScope } from '../scope.ts';

/** Entries removed in one store call. */
const TRIM_ENTRIES = 5_000;

export interface TrimReport {
  removed: number;
  /** True: more trimmed entries are still to be removed. Readers do not see them. */
  more: boolean;
}

/**
 * Trims a stream to its declared count and age. By count it keeps at least the events that de-duplication searches. By
 * age ids end too: an event that a source gives again after that age is a new event.
 * @param deadline epoch ms, after which the rest waits for the next call
 */
export function trimStream(scope: LogScope, stream: DeclaredStream, deadline: number): Promise<TrimReport> {
  const { tenant } = scope;
  const { events, ageMs } = stream.retention;
  const keep = stream.identified ? Math.max(events, stream.dedupe) : events;
  return trimLog(scope, streamLog(tenant, stream.name), { keep, ageMs }, deadline);
}

/** @param deadline epoch ms, after which the rest waits for the next call */
export async function trimLog(
  { store, runtime }: LogScope,
  log: string,
  { keep, ageMs }: { keep: number; ageMs: number | null },
  deadline: number,
): Promise<TrimReport> {
  const report: TrimReport = { removed: 0, more: true };
  const now = runtime.now();
  const trim: Trim = { now, keep, limit: TRIM_ENTRIES, ...(ageMs === null ? {} : { appendedBefore: now - ageMs }) };
  while (report.more && runtime.now() < deadline) {
    const { removed, more } = await store.trim(log, trim);
    report.removed += removed;
    report.more = more;
  }
  return report;
}
