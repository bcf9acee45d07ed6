/** Ends what a stream's retention ends. Reads between two runs may still see a little more than is declared. */
import type { DeclaredStream } from '../../declare/stream.ts';
import type { Trim } from '../../store/store.ts';
import { streamLog } from './stream-log.ts';
import type { LogScope } from '../scope.ts';

/** Entries removed in one store call. */
const TRIM_ENTRIES = 5_000;

export interface TrimReport {
  removed: number;
  /** Below the floor there are more to remove; readers do not see them. */
  more: boolean;
}

/**
 * A stream keeps its declared count and age, but never fewer by count than its de-duplication has to search. An age
 * ends ids too: what a source gives again after it is a new event.
 */
export function trimStream(scope: LogScope, stream: DeclaredStream, deadline: number): Promise<TrimReport> {
  const { tenant } = scope;
  const { events, ageMs } = stream.retention;
  const keep = stream.identified ? Math.max(events, stream.dedupe) : events;
  return trimLog(scope, streamLog(tenant, stream.name), { keep, ageMs }, deadline);
}

/** @param deadline epoch ms, after which what is left waits for the next call */
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
