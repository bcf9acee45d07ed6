/**
 * What a trigger finds, recomputed plainly: from all entries at once, without a state that is kept. Leaves are folded by
 * `streams/conditions`, windows are added up anew from all events, compound conditions are read off the lists of when their parts
 * held. It shares no code with `src/triggers`.
 */
import type { LoggedEvent } from '../../src/base/event.ts';
import { numberAt, pathOf } from '../../src/base/field-path.ts';
import type { Condition, WindowAggregate } from '../../src/declare/condition.ts';
import { begin, isLookedAt, step, tick } from '../../src/streams/conditions/condition.ts';

export interface Came {
  event: LoggedEvent;
  /** When it was appended. */
  at: number;
}

export interface Told {
  became: 'holding' | 'ceased';
  key: string | null;
  time: number;
}

const SKEW = 5_000;

/**
 * What of one stream is judged, when and in which order.
 * @param flips moves the condition on: answers whether it looks at an event, and when it changed by time, if it did
 */
export function order(
  came: readonly Came[],
  { lateMs, knownTo }: { lateMs: number; knownTo: number },
  flips: { event(event: LoggedEvent, at: number): boolean; pass(to: number): number | null },
): { late: number } {
  let waiting: { event: LoggedEvent; time: number }[] = [];
  let newest: { time: number; at: number } | null = null;
  let last = 0;
  let reached = 0;
  let late = 0;
  const judge = (event: LoggedEvent, time: number) => {
    const at = Math.max(time, last);
    last = Math.max(last, flips.pass(at) ?? 0);
    if (flips.event(event, at)) last = Math.max(last, at);
  };
  const moveTo = (to: number) => {
    const upTo = Math.max(to, reached);
    const ready = waiting.filter(({ time }) => time <= upTo).sort((a, b) => a.time - b.time);
    waiting = waiting.filter(({ time }) => time > upTo);
    for (const { event, time } of ready) judge(event, time);
    if (to <= reached) return;
    last = Math.max(last, flips.pass(to) ?? 0);
    reached = to;
  };
  const timeAt = (at: number) =>
    newest === null ? at : Math.max(newest.time + Math.max(0, at - newest.at), at - 3_600_000);
  for (const { event, at } of came) {
    if (newest !== null) moveTo(timeAt(at) - lateMs);
    const isAhead = event.time > at + SKEW;
    const time = isAhead ? event.time : Math.min(event.time, at);
    if (!isAhead && (newest === null || time >= newest.time)) newest = { time, at };
    if (lateMs === 0 && !isAhead) judge(event, time);
    else if (!isAhead && time < last) late += 1;
    else waiting.push({ event, time });
    moveTo(timeAt(at) - lateMs);
  }
  moveTo(timeAt(Math.max(knownTo, came.at(-1)?.at ?? 0)) - lateMs);
  return { late };
}

/** A condition of one stream, by `streams/conditions`, which looks at each entry and at each change by time. */
export function simple(
  came: readonly Came[],
  condition: Condition,
  asked: { lateMs: number; knownTo: number; begunAt: number },
): { told: Told[]; late: number } {
  let state = begin(condition, asked.begunAt);
  const told: Told[] = [];
  const take = ({ state: next, transitions }: ReturnType<typeof step>, event: LoggedEvent | null) => {
    state = next;
    for (const { became, key, at, event: own } of transitions) {
      told.push({ became, key, time: own === null ? at : (event?.time ?? at) });
    }
    return transitions;
  };
  /** Of each key, when the newest reading happened by which a threshold or a match was judged. */
  const newest = new Map<string | undefined, number>();
  function isOld(event: LoggedEvent, at: number): boolean {
    const { kind } = condition;
    if ((kind !== 'threshold' && kind !== 'match') || condition.perKey === false) return false;
    if (!isLookedAt(condition, event)) return false;
    if (kind === 'threshold' && numberAt(event.data, pathOf(condition.field)) === null) return false;
    const known = newest.get(event.key) ?? Number.NEGATIVE_INFINITY;
    const happened = Math.min(event.time, at);
    newest.set(event.key, Math.max(known, happened));
    return happened < known;
  }
  const { late } = order(came, asked, {
    event(event, at) {
      if (!isOld(event, at)) take(step(condition, state, event, at), event);
      return isLookedAt(condition, event);
    },
    pass(to) {
      const flipped = take(tick(condition, state, to), null);
      return flipped.length === 0 ? null : Math.max(...flipped.map(({ at }) => at));
    },
  });
  return { told, late };
}

