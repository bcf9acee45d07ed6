/**
 * Conditions evaluated: a fold over a stream's log, which tells when a condition begins to hold and when it ceases. Pure:
 * it reads no clock and no store. The state is JSON, so it may be taken up anywhere at the entry behind the last.
 *
 * Two times are told apart. The log's order and append times are those of arrival: in that order events are taken, by
 * those times silence is measured, and time goes on with each entry, whatever its key. When an event happened is what its
 * source says: by that rates, counts and the order of changes go. An event that is dated ahead happened when it came; how
 * late one may be is up to the condition's own length of time, and not to the lateness that the stream declares.
 *
 * So the answer follows from the log alone. `tick` only tells earlier what the next entry would have told, on one
 * condition: no entry may come later that was appended before its `now`. So take `now` before reading to the log's end,
 * and leave what clocks may differ by.
 *
 * Gap events are passed over. An event in which the field is missing, or holds no number where one is compared, says
 * nothing either way: what held goes on to hold.
 */
import type { Condition } from '../../declare/condition.ts';
import { canonicalText, digestOf } from '../../base/digest.ts';
import { isGap } from '../../base/event.ts';
import type { Json } from '../../base/json.ts';
import type { Rule } from './rule.ts';
import { RULES } from './rules.ts';
import { knownSubjects, passesKey, passesWhere, subjectOf, type WatchedEvent } from './scope.ts';
import { type ConditionState, emptyState, place, type Subject, turn } from './state.ts';

/** A condition, or in code a function, which is judged as `match` is: for each key, in order of arrival. It must not throw. */
export type Watch<Event extends WatchedEvent = WatchedEvent> = Condition | ((event: Event) => boolean);

/** Of one key, `holding` and `ceased` take turns, and `holding` is the first. */
export interface Transition<Event extends WatchedEvent = WatchedEvent> {
  became: 'holding' | 'ceased';
  /** Null: all keys together, or events without a key. */
  key: string | null;
  /** Epoch ms: the append time of the event, or when time alone did it. */
  at: number;
  /** Null where time did it. */
  event: Event | null;
  /** The number that decided: the field's, or the rate. Null where none did. */
  value: number | null;
  /** True: it ceased because there were too many keys, and what became of this one is not known. */
  forgotten: boolean;
}

export interface Step<Event extends WatchedEvent = WatchedEvent> {
  /** The very same as before where there is nothing new to remember. */
  state: ConditionState;
  /** Whether it holds now, of any key. */
  holds: boolean;
  /** In order; several where time went on as well, where a change follows a change, and where a key was forgotten. */
  transitions: readonly Transition<Event>[];
}

/**
 * The state before any event: nothing holds. What stood before is taken in by stepping through it and passing over the
 * transitions.
 * @param now epoch ms, from which on silence is measured.
 */
export function begin(watch: Watch<never>, now: number): ConditionState {
  const state = emptyState(markOf(watch));
  if (typeof watch === 'function' || watch.kind !== 'absence') return state;
  return knownSubjects(watch).reduce<ConditionState>((at, key) => {
    const subject: Subject = { key, holds: false, memory: { last: now } };
    return place(at, null, subject, () => false).state;
  }, state);
}

/**
 * Takes in the next entry of the log.
 * @param at its append time, epoch ms.
 */
export function step<Event extends WatchedEvent>(
  watch: Watch<Event>,
  before: ConditionState,
  event: Event,
  at: number,
): Step<Event> {
  const { condition, rule } = planOf(watch);
  const timely = tick<Event>(watch, before, at);
  if (isGap(event) || !isLookedAt(condition, event)) return timely;
  const key = subjectOf(condition, event);
  const standing = timely.state.subjects.find((subject) => subject.key === key) ?? null;
  const judged = rule.judge(condition, standing, event, at);
  if (judged === null) return timely;
  const { holds, lapsed, memory, value } = judged;
  const held = standing?.holds ?? false;
  if (memory === null && holds === held) return timely;
  const subject = holds || memory !== null ? { key, holds, memory } : null;
  const placed = place(timely.state, standing, subject, (other) => rule.mayForget?.(other) ?? true);
  const lost = placed.forgotten.filter((other) => other.holds).map((other) => lostAt<Event>(at, other));
  const transitions = [...timely.transitions, ...lost];
  const own = { key, at, event, value, forgotten: false };
  if (held && (lapsed || !holds)) transitions.push({ ...own, became: 'ceased' });
  if (holds && (lapsed || !held)) transitions.push({ ...own, became: 'holding' });
  return stepTo(placed.state, transitions);
}

/** Lets time go on to `now`. Needed at `dueAt`; at other times it changes nothing, so it may come as often as it likes. */
export function tick<Event extends WatchedEvent>(watch: Watch<Event>, state: ConditionState, now: number): Step<Event> {
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

/** When time alone makes it hold or cease if nothing comes, epoch ms; null: it does not. */
export function dueAt(watch: Watch<never>, state: ConditionState): number | null {
  return dueSubjects(watch, state).reduce<number | null>(
    (earliest, { at }) => (earliest === null || at < earliest ? at : earliest),
    null,
  );
}

/** Whether a stored value is a state of this very condition: else begin anew. Of a function only that it is one is known. */
export function isStateOf(watch: Watch<never>, value: Json): value is ConditionState {
  const { version, of } = (value ?? {}) as Partial<ConditionState>;
  return version === 1 && of === markOf(watch);
}

function markOf(watch: Watch<never>): string {
  return typeof watch === 'function' ? 'function' : digestOf(canonicalText(JSON.parse(JSON.stringify(watch)) as Json));
}

function planOf<Event extends WatchedEvent>(
  watch: Watch<Event>,
): { condition: Condition; rule: Rule<Condition, Json> } {
  if (typeof watch !== 'function') return { condition: watch, rule: RULES[watch.kind] };
  const judge: Rule<Condition, Json>['judge'] = (_condition, _before, event) => {
    return { holds: watch(event as Event), lapsed: false, memory: null, value: null };
  };
  return { condition: { kind: 'match' }, rule: { judge } };
}

/** What a `match` does not let pass it judges; the others do not see it. */
function isLookedAt(condition: Condition, event: WatchedEvent): boolean {
  const { kind, key, where } = condition;
  return passesKey(key, event.key) && (kind === 'match' || passesWhere(where, event.data));
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

function stepTo<Event extends WatchedEvent>(state: ConditionState, transitions: Transition<Event>[]): Step<Event> {
  return { state, holds: state.subjects.some(({ holds }) => holds), transitions };
}
