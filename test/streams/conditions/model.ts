/**
 * What becomes of a condition, the long way: for each event everything is computed anew from all that came before it, and
 * nothing is remembered. It knows no bound on keys.
 */
import type { Bound, Condition } from '../../../src/declare/condition.ts';
import type { Json, JsonObject } from '../../../src/base/json.ts';
import { passesKey, passesWhere } from '../../../src/streams/conditions/scope.ts';
import type { Arrival } from './notation.ts';

/** `[became, at, id of the event or null, value]` */
export type Turn = [became: 'holding' | 'ceased', at: number, event: string | null, value: number | null];

/** By key (null as the text `null`), the turns of each in order. */
export function recompute(condition: Condition, all: readonly Arrival[], until: number): Record<string, Turn[]> {
  const perKey = condition.perKey ?? !['absence', 'count'].includes(condition.kind);
  const own = (key: string | undefined) => {
    if (typeof condition.key === 'string') return condition.key;
    return perKey ? (key ?? null) : null;
  };
  const seen = all.filter(
    ({ event }) =>
      event.meta?.gap === undefined &&
      passesKey(condition.key, event.key) &&
      (condition.kind === 'match' || passesWhere(condition.where, event.data)),
  );
  const end = Math.max(until, all.at(-1)?.at ?? 0);
  const keys = new Set(seen.map(({ event }) => own(event.key)));
  if (condition.kind === 'absence') {
    if (typeof condition.key === 'string' || !perKey) keys.add(own(undefined));
    else if (condition.key !== undefined && 'oneOf' in condition.key)
      condition.key.oneOf.forEach((key) => keys.add(key));
  }
  const turns = [...keys].map((key) => {
    const events = seen.filter(({ event }) => own(event.key) === key);
    const known = condition.kind === 'absence' && (!perKey || (condition.key !== undefined && !isLike(condition.key)));
    return [String(key), turnsOf(condition, events, end, known)] as const;
  });
  return Object.fromEntries(turns.filter(([, list]) => list.length > 0));
}

function isLike(key: object | string): boolean {
  return typeof key === 'object' && 'like' in key;
}

function turnsOf(condition: Condition, events: readonly Arrival[], end: number, known: boolean): Turn[] {
  switch (condition.kind) {
    case 'absence':
      return silences(condition.forMs, events, end, known);
    case 'count':
      return crowds(condition, events, end);
    case 'change':
      return changes(condition, events);
    case 'rate':
      return levels(
        events.map((_, index) => events.slice(0, index + 1)),
        (prefix) => levelOf(condition, prefix),
      );
    default: {
      const kept = withoutLate(condition, events);
      return levels(
        kept.map((_, index) => kept.slice(0, index + 1)),
        (prefix) => levelOf(condition, prefix),
      );
    }
  }
}

/**
 * An event of before those by which it is decided whether a condition holds neither ends it nor begins it anew. Where all keys are
 * judged together, it may begin it: what one key did says nothing of another.
 */
function withoutLate(condition: Condition, events: readonly Arrival[]): Arrival[] {
  const kept: Arrival[] = [];
  const isTogether = condition.perKey === false && typeof condition.key !== 'string';
  let decided = Number.NEGATIVE_INFINITY;
  let held = false;
  for (const event of events) {
    const level = levelOf(condition, [...kept, event]);
    if (level === null) continue;
    const isOfOne = !isTogether || event.event.key === undefined;
    const known = held || isOfOne ? decided : Number.NEGATIVE_INFINITY;
    if (level.holds !== held && happened(event) < known) continue;
    kept.push(event);
    if (level.holds) decided = Math.max(known, happened(event));
    else if (held) decided = isOfOne ? happened(event) : Number.NEGATIVE_INFINITY;
    ({ holds: held } = level);
  }
  return kept;
}

/** Turns of what holds with some events and not with others; null: an event that says nothing. */
function levels(
  prefixes: readonly (readonly Arrival[])[],
  level: (prefix: readonly Arrival[]) => { holds: boolean; value: number | null } | null,
): Turn[] {
  const turns: Turn[] = [];
  let held = false;
  for (const prefix of prefixes) {
    const now = level(prefix);
    const last = prefix.at(-1);
    if (now === null || last === undefined || now.holds === held) continue;
    held = now.holds;
    turns.push([held ? 'holding' : 'ceased', last.at, last.event.id, now.value]);
  }
  return turns;
}

function levelOf(condition: Condition, prefix: readonly Arrival[]): { holds: boolean; value: number | null } | null {
  const last = prefix.at(-1);
  if (last === undefined) return null;
  if (condition.kind === 'match') return { holds: passesWhere(condition.where, last.event.data), value: null };
  if (condition.kind === 'threshold') {
    const value = numberOf(last);
    return value === null ? null : { holds: decided(condition, prefix.map(numberOf)), value };
  }
  if (condition.kind !== 'rate' || numberOf(last) === null) return null;
  const rates = prefix.map((_, index) => rateOf(condition, prefix.slice(0, index + 1)));
  const value = rates.at(-1) ?? null;
  return value === null ? null : { holds: decided(condition, rates), value };
}

/** From the newest number backwards, the first that lies outside of the band decides. */
function decided(given: Bound & { hysteresis?: number }, numbers: readonly (number | null)[]): boolean {
  const { above, atLeast, below, atMost, hysteresis = 0 } = given;
  const up = above ?? atLeast;
  const sign = up === undefined ? -1 : 1;
  const bound = sign * (up ?? below ?? atMost ?? 0);
  const inclusive = atLeast !== undefined || atMost !== undefined;
  const beyond = (number: number, limit: number) => (inclusive ? number >= limit : number > limit);
  for (const number of numbers.toReversed()) {
    if (number === null) continue;
    if (beyond(sign * number, bound)) return true;
    if (!beyond(sign * number, bound - hysteresis)) return false;
  }
  return false;
}

