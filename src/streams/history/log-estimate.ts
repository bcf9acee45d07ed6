/**
 * Estimates how much a read of a range would look at, from the index of times and the log's newest entries. It is an upper
 * bound that ignores keys and filters, because those leave out events only after they were read. It does not read the
 * range.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { utf8Bytes } from '../../base/json.ts';
import { decodeCursor } from '../../store/cursor.ts';
import { lookUp } from '../ranges/look.ts';
import type { Range } from '../ranges/range.ts';
import { lengthWithin, likelyWithin } from '../ranges/stretches.ts';
import { streamLog } from '../log/stream-log.ts';
import { ofStream, type Scope } from '../scope.ts';

export interface Estimate {
  /** Events that would be looked at, because events of the range may be among them. */
  events: number;
  /**
   * About how many of them are in the range. Where this is much less, events did not arrive in the order of their times, and
   * the rest is what that costs.
   */
  inRange: number;
  /** Bytes of the JSON of `events` in UTF-8, if they are as large as the newest ones. */
  bytes: number;
  /** Store calls that the estimate took. */
  storeCalls: number;
}

/** How many of the newest entries are measured. Their mean size stands for that of all. */
const SAMPLED = 20;

/**
 * Takes two store calls at once, and one more for a range that is older than the newest 65,000 events or so; one for a range
 * without bounds.
 * @param lookBackMs how long before the range the read begins, ms
 */
export async function estimateRange(
  scope: Scope,
  stream: DeclaredStream,
  { from, to }: Pick<Range, 'from' | 'to'>,
  lookBackMs = 0,
): Promise<Estimate> {
  const range = { from: from === null ? null : from - lookBackMs, to };
  const place = ofStream(scope, stream);
  const [look, newest] = await Promise.all([
    lookUp(place, stream.name, range, 'oldest', null),
    scope.store.last(streamLog(place.tenant, stream.name), SAMPLED),
  ]);
  const [floor, behind] = [newest.floor, newest.end].map((cursor) => (cursor === null ? null : decodeCursor(cursor)));
  const [first, end] = [floor?.place ?? 0, behind?.place ?? 0];
  // What is known of another log, from before this one began anew, leaves nothing out.
  const isOther = look.epoch !== null && behind != null && look.epoch !== behind.epoch;
  const events = isOther ? end - first : lengthWithin(look.stretches, first, end);
  const sampled = newest.entries.reduce((sum, { value }) => sum + utf8Bytes(JSON.stringify(value)), 0);
  const each = newest.entries.length === 0 ? 0 : sampled / newest.entries.length;
  return {
    events,
    inRange: isOther ? events : likelyWithin(look.pieces, first, end),
    bytes: Math.round(events * each),
    storeCalls: look.storeCalls + 1,
  };
}
