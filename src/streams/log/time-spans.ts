/**
 * Between which times the events of some entries lie, and how a range meets them. Pure; times.ts has the stored forms.
 *
 * A least and a greatest time alone say little of a block in which live data end and history begins: every range between the
 * two would meet it. So the widest *holes* stand beside them where they are worth their bytes: no event lies within a hole.
 * A few are enough for orders that meet in a block, and for clocks that are wrong. Of data that are spread evenly none is
 * kept, and ranges meet all of their times.
 */

/** No event lies between the two, epoch ms. At each of them one may. */
type TimeHole = readonly [before: number, behind: number];

/** Least and greatest event time of some entries, epoch ms, and holes in order; null where there is no event. */
export type Times = readonly [min: number, max: number, ...holes: TimeHole[]] | null;

/** Times without a hole. */
type Part = readonly [min: number, max: number];

/** From inclusive, to exclusive, epoch ms; null: no bound. */
interface TimeRange {
  from: number | null;
  to: number | null;
}

/** Times beyond this (both ways, epoch ms) count as this, so that differences of times are exact. */
export const FARTHEST = 4e15;
/** A hole is worth its bytes from this share of the times on that wider holes leave. */
const LEAST_SHARE = 1 / 8;
/** Most holes of a block. */
const MOST_HOLES = 6;

/**
 * Times that hold those of all in the list. Their holes are the widest that are known: where the list holds each event by
 * itself, the widest that there are.
 */
export function joined(list: readonly Times[]): Times {
  const parts: Part[] = [];
  for (const times of list) {
    if (times !== null && isPart(times)) parts.push(times);
    else parts.push(...partsOf(times));
  }
  parts.sort((a, b) => a[0] - b[0]);
  const [first] = parts;
  if (first === undefined) return null;
  const [min] = first;
  let [, max] = first;
  const widest: TimeHole[] = [];
  for (const part of parts) {
    if (part[0] - max > 1) keepWidest(widest, max, part[0]);
    if (part[1] > max) max = part[1];
  }
  return [min, max, ...worthwhile(widest, max - min)];
}

function isPart(times: readonly unknown[]): times is Part {
  return times.length === 2;
}

/** @param widest the widest so far, the widest first. It takes the hole where that is one of them. */
function keepWidest(widest: TimeHole[], before: number, behind: number): void {
  const narrowest = widest[MOST_HOLES - 1];
  if (narrowest !== undefined && behind - before <= widthOf(narrowest)) return;
  widest.push([before, behind]);
  widest.sort((a, b) => widthOf(b) - widthOf(a));
  widest.length = Math.min(widest.length, MOST_HOLES);
}

/** @param widest the widest first */
function worthwhile(widest: readonly TimeHole[], span: number): TimeHole[] {
  const kept: TimeHole[] = [];
  let left = span;
  for (const hole of widest) {
    if (widthOf(hole) < left * LEAST_SHARE) break;
    kept.push(hole);
    left -= widthOf(hole);
  }
  return kept.sort((a, b) => a[0] - b[0]);
}

function widthOf([before, behind]: TimeHole): number {
  return behind - before;
}

/** What is left of times without their holes. */
export function partsOf(times: Times): Part[] {
  if (times === null) return [];
  const [min, max, ...holes] = times;
  const begins = [min, ...holes.map(([, behind]) => behind)];
  return begins.map((from, index) => [from, holes[index]?.[0] ?? max]);
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
  const met = meetsPart(times[0], times[1], range);
  if (times.length === 2 || met !== 'part') return met;
  return partsOf(times).some(([min, max]) => meetsPart(min, max, range) !== 'none') ? 'part' : 'none';
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