/** When a window of one key is beyond its bound, by all events of it: at each event, and at each step of the window. */
export function aggregate(
  events: readonly LoggedEvent[],
  condition: WindowAggregate & { above: number },
  to: number,
): Told[] {
  const width = Math.max(1, Math.ceil(condition.overMs / 24));
  const told: Told[] = [];
  let held = false;
  const times = new Set(events.map(({ time }) => time));
  for (const { time } of events) times.add((Math.floor(time / width) + 24) * width);
  for (const at of [...times].sort((a, b) => a - b)) {
    if (at > to) break;
    const last = Math.floor(at / width);
    for (const [index, event] of events.entries()) {
      // Of several events of one time each is judged by itself; a step of the window comes before them.
      const isEvent = event.time === at;
      if (!isEvent && index > 0) continue;
      const known = isEvent ? events.slice(0, index + 1) : events.filter(({ time }) => time < at);
      const values = known
        .filter(({ time }) => Math.floor(time / width) > last - 24)
        .map(({ data }) => numberAt(data, pathOf(condition.field)) ?? 0);
      const sum = values.reduce((total, value) => total + value, 0);
      const all = { mean: sum / values.length, sum, count: values.length, min: 0, max: 0 };
      const value =
        condition.of === 'min' ? Math.min(...values) : condition.of === 'max' ? Math.max(...values) : all[condition.of];
      const holds = (values.length > 0 || condition.of === 'count') && value > condition.above;
      if (holds !== held) told.push({ became: holds ? 'holding' : 'ceased', key: null, time: at });
      held = holds;
    }
  }
  return told;
}

/** By when each part holds for one key: lists of when it began and ceased, of which no two times are equal. */
export function compound(
  kind: 'all' | 'any' | 'sequence' | 'missing',
  parts: readonly (readonly Told[])[],
  { withinMs, to }: { withinMs: number; to: number },
): number[] {
  const begins = parts.map((told) => told.filter(({ became }) => became === 'holding').map(({ time }) => time));
  const [first = [], second = []] = begins;
  if (kind === 'all' || kind === 'any') {
    const holdsAt = (told: readonly Told[], time: number) =>
      told.findLast((one) => one.time <= time)?.became === 'holding';
    const times = [...new Set(parts.flat().map(({ time }) => time))].sort((a, b) => a - b);
    const holding = times.map((time) =>
      kind === 'all' ? parts.every((told) => holdsAt(told, time)) : parts.some((told) => holdsAt(told, time)),
    );
    return times.filter((_, index) => holding[index] === true && holding[index - 1] !== true);
  }
  if (kind === 'sequence') {
    const used = new Set<number>();
    return second.filter((time) => {
      const before = first.filter((one) => one < time).at(-1);
      if (before === undefined || used.has(before) || time - before > withinMs) return false;
      // One that an earlier second used up is not used again, nor is one before it.
      for (const one of first) if (one <= before) used.add(one);
      return true;
    });
  }
  const missing: number[] = [];
  for (let at = Number.NEGATIVE_INFINITY; ;) {
    const since = first.find((time) => time > at);
    if (since === undefined) return missing;
    const answer = second.find((time) => time > since && time <= since + withinMs);
    if (answer !== undefined) at = answer;
    else {
      at = since + withinMs;
      if (at + 1 <= to) missing.push(at);
    }
  }
}
