/**
 * Evaluates a condition as a fold over a stream's log: it finds when the condition begins to hold and when it ceases.
 * Pure: it reads no clock and no store. The state is JSON, so any instance can continue with the entry after the last.
 *
 * There are two kinds of time. The append time of an entry is when it arrived. Events are taken in the order of
 * arrival, silence is measured by append times, and each entry moves time on, whatever its key. The event time is when
 * an event happened, by its source. Rates, counts and the order of changes go by event time. An event that is dated
 * ahead counts as happened when it arrived. How late an event may be depends on the length of time in the condition. It
 * does not depend on the lateness that the stream declares.
 *
 * The result therefore follows from the log alone. `tick` only finds earlier what the next entry would show. It
 * requires that no entry comes later that was appended before its `now`. So take `now` before you read to the log's
 * end, and subtract the difference that clocks may have.
 *
 * Gap events are ignored. An event without the field, or without a number where numbers are compared, changes nothing:
 * a condition that held goes on to hold.
 */
import type { Condition } from '../../declare/condition.ts';
import { canonicalText, digestOf } from '../../base/digest.ts';
import { isGap } from '../../base/event.ts';
import type { Json } from '../../base/json.ts';
import { liesBeyond } from '../../base/time/stored-time.ts';
import type { Rule } from './rule.ts';
import { RULES } from './rules.ts';
import { knownSubjects, passesKey, passesWhere, subjectOf, type WatchedEvent } from './scope.ts';
import { type ConditionState, emptyState, place, type StateLimits, stateWith, type Subject, turn } from './state.ts';

/**
 * A condition, or a function of an event. The function is judged as `match` is, for each key in order of arrival. It
 * must not throw.
 */
export type Watch<Event extends WatchedEvent = WatchedEvent> = Condition | ((event: Event) => boolean);

/** For one key `holding` and `ceased` alternate, and `holding` comes first. */
export interface Transition<Event extends WatchedEvent = WatchedEvent> {
  became: 'holding' | 'ceased';
  /** Null: all keys together, or events without a key. */
  key: string | null;
  /** Epoch ms: the append time of the event, or the moment at which the passing of time was the cause. */
  at: number;
  /** Null where the passing of time was the cause. */
  event: Event | null;
  /** The number that decided: the field's value or the rate. Null where no number decided. */
  value: number | null;
  /** True: the key was dropped because there were too many, so its later course is unknown. */
  forgotten: boolean;
}

interface ConditionStep<Event extends WatchedEvent = WatchedEvent> {
  /** The same object as before where there is nothing new to remember. */
  state: ConditionState;
  /** Whether the condition holds now for any key. */
  holds: boolean;
  /**
   * In order. There may be several: where time passed as well, where one change follows another, or where a key was
   * dropped.
   */
  transitions: readonly Transition<Event>[];
}

/**
 * Makes the state before any event: nothing holds. To take in earlier events, step through them and ignore the
 * transitions.
 * @param now epoch ms from which silence is measured
 * @param known keys whose silence is measured beside those that the condition names
 */
export function begin(
  watch: Watch<never>,
  now: number,
  known: readonly string[] = [],
  limits?: StateLimits,
): ConditionState {
  const state = emptyState(markOf(watch));
  if (typeof watch === 'function' || watch.kind !== 'absence') return state;
  return [...knownSubjects(watch), ...known].reduce<ConditionState>((at, key) => {
    const subject: Subject = { key, holds: false, memory: { last: now } };
    return place(at, null, subject, () => false, limits).state;
  }, state);
}

/**
 * Takes in the next entry of the log.
 * @param at the entry's append time, epoch ms
 * @param limits how much the state may hold; default `STATE_LIMITS`
 * @param rules `ORDERLY_RULES` where what comes late is to be known by this entry, whether or not it makes anything hold
 */
export function step<Event extends WatchedEvent>(
  watch: Watch<Event>,
  before: ConditionState,
  event: Event,
  at: number,
  limits?: StateLimits,
  rules: typeof RULES = RULES,
): ConditionStep<Event> {
  const { condition, rule } = planOf(watch, rules);
  const timely = tick<Event>(watch, before, at);
  if (!isLookedAt(condition, event)) return timely;
  const key = subjectOf(condition, event);
  const standing = timely.state.subjects.find((subject) => subject.key === key) ?? null;
  const judged = rule.judge(condition, standing, event, at);
  if (judged === null) return timely;
  const { holds, lapsed, memory, value } = judged;
  const held = standing?.holds ?? false;
  if (memory === null && holds === held) return timely;
  const subject = holds || memory !== null ? { key, holds, memory } : null;
  const placed = place(timely.state, standing, subject, (other) => rule.mayForget?.(other) ?? true, limits);
  const lost = placed.forgotten.filter((other) => other.holds).map((other) => lostAt<Event>(at, other));
  const transitions = [...timely.transitions, ...lost];
  const own = { key, at, event, value, forgotten: false };
  if (held && (lapsed || !holds)) transitions.push({ ...own, became: 'ceased' });
  if (holds && (lapsed || !held)) transitions.push({ ...own, became: 'holding' });
  return stepTo(placed.state, transitions);
}

