/**
 * Between which times the events of some entries lie, and how a range meets them. Pure; times.ts has the stored forms.
 *
 * A least and a greatest time alone say little of a block in which live data end and history begins: every range between the
 * two would meet it. So the widest *hole* stands beside them where it is worth its bytes: no event lies within it. One hole
 * is enough for two orders that meet, and for a clock that was wrong for a while. Accepted weakness: where three orders meet
 * in a block, the narrower of two holes is not known.
 */

/** No event lies between the two, epoch ms. At each of them one may. */
type TimeHole = readonly [before: number, behind: number];

/** Least and greatest event time of some entries, epoch ms; null where there is no event. */
export type Times = readonly [min: number, max: number, hole?: TimeHole] | null;

/** From inclusive, to exclusive, epoch ms; null: no bound. */
interface TimeRange {
  from: number | null;
  to: number | null;
}

/** Times beyond this (both ways, epoch ms) count as this, so that differences of times are exact. */
export const FARTHEST = 4e15;
/** A hole is worth its bytes from this share of all times on. As times are added, a hole's share never grows. */
const LEAST_SHARE = 1 / 4;

/**
 * Times that hold those of all in the list. Their hole is the widest that is known: where a list holds each event by itself,
 * the widest that there is.
 */
export function joined(list: readonly Times[]): Times {
  const parts = list.flatMap(partsOf).sort(([a], [b]) => a - b);
  const [first] = parts;
  if (first === undefined) return null;
  let [min, max] = first;
  let hole: TimeHole = [min, min];
  for (const [from, to] of parts) {
    if (from - max > hole[1] - hole[0]) hole = [max, from];
    max = Math.max(max, to);
  }
  const width = hole[1] - hole[0];
  return width > 1 && width >= (max - min) * LEAST_SHARE ? [min, max, hole] : [min, max];
}

/** What is left of times without their hole. */
export function partsOf(times: Times): (readonly [min: number, max: number])[] {
  if (times === null) return [];
  const [min, max, hole] = times;
  return hole === undefined
    ? [[min, max]]
    : [
        [min, hole[0]],
        [hole[1], max],
      ];
}

/** The times of one event, in whole milliseconds that hold it. */
export function timesOf(time: number): Times {
  return [bounded(Math.floor(time)), bounded(Math.ceil(time))];
}

/** The times of events of which no more is known than the latest that they can have. */
export function timesUpTo(latest: number): Times {
  return [-FARTHEST, bounded(Math.ceil(latest))];
}

/** How a range meets times. `none`: no event is in it. `whole`: every event is. `part`: some may be. */
export function meets(times: Times | 'unknown', range: TimeRange): 'none' | 'part' | 'whole' {
  if (times === null) return 'none';
  if (times === 'unknown') return 'part';
  const [min, max, hole] = times;
  const met = meetsPart(min, max, range);
  if (hole === undefined || met !== 'part') return met;
  const [before, behind] = [meetsPart(min, hole[0], range), meetsPart(hole[1], max, range)];
  return before === behind ? before : 'part';
}

function meetsPart(min: number, max: number, { from, to }: TimeRange): 'none' | 'part' | 'whole' {
  // At the farthest times what stands there may lie on either side of a bound.
  const isFar = min <= -FARTHEST || max >= FARTHEST;
  const [first, last] = [from === null ? null : bounded(from), to === null ? null : bounded(to)];
  if (first !== null && max < first) return 'none';
  if (last !== null && (min > last || (min === last && !isFar))) return 'none';
  const within = (first === null || min >= first) && (last === null || max < last);
  return within && !isFar ? 'whole' : 'part';
}

/** The part of times that lies in a range, 0 to 1. */
export function shareOf(times: Times, { from, to }: TimeRange): number {
  let [inside, all] = [0, 0];
  for (const [min, max] of partsOf(times)) {
    inside += Math.max(0, Math.min(max + 1, to ?? Infinity) - Math.max(min, from ?? -Infinity));
    all += max + 1 - min;
  }
  return all === 0 ? 0 : Math.min(1, inside / all);
}

function bounded(time: number): number {
  return Math.max(-FARTHEST, Math.min(FARTHEST, time));
}
