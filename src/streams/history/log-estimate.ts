/**
 * What a read of a range would take, from the log's positions and its newest entries, before any of it is read: the most
 * that would be looked at, since keys and filters leave out what was read already. It reads no event of the range.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { utf8Bytes } from '../../base/json.ts';
import { entriesBetween } from '../../store/cursor.ts';
import { arrivesFrom, arrivesUntil, type Range } from './range.ts';
import { streamLog } from '../log/stream-log.ts';
import { durationText } from '../../base/time-text.ts';
import type { Scope } from '../scope.ts';

export interface Estimate {
  /** Events that arrived when those of the range may have. */
  events: number;
  /** Their JSON in UTF-8, if they are like the newest ones. */
  bytes: number;
  /** Calls to the store that the estimate took. */
  storeCalls: number;
}

/** Their size is taken for that of all. */
const SAMPLED = 20;

/**
 * Two calls to the store, side by side; three for a range that ended so long ago that nothing of it can arrive any more.
 * @param lookBackMs what happened so long before the range is read as well
 */
export async function estimateRange(
  { store, runtime, tenant }: Scope,
  stream: DeclaredStream,
  range: Range,
  lookBackMs = 0,
): Promise<Estimate> {
  const log = streamLog(tenant, stream.name);
  const first = arrivesFrom(range);
  const last = arrivesUntil(range, stream);
  const isOpen = last === null || last >= runtime.now();
  const [start, newest, closing] = await Promise.all([
    store.seek(log, first === null ? 0 : first - lookBackMs),
    store.last(log, SAMPLED),
    isOpen ? null : store.seek(log, last + 1),
  ]);
  const end = isOpen ? newest.cursor : closing;
  const events = start === null || end === null ? 0 : Math.max(0, entriesBetween(start, end) ?? 0);
  const sampled = newest.entries.reduce((sum, { value }) => sum + utf8Bytes(JSON.stringify(value)), 0);
  const each = newest.entries.length === 0 ? 0 : sampled / newest.entries.length;
  return { events, bytes: Math.round(events * each), storeCalls: isOpen ? 2 : 3 };
}

/** How to ask for less, in words. */
export function narrowing(
  streams: readonly DeclaredStream[],
  range: Pick<Range, 'to'> & { from: number },
  events: number,
  most: number,
  now: number,
): string {
  const parts = `give maxEvents for an answer in parts, with a cursor`;
  const end = range.to ?? now;
  const lateness = Math.max(...streams.map(({ latenessMs }) => latenessMs));
  // What may come late is looked at behind the end of the range, as far as it has passed.
  const late = range.to === null ? 0 : Math.min(lateness, Math.max(0, now - end));
  const fits = Math.floor(((end - range.from + late) * most) / Math.max(1, events)) - late;
  if (fits < 1_000) {
    return late === 0
      ? parts
      : `${parts}: much of it is what arrived after the range, up to ${durationText(late)} late`;
  }
  return `a range of about ${shortened(fits)} would fit; or ${parts}`;
}

/** In the greatest unit of which there is at least one, rounded down. */
function shortened(ms: number): string {
  const unit = [86_400_000, 3_600_000, 60_000, 1_000].find((size) => ms >= size) ?? 1;
  return durationText(Math.floor(ms / unit) * unit);
}
