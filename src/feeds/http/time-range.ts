/**
 * Decides which range of time is asked for next, and remembers the latest time that came. A source that answers with the
 * items at `{since}` too sends those with exactly that time again, so their fingerprints are kept, up to a bound. Pure, but
 * for fingerprints.
 */
import type { BodyItem } from './format.ts';
import type { HttpSettings } from './spec.ts';
import { fingerprint, type HttpPosition, type TimeMark, type TimeRange } from './position.ts';
import { readPath } from '../../base/json-path.ts';
import { floorMod, nsFromMs, parseSourceTime } from '../../base/source-time.ts';

/** A time further ahead of the clock is taken for broken. A feed that went on from it would ask for nothing for years. */
const FURTHEST_AHEAD_MS = 366 * 86_400_000;
/** Fingerprints that are kept for one time. Items beyond them are taken again. */
const MOST_EDGE = 100;

type Since = NonNullable<HttpSettings['since']>;

/** The next range; null where there is nothing to ask for yet. */
export function rangeOf(since: Since, position: HttpPosition, now: number): TimeRange | null {
  if (position.range !== null) return position.range;
  const { initialMs, lookbackMs, overlapMs, delayMs, rangeMs, alignMs } = since;
  const aligned = (time: bigint) => (alignMs === 1 ? time : time - floorMod(time, nsFromMs(alignMs)));
  const from = position.since?.time ?? nsFromMs(initialMs ?? now - lookbackMs);
  const end = aligned(nsFromMs(now - delayMs));
  const most = aligned(from + nsFromMs(rangeMs));
  const until = most < end ? most : end;
  const begin = aligned(from - nsFromMs(overlapMs));
  // A range by the clock alone is empty until the clock has moved on.
  if (until <= from && since.from === undefined) return null;
  return { since: begin, until: until > begin ? until : begin, more: most < end };
}

/** The position when a range was read to its end. */
export function afterRange(since: Since, position: HttpPosition, latest: TimeMark | null): HttpPosition {
  const { range } = position;
  if (range === null) return position;
  const at = since.from === undefined ? { time: range.until, edge: [] } : laterOf(position.since, latest);
  const passed = { time: range.until, edge: [] };
  // A range without items that has others behind it must not be asked for again and again.
  const next = since.from !== undefined && range.more ? laterOf(at, passed) : at;
  return { ...position, since: next, range: null, latest: null, page: null };
}

/** The position from which the rest of a range is asked for, beginning at the latest time; null where that time is not later than the range's start. */
export function withinRange(position: HttpPosition, latest: TimeMark | null): HttpPosition | null {
  const { range } = position;
  if (range === null || latest === null || latest.time <= range.since) return null;
  return { ...position, since: latest, range: { ...range, since: latest.time }, latest };
}

/** The latest time of these items and of those before. Times that lie years ahead of `now` do not count. */
export async function latestOf(
  { from, format }: Since,
  items: readonly BodyItem[],
  before: TimeMark | null,
  now: number,
): Promise<TimeMark | null> {
  if (from === undefined) return null;
  const most = nsFromMs(now + FURTHEST_AHEAD_MS);
  const times = items.map(({ data }) => {
    const time = parseSourceTime(readPath(data, from), format);
    return time !== null && time <= most ? time : null;
  });
  let time = before?.time ?? null;
  for (const one of times) if (one !== null && (time === null || one > time)) time = one;
  if (time === null) return null;
  const edge = new Set(before?.time === time ? before.edge : []);
  for (const [index, one] of times.entries()) {
    if (one === time && edge.size < MOST_EDGE) edge.add(await fingerprint(JSON.stringify(items[index]?.data)));
  }
  return { time, edge: [...edge] };
}

/** Leaves out the items that were taken already and have exactly the time at which the range begins. */
export async function beyondEdge(
  { from, format, overlapMs }: Since,
  items: readonly BodyItem[],
  { since }: HttpPosition,
): Promise<readonly BodyItem[]> {
  if (from === undefined || since === null || since.edge.length === 0 || overlapMs > 0) return items;
  const beyond: BodyItem[] = [];
  for (const item of items) {
    const isAtEdge = parseSourceTime(readPath(item.data, from), format) === since.time;
    if (!isAtEdge || !since.edge.includes(await fingerprint(JSON.stringify(item.data)))) beyond.push(item);
  }
  return beyond;
}

function laterOf(one: TimeMark | null, other: TimeMark | null): TimeMark | null {
  if (one === null || other === null) return one ?? other;
  if (one.time !== other.time) return one.time > other.time ? one : other;
  return { time: one.time, edge: [...new Set([...one.edge, ...other.edge])].slice(0, MOST_EDGE) };
}
