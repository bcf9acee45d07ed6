/**
 * The range of time that is asked for next, and the latest time that came. What stands at that time exactly comes again
 * from a source that answers with what is at `{since}` too, so a bounded number of fingerprints is kept of it. Pure, but
 * for fingerprints.
 */
import type { BodyItem } from './format.ts';
import type { HttpSettings } from './spec.ts';
import { fingerprint, type HttpPosition, type TimeMark, type TimeRange } from './position.ts';
import { readPath } from '../../base/json-path.ts';
import { floorMod, fromMs, parseTime } from '../../base/source-time.ts';

/** A time that is further ahead of the clock is a broken one: to go on from there would be to ask for nothing, for years. */
const FURTHEST_AHEAD_MS = 366 * 86_400_000;
/** Items at one time that are told apart; of more the rest is taken again. */
const MOST_EDGE = 100;

type Since = NonNullable<HttpSettings['since']>;

/** Null: there is nothing to ask for yet. */
export function rangeOf(since: Since, position: HttpPosition, now: number): TimeRange | null {
  if (position.range !== null) return position.range;
  const { initialMs, lookbackMs, overlapMs, delayMs, rangeMs, alignMs } = since;
  const aligned = (time: bigint) => (alignMs === 1 ? time : time - floorMod(time, fromMs(alignMs)));
  const from = position.since?.time ?? fromMs(initialMs ?? now - lookbackMs);
  const end = aligned(fromMs(now - delayMs));
  const most = aligned(from + fromMs(rangeMs));
  const until = most < end ? most : end;
  const begin = aligned(from - fromMs(overlapMs));
  // By the clock alone, there is nothing to ask for until it has moved on.
  if (until <= from && since.from === undefined) return null;
  return { since: begin, until: until > begin ? until : begin, more: most < end };
}

/** How a feed stands when a range was read to its end. */
export function afterRange(since: Since, position: HttpPosition, latest: TimeMark | null): HttpPosition {
  const { range } = position;
  if (range === null) return position;
  const at = since.from === undefined ? { time: range.until, edge: [] } : laterOf(position.since, latest);
  const passed = { time: range.until, edge: [] };
  // A range without an item, and with others behind it, must not be asked for again and again.
  const next = since.from !== undefined && range.more ? laterOf(at, passed) : at;
  return { ...position, since: next, range: null, latest: null, page: null };
}

/** How a feed stands that asks for the rest of a range, from the latest that came; null where that is no further. */
export function withinRange(position: HttpPosition, latest: TimeMark | null): HttpPosition | null {
  const { range } = position;
  if (range === null || latest === null || latest.time <= range.since) return null;
  return { ...position, since: latest, range: { ...range, since: latest.time }, latest };
}

/** The latest of what came before and these, without those whose time lies years ahead of `now`. */
export async function latestOf(
  { from, format }: Since,
  items: readonly BodyItem[],
  before: TimeMark | null,
  now: number,
): Promise<TimeMark | null> {
  if (from === undefined) return null;
  const most = fromMs(now + FURTHEST_AHEAD_MS);
  const times = items.map(({ data }) => {
    const time = parseTime(readPath(data, from), format);
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

/** Leaves out what was taken with the time at which the range begins. */
export async function beyondEdge(
  { from, format, overlapMs }: Since,
  items: readonly BodyItem[],
  { since }: HttpPosition,
): Promise<readonly BodyItem[]> {
  if (from === undefined || since === null || since.edge.length === 0 || overlapMs > 0) return items;
  const beyond: BodyItem[] = [];
  for (const item of items) {
    const isAtEdge = parseTime(readPath(item.data, from), format) === since.time;
    if (!isAtEdge || !since.edge.includes(await fingerprint(JSON.stringify(item.data)))) beyond.push(item);
  }
  return beyond;
}

function laterOf(one: TimeMark | null, other: TimeMark | null): TimeMark | null {
  if (one === null || other === null) return one ?? other;
  if (one.time !== other.time) return one.time > other.time ? one : other;
  return { time: one.time, edge: [...new Set([...one.edge, ...other.edge])].slice(0, MOST_EDGE) };
}