function rateOf(condition: Extract<Condition, { kind: 'rate' }>, prefix: readonly Arrival[]): number | null {
  const last = prefix.at(-1);
  if (last === undefined || numberOf(last) === null) return null;
  const values = prefix.flatMap((one) => {
    const value = numberOf(one);
    return value === null ? [] : [{ time: happened(one), value }];
  });
  const latest = Math.max(...values.map(({ time }) => time));
  const newest = values.findLast(({ time }) => time === latest);
  const width = Math.max(1, Math.ceil(condition.overMs / 8));
  const parts = Map.groupBy(values, ({ time }) => Math.floor(time / width));
  const earliest = [...parts.values()].map((part) => part.toSorted((a, b) => a.time - b.time)[0]);
  const from = earliest
    .filter((one) => one !== undefined && one.time <= latest - condition.overMs)
    .toSorted((a, b) => (b?.time ?? 0) - (a?.time ?? 0))[0];
  if (newest === undefined || from === undefined) return null;
  const unit = { second: 1_000, minute: 60_000, hour: 3_600_000, day: 86_400_000 }[condition.per];
  const rate = ((newest.value - from.value) / (newest.time - from.time)) * unit;
  return Math.max(-Number.MAX_VALUE, Math.min(Number.MAX_VALUE, rate));
}

function changes(condition: Extract<Condition, { kind: 'change' }>, events: readonly Arrival[]): Turn[] {
  const { field, by, byPercent } = condition;
  const numeric = by !== undefined || byPercent !== undefined;
  const inOrder = events.filter((one) => {
    const { data } = one.event;
    if (numeric ? numberOf(one) === null : field !== undefined && ((data ?? {}) as JsonObject)[field] === undefined)
      return false;
    return true;
  });
  const orderly = inOrder.filter((one, index) => inOrder.slice(0, index).every((o) => happened(o) <= happened(one)));
  const valueOf = ({ event }: Arrival): Json =>
    field === undefined ? event.data : ((event.data as JsonObject)[field] ?? null);
  const turns: Turn[] = [];
  let base = orderly[0] === undefined ? null : valueOf(orderly[0]);
  let held = false;
  for (const one of orderly) {
    const value = valueOf(one);
    const least = by ?? ((byPercent ?? 0) / 100) * Math.abs(Number(base));
    const differs = numeric
      ? value !== base && Math.abs(Number(value) - Number(base)) >= least
      : JSON.stringify(value) !== JSON.stringify(base);
    const number = typeof value === 'number' && Number.isFinite(value) ? value : null;
    if (held) turns.push(['ceased', one.at, one.event.id, number]);
    if (differs) turns.push(['holding', one.at, one.event.id, number]);
    if (differs) base = value;
    held = differs;
  }
  return turns;
}

function silences(forMs: number, events: readonly Arrival[], end: number, known: boolean): Turn[] {
  const heard = [...(known ? [{ at: 0, id: null }] : []), ...events.map(({ at, event }) => ({ at, id: event.id }))];
  return heard.flatMap(({ at }, index): Turn[] => {
    const next = heard[index + 1] ?? null;
    if ((next?.at ?? end) - at < forMs) return [];
    const began: Turn = ['holding', at + forMs, null, null];
    return next === null ? [began] : [began, ['ceased', next.at, next.id, null]];
  });
}

function crowds(condition: Extract<Condition, { kind: 'count' }>, events: readonly Arrival[], end: number): Turn[] {
  const { atLeast, withinMs } = condition;
  /** The newest times of distinct ids, within a window that ends with the newest of them; of equal times those that came first. */
  const countedIn = (prefix: readonly Arrival[]) => {
    const ids = Map.groupBy(prefix, ({ event }) => event.id);
    const times = [...ids].map(([id, same]) => ({ id, time: Math.max(...same.map(happened)) }));
    const newest = Math.max(...times.map(({ time }) => time));
    const arrived = (id: string, time: number) => prefix.findIndex((o) => o.event.id === id && happened(o) === time);
    return times
      .filter(({ time }) => time > newest - withinMs)
      .toSorted((a, b) => a.time - b.time || arrived(b.id, b.time) - arrived(a.id, a.time))
      .slice(-atLeast);
  };
  const turns: Turn[] = [];
  let before: ReturnType<typeof countedIn> = [];
  /** Null while it does not hold. */
  let due: number | null = null;
  const lapse = (at: number) => {
    if (due === null || due > at) return;
    turns.push(['ceased', due, null, null]);
    due = null;
  };
  for (const [index, { at, event }] of events.entries()) {
    lapse(at);
    const now = countedIn(events.slice(0, index + 1));
    if (JSON.stringify(now) === JSON.stringify(before)) continue;
    const newest = now.at(-1)?.time ?? 0;
    const full = now.length >= atLeast;
    if (due !== null && (!full || (before[0]?.time ?? 0) <= newest - withinMs)) {
      turns.push(['ceased', at, event.id, null]);
      due = null;
    }
    if (full && due === null) turns.push(['holding', at, event.id, null]);
    due = full ? at + withinMs - (newest - (now[0]?.time ?? 0)) : null;
    before = now;
  }
  lapse(end);
  return turns;
}

function happened({ at, event }: Arrival): number {
  return Math.min(at, event.time);
}

function numberOf({ event }: Arrival): number | null {
  const { v } = (event.data ?? {}) as { v?: Json };
  return typeof v === 'number' && Number.isFinite(v) ? v : null;
}