/** Moves time on to `now`. Call it at `dueAt`. Before that time it changes nothing, so extra calls do no harm. */
export function tick<Event extends WatchedEvent>(
  watch: Watch<Event>,
  state: ConditionState,
  now: number,
): ConditionStep<Event> {
  const due = dueSubjects(watch, state).filter(({ at }) => at <= now);
  if (due.length === 0) return stepTo<Event>(state, []);
  const after = turn(state, new Set(due.map(({ subject }) => subject)));
  const transitions = due
    .toSorted((a, b) => a.at - b.at)
    .map(({ subject: { key, holds }, at }): Transition<Event> => {
      return { became: holds ? 'ceased' : 'holding', key, at, event: null, value: null, forgotten: false };
    });
  return stepTo(after, transitions);
}

/** Epoch ms at which the condition begins to hold or ceases if no event comes; null: never. */
export function dueAt(watch: Watch<never>, state: ConditionState): number | null {
  return dueSubjects(watch, state).reduce<number | null>(
    (earliest, { at }) => (earliest === null || at < earliest ? at : earliest),
    null,
  );
}

/**
 * The state without what it has of times that lie ahead of the clock: a clock that was ahead has left them there, and all that
 * comes would count as older. Silence is measured from now; the other subjects begin anew. The same object where there are none.
 */
export function withinClock(watch: Watch<never>, state: ConditionState, now: number): ConditionState {
  const rule = typeof watch === 'function' ? null : RULES[watch.kind];
  const isAhead = ({ memory }: Subject) => memory !== null && liesBeyond(rule?.latest?.(memory) ?? now, now, 0);
  if (typeof watch === 'function' || !state.subjects.some(isAhead)) return state;
  const subjects = state.subjects.flatMap((subject) => {
    if (!isAhead(subject)) return [subject];
    const memory = rule?.broughtTo?.(now);
    return memory === undefined ? [] : [{ ...subject, memory }];
  });
  return { ...stateWith(state.of, subjects), overflow: state.overflow };
}

/**
 * Whether a stored value is a state of this condition. If not, begin anew. All functions count as the same condition.
 */
export function isStateOf(watch: Watch<never>, value: Json): value is ConditionState {
  const { version, of } = (value ?? {}) as Partial<ConditionState>;
  return version === 1 && of === markOf(watch);
}

function markOf(watch: Watch<never>): string {
  return typeof watch === 'function' ? 'function' : digestOf(canonicalText(JSON.parse(JSON.stringify(watch)) as Json));
}

function planOf<Event extends WatchedEvent>(
  watch: Watch<Event>,
  rules: typeof RULES,
): { condition: Condition; rule: Rule<Condition, Json> } {
  if (typeof watch !== 'function') return { condition: watch, rule: rules[watch.kind] };
  const judge: Rule<Condition, Json>['judge'] = (_condition, _before, event) => {
    return { holds: watch(event as Event), lapsed: false, memory: null, value: null };
  };
  return { condition: { kind: 'match' }, rule: { judge } };
}

/** Whether the condition judges an event. `match` also judges events that fail its `where`; other conditions skip them. */
export function isLookedAt(condition: Condition, event: WatchedEvent): boolean {
  const { kind, key, where } = condition;
  return !isGap(event) && passesKey(key, event.key) && (kind === 'match' || passesWhere(where, event.data));
}

function dueSubjects(watch: Watch<never>, state: ConditionState): { subject: Subject; at: number }[] {
  if (typeof watch === 'function') return [];
  const rule = RULES[watch.kind];
  if (rule.dueAt === undefined) return [];
  return state.subjects.flatMap((subject) => {
    const at = rule.dueAt?.(watch, subject) ?? null;
    return at === null ? [] : [{ subject, at }];
  });
}

function lostAt<Event extends WatchedEvent>(at: number, { key }: Subject): Transition<Event> {
  return { became: 'ceased', key, at, event: null, value: null, forgotten: true };
}

function stepTo<Event extends WatchedEvent>(
  state: ConditionState,
  transitions: Transition<Event>[],
): ConditionStep<Event> {
  return { state, holds: state.subjects.some(({ holds }) => holds), transitions };
}
