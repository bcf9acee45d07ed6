/**
 * The rules of all kinds of condition. Those that need little memory are defined here. Each says which time it goes by.
 */
import type { Absence, Change, Condition, Match, Threshold } from '../../declare/condition.ts';
import { canonicalText, digestOf } from '../../base/digest.ts';
import { hasValueAt, numberAt, pathOf, valueAt } from '../../base/field-path.ts';
import type { Json } from '../../base/json.ts';
import { differsBy, isBeyond } from './bound.ts';
import { countRule } from './count.ts';
import { rateRule } from './rate.ts';
import { happenedAt, type Judgement, type Rule } from './rule.ts';
import { isPerKey, passesWhere, type WatchedEvent } from './scope.ts';
import type { Subject } from './state.ts';

/**
 * By which events it is decided whether a condition holds: the latest of their times. Null: it never held and that is not
 * remembered, or an earlier release has written it.
 */
type Stood = { time: number } | null;

/**
 * The rules of conditions of which the newest reading of a key decides. They go by arrival, but an event that is older than those
 * by which it is decided whether the condition holds changes nothing: what was so before says nothing of now. Where all keys are judged
 * together, an old event can make it hold, since what one of them did last says nothing of another.
 * @param remembersAll whether readings decide by which the condition never held. Each event then is something new to remember.
 * Otherwise, while it never held, a late event can make it hold.
 */
function levelRules(remembersAll: boolean): { threshold: Rule<Threshold, Stood>; match: Rule<Match, Stood> } {
  /** @returns null: the event changes nothing */
  function judge(
    condition: Threshold | Match,
    [holds, value]: [holds: boolean, value: number | null],
    before: Subject<Stood> | null,
    event: WatchedEvent,
    at: number,
  ): Judgement<Stood> | null {
    const time = happenedAt(event, at);
    const held = before?.holds ?? false;
    const isOfOne = isPerKey(condition) || typeof condition.key === 'string' || event.key === undefined;
    const decided = held || isOfOne ? (before?.memory?.time ?? Number.NEGATIVE_INFINITY) : Number.NEGATIVE_INFINITY;
    if (holds !== held && time < decided) return null;
    const newest = { time: Math.max(decided, time) };
    if (holds) return { holds, lapsed: false, memory: newest, value };
    if (held || (remembersAll && isOfOne)) return { holds, lapsed: false, memory: isOfOne ? newest : null, value };
    // What ended it last still decides.
    return before?.memory == null ? { holds, lapsed: false, memory: null, value } : null;
  }

  const ofStood = {
    latest: (stood: Stood) => stood?.time ?? Number.NEGATIVE_INFINITY,
    broughtTo: (now: number): Stood => ({ time: now }),
    isSpent: ({ holds }: Subject<Stood>) => !holds,
  };
  return {
    threshold: {
      judge(condition, before, event, at) {
        const value = numberAt(event.data, pathOf(condition.field));
        if (value === null) return null;
        return judge(condition, [isBeyond(condition, value, before?.holds ?? false), value], before, event, at);
      },
      ...ofStood,
    },
    match: {
      judge(condition, before, event, at) {
        return judge(condition, [passesWhere(condition.where, event.data), null], before, event, at);
      },
      ...ofStood,
    },
  };
}

type Changed = {
  /** Event time of the newest event. */
  time: number;
  /** What the next value is compared with: a number, or the digest of any other value. */
  base: number | string;
};

/** Goes by event time. A late event is ignored, because its value cannot be compared with those that came before it. */
const change: Rule<Change, Changed> = {
  judge(condition, before, event, at) {
    const time = happenedAt(event, at);
    if (before !== null && time < before.memory.time) return null;
    const value = comparable(condition, event);
    if (value === null) return null;
    const base = before?.memory.base ?? value;
    const holds = differs(condition, base, value);
    return { holds, lapsed: true, memory: { time, base: holds ? value : base }, value: numberOf(value) };
  },
  latest: ({ time }) => time,
};

/** Goes by arrival, because an event that has not come has no event time. */
const absence: Rule<Absence, { last: number }> = {
  judge: (_condition, before, _event, at) => ({
    holds: false,
    lapsed: false,
    memory: { last: Math.max(before?.memory.last ?? at, at) },
    value: null,
  }),
  dueAt: ({ forMs }, { holds, memory }) => (holds ? null : memory.last + forMs),
  latest: ({ last }) => last,
  broughtTo: (now) => ({ last: now }),
  // The key that has been silent longest is the next to hold, so it must not be dropped before it does.
  mayForget: ({ holds }) => holds,
};

/** A state belongs to one condition, so a rule only gets memory that it wrote. */
export const RULES: Record<Condition['kind'], Rule<Condition, Json>> = {
  ...levelRules(false),
  change,
  rate: rateRule,
  absence,
  count: countRule,
};

/**
 * The same for who stores a state now and then, and not with each change of it, and for what a wait begins from: a reading that is older than another of its key
 * makes nothing hold, also where the condition never held.
 */
export const ORDERLY_RULES: typeof RULES = { ...RULES, ...levelRules(true) };

/** Null: the field is missing, or holds no number where numbers are compared. */
function comparable({ field, by, byPercent }: Change, { data }: WatchedEvent): number | string | null {
  const path = pathOf(field);
  const number = numberAt(data, path);
  if (number !== null || by !== undefined || byPercent !== undefined) return number;
  return hasValueAt(data, path) ? digestOf(canonicalText(valueAt(data, path))) : null;
}

function differs({ by, byPercent }: Change, base: number | string, value: number | string): boolean {
  if (typeof base !== 'number' || typeof value !== 'number') return base !== value;
  return differsBy(base, value, by ?? ((byPercent ?? 0) / 100) * Math.abs(base));
}

function numberOf(value: number | string): number | null {
  return typeof value === 'number' ? value : null;
}
