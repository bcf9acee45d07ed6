/**
 * Estimates how much a read of a range would look at, from the log's positions and its newest entries. It is an upper
 * bound that ignores keys and filters, because those leave out events only after they were read. It does not read the
 * range.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { utf8Bytes } from '../../base/json.ts';
import { entriesBetween } from '../../store/cursor.ts';
import { arrivesFrom, arrivesUntil, type Range } from './range.ts';
import { streamLog } from '../log/stream-log.ts';
import { durationText } from '../../base/time-text.ts';
import type { Scope } from '../scope.ts';

export interface Estimate {
  /** Events that arrived while events of the range may have arrived. */
  events: number;
  /** Bytes of their JSON in UTF-8, if they are as large as the newest ones. */
  bytes: number;
  /** Store calls that the estimate took. */
  storeCalls: number;
}

/** How many of the newest entries are measured. Their mean size stands for that of all. */
const SAMPLED = 20;

/**
 * Takes two store calls at once, or three for a range that ended so long ago that no event of it can still arrive.
 * @param lookBackMs how long before the range the read begins, ms
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

/** Says in words how to ask for less. */
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
  // The read also looks at the entries after the range, in case they are late, as far as that time has passed.
  const late = range.to === null ? 0 : Math.min(lateness, Math.max(0, now - end));
  const fits = Math.floor(((end - range.from + late) * most) / Math.max(1, events)) - late;
  if (fits < 1_000) {
    return late === 0
      ? parts
      : `${parts}: much of it is what arrived after the range, up to ${durationText(late)} late`;
  }
  return `a range of about ${shortened(fits)} would fit; or ${parts}`;
}

/** Rounds a duration down to whole days, hours, minutes or seconds: the greatest unit that fits into it. */
function shortened(ms: number): string {
  const unit = [86_400_000, 3_600_000, 60_000, 1_000].find((size) => ms >= size) ?? 1;
  return durationText(Math.floor(ms / unit) * unit);
}
