/**
 * Decides which range of time is asked for next, and remembers the latest time that came. A range never reaches beyond the
 * clock: an item ahead of it is taken, but does not move the beginning of the next range, because others between are still
 * to come. A source answers with the items at `{since}` and those ahead again, so their fingerprints are kept, up to a
 * bound. Those at `{since}` are counted: where the source has more alike ones later, the further ones are taken. Accepted weakness:
 * those ahead are not counted. Pure, but for fingerprints.
 */
import type { BodyItem } from './format.ts';
import type { HttpSettings } from './spec.ts';
import {
  type AheadItem,
  type EdgeCounts,
  fingerprint,
  type HttpPosition,
  MOST_AHEAD,
  shortMark,
  type TimeMark,
  type TimeRange,
} from './position.ts';
import { readPath } from '../../base/json-path.ts';
import { floorMod, nsFromMs, parseSourceTime } from '../../base/time/source-time.ts';
import type { Zone } from '../../base/time/zone.ts';

/** Contents that are kept for one time. Items of others are taken again. */
const MOST_EDGE = 100;
/** A clock that is set back by less than this leaves the position as it is. */
const CLOCK_SKEW_MS = 5_000;

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

/**
 * A position that lies ahead of the clock, as an item of a wrong time once left it, goes back by `lookbackMs`: what came
 * meanwhile was not asked for. Of a range by the clock alone it only says that the clock was set back.
 */
export function withoutFuture(since: Since, position: HttpPosition, now: number): HttpPosition {
  const most = nsFromMs(now + CLOCK_SKEW_MS);
  const isAhead = [position.since?.time, position.range?.since].some((time) => time !== undefined && time > most);
  if (!isAhead || since.from === undefined) return position;
  const back = { time: nsFromMs(now - since.lookbackMs), edge: new Map(), ahead: [] };
  return { ...position, since: back, range: null, latest: null, due: null, page: null };
}

/** The position when a range was read to its end. */
export function afterRange(since: Since, position: HttpPosition, latest: TimeMark | null): HttpPosition {
  const { range } = position;
  if (range === null) return position;
  const passed = { time: range.until, edge: new Map(), ahead: [] };
  const at = since.from === undefined ? passed : laterOf(position.since, latest);
  // A range without items that has others behind it must not be asked for again and again.
  const next = since.from !== undefined && range.more ? laterOf(at, passed) : at;
  return { ...position, since: next, range: null, latest: null, due: null, page: null };
}

/** The position from which the rest of a range is asked for, beginning at the latest time; null where that time is not later than the range's start. */
export function withinRange(position: HttpPosition, latest: TimeMark | null): HttpPosition | null {
  const { range } = position;
  if (range === null || latest === null || latest.time <= range.since) return null;
  // What has this time comes again, and is counted from the start.
  const begun = { ...latest, edge: new Map() };
  return { ...position, since: latest, range: { ...range, since: latest.time }, latest: begun, due: null };
}

/**
 * The latest time of these items and of those before, up to `now`; the beginning of the range where all that came is ahead
 * of that. Null: no item has a time. Each item is to be given once a reading, because those at the latest time are counted.
 */
export async function latestOf(
  { from, format }: Since,
  items: readonly BodyItem[],
  before: TimeMark | null,
  { now, begin, zone }: { now: number; begin: bigint; zone: Zone | null },
): Promise<TimeMark | null> {
  if (from === undefined) return null;
  const most = nsFromMs(now);
  const times = items.map(({ data }) => parseSourceTime(readPath(data, from), format, zone));
  if (before === null && times.every((time) => time === null)) return null;
  let latest = before?.time ?? null;
  for (const one of times) if (one !== null && one <= most && (latest === null || one > latest)) latest = one;
  const time = latest ?? begin;
  const edge = new Map(before?.time === time ? before.edge : []);
  const ahead = new Map(before?.ahead.map((item) => [item.mark, item]));
  for (const [index, one] of times.entries()) {
    if (one === null || (one !== time && one <= most)) continue;
    // One ahead more than may be kept shows that there are more.
    if (one !== time && ahead.size > MOST_AHEAD) continue;
    const content = JSON.stringify(items[index]?.data);
    if (one === time) {
      const mark = await fingerprint(content);
      if (edge.has(mark) || edge.size < MOST_EDGE) edge.set(mark, (edge.get(mark) ?? 0) + 1);
      continue;
    }
    const mark = shortMark(content);
    ahead.set(mark, { time: one, mark });
  }
  return { time, edge, ahead: [...ahead.values()].filter((item) => item.time > time) };
}

/**
 * Whether a page found more items ahead of the clock than a position tells of, and neither the reading nor the one before it
 * did already: those come again with each reading.
 */
export function isAheadOfBound(position: HttpPosition, latest: TimeMark | null): boolean {
  const [before, already, found] = [position.since, position.latest, latest].map((mark) => mark?.ahead.length ?? 0);
  return (found ?? 0) > MOST_AHEAD && (already ?? 0) <= MOST_AHEAD && (before ?? 0) < MOST_AHEAD;
}

/**
 * Leaves out the items that were taken already and have exactly the time at which the range begins, or came ahead of the clock.
 * Answers what is due behind these items too. Each item is to be given once a reading.
 */
export async function beyondEdge(
  { from, format, overlapMs }: Since,
  items: readonly BodyItem[],
  { since, due }: Pick<HttpPosition, 'since' | 'due'>,
  zone: Zone | null,
): Promise<{ beyond: readonly BodyItem[]; due: EdgeCounts | null }> {
  if (from === undefined || since === null || overlapMs > 0) return { beyond: items, due };
  if (since.edge.size === 0 && since.ahead.length === 0) return { beyond: items, due };
  const [left, early] = [new Map(due ?? since.edge), new Set(since.ahead.map(({ mark }) => mark))];
  const beyond: BodyItem[] = [];
  for (const item of items) {
    const time = parseSourceTime(readPath(item.data, from), format, zone);
    const known = time === null || time < since.time ? null : time === since.time ? left : early;
    if (known === null || known.size === 0) {
      beyond.push(item);
      continue;
    }
    const content = JSON.stringify(item.data);
    const mark = known === early ? shortMark(content) : await fingerprint(content);
    const count = left.get(mark) ?? 0;
    if (known === early ? !early.has(mark) : count === 0) beyond.push(item);
    else if (known === left) left.set(mark, count - 1);
  }
  return { beyond, due: left };
}

function laterOf(one: TimeMark | null, other: TimeMark | null): TimeMark | null {
  if (one === null || other === null) return bounded(one ?? other);
  const later = one.time > other.time ? one : other;
  const edge = one.time === other.time ? mostOf(one.edge, other.edge) : later.edge;
  return { time: later.time, edge, ahead: aheadOf([...other.ahead, ...one.ahead], later.time) };
}

/** A source that leaves out some of what it had may bring them again, and so the larger number counts. */
function mostOf(one: EdgeCounts, other: EdgeCounts): EdgeCounts {
  const marks = [...new Set([...one.keys(), ...other.keys()])].slice(0, MOST_EDGE);
  return new Map(marks.map((mark) => [mark, Math.max(one.get(mark) ?? 0, other.get(mark) ?? 0)]));
}

function bounded(mark: TimeMark | null): TimeMark | null {
  return mark === null ? null : { ...mark, ahead: mark.ahead.slice(0, MOST_AHEAD) };
}

function aheadOf(items: readonly AheadItem[], time: bigint): AheadItem[] {
  const each = new Map(items.filter((item) => item.time > time).map((item) => [item.mark, item]));
  return [...each.values()].slice(0, MOST_AHEAD);
}
