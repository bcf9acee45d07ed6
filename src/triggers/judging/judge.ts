/**
 * Judges the events of a trigger's streams as they stand in the logs, and answers the moments at which its condition began to
 * hold or ceased. It reads no clock and no store: what it finds follows from the entries, the order in which it is given them
 * and how far their logs are known. So it may begin anew from any state that was kept, and comes to the same.
 *
 * An event is judged when the time of the trigger (`clock.ts`) is `lateMs` past it, in the order of their times. It is late, and
 * not judged, if something of a later time was judged before it. Without `lateMs` events are judged as they arrive. An event
 * that lies ahead of the clock waits for its time, in either case; those up to 5 s ahead count as happened when they arrived.
 */
import { isGap, type LoggedEvent, type StreamEvent } from '../../base/event.ts';
import type { Cursor } from '../../store/store.ts';
import { isOf, isRemoval, type Removed } from '../../streams/log/removals.ts';
import { arrived, CLOCKS_DIFFER_MS, timeOfAll } from './clock.ts';
import { mayForget } from './keys.ts';
import type { ArrivedEvent, Moment } from './moment.ts';
import type { ConditionPlan } from './plan.ts';
import { removedBy } from './removed.ts';
import type { JudgeSettings, TriggerState } from './state.ts';
import { createJudgeSteps } from './steps.ts';
import { createTelling } from './telling.ts';
import { createWaitingEvents } from './waiting.ts';

export interface TriggerJudge {
  readonly state: TriggerState;
  /**
   * Takes in the next entry of a stream. `isAgain`: it was taken in before the state was kept, and may wait still.
   * @returns false: it was not taken in, because what was found has to be asked for first
   */
  take(stream: string, arrival: ArrivedEvent, isAgain?: boolean): boolean;
  /**
   * Time passes.
   * @param knownTo epoch ms: no log gets an entry any more that was appended before this
   * @returns false: not all of it passed, because what was found has to be asked for first
   */
  pass(knownTo: number): boolean;
  /** What was found since this was last asked. */
  found(): Moment[];
  hasFound(): boolean;
  /** Whether nothing is lost with what is remembered of a key. */
  mayForget(key: string | null): boolean;
  forgetKey(key: string | null): void;
  /** What was found last of a key, that it holds, is not told after all; so its end is not either. */
  untell(key: string | null): void;
  /** What was removed from the streams since this was last asked. */
  removed(): Removed[];
  /** Late events since this was last asked. */
  late(): { stream: string; arrival: ArrivedEvent }[];
  /** Epoch ms at which something changes if nothing comes, by the clock; null: nothing does. */
  dueAt(): number | null;
  /** Before the first entry of a stream that waits. */
  from(stream: string): Cursor | null;
  /** Whether something has changed since it was last asked, but for positions. */
  changed(): boolean;
}

/** Most events that wait at once, and most entries for which one waits. What is over is judged before its time. */
const MOST_WAITING = 10_000;
const MOST_LATE = 20;

export function createTriggerJudge(plan: ConditionPlan, settings: JudgeSettings, state: TriggerState): TriggerJudge {
  const { lateMs, cooldownMs } = settings;
  const { keys, common, clocks, counts } = state;
  const waiting = createWaitingEvents();
  const telling = createTelling(plan, settings, state);
  const steps = createJudgeSteps(plan, cooldownMs, state, telling);
  const all = [...clocks.values()];
  let late: { stream: string; arrival: ArrivedEvent }[] = [];
  let gone: Removed[] = [];
  let hasChanged = false;

  /** False: not all the way, because enough was found. */
  function moveTo(to: number): boolean {
    const upTo = Math.max(to, state.judgedTo);
    let last = state.judgedTo;
    for (let one = waiting.first(); one !== null && one.time <= upTo; one = waiting.first()) {
      // Of events of one time, and of those that time has passed, all are judged or none: what is read again goes by times.
      const isPast = one.time <= last;
      if ((telling.isFull() && !isPast) || !steps.advance(Math.max(one.time, state.newest), isPast)) {
        state.judgedTo = Math.max(state.judgedTo, last);
        return false;
      }
      waiting.take();
      steps.judge(one.stream, one.arrival, one.time);
      last = Math.max(last, one.time);
    }
    if (to <= state.judgedTo) return true;
    if (steps.isTimed && !steps.advance(to)) {
      state.judgedTo = Math.max(state.judgedTo, last);
      return false;
    }
    state.judgedTo = to;
    return true;
  }

  function hurry(stream: string, place: number): void {
    if (place % 1_000 === 0 && waiting.size > 0) {
      const old = (one: { stream: string; arrival: ArrivedEvent }) =>
        one.stream === stream && one.arrival.place < place - MOST_WAITING;
      // What lies ahead for so long is not judged: its time is not to be trusted.
      counts.hurried += waiting.takeWhere(old).length;
    }
    while (waiting.size > MOST_WAITING) {
      counts.hurried += 1;
      // Time does not go ahead of the clock for those that do: the one that is furthest ahead is not judged.
      const first = waiting.first()?.time ?? 0;
      if (first > timeOfAll(all, state.judgedTo)) waiting.dropLast();
      else if (!moveTo(first)) return;
    }
  }

  /** @param what null: it is not known any more, so nothing of any event is kept */
  function forget(what: Removed | null): void {
    if (what !== null) {
      gone.push(what);
      telling.forget(what);
      waiting.takeWhere((one) => isOf(one.arrival.event, what));
    }
    const isLeft = (one: StreamEvent) => what !== null && !isOf(one as unknown as LoggedEvent, what);
    for (const own of [common, ...keys.all()]) {
      for (const node of own.nodes) if (node?.made) node.made = node.made.filter(isLeft);
      keys.touched(own);
    }
    if (what !== null && 'key' in what && !('from' in what) && what.key !== undefined) {
      const gone = keys.drop(what.key);
      if (gone !== null) steps.drop(gone);
    }
    hasChanged = true;
  }

  return {
    state,
    take(stream, arrival, isAgain = false) {
      const clock = clocks.get(stream);
      if (clock === undefined) return true;
      const { event: logged, appendedAt } = arrival;
      const isAhead = arrival.isOfWrongClock !== true && logged.time > appendedAt + CLOCKS_DIFFER_MS;
      const time = isAhead ? logged.time : Math.min(logged.time, appendedAt);
      if (isAgain) {
        if (!isGap(logged) && time > state.judgedTo && (isAhead || lateMs > 0))
          waiting.add({ stream, arrival, time, rank: plan.streams.indexOf(stream) });
        return true;
      }
      if (telling.isFull()) return false;
      const isFirst = clock.newest === null && plan.streams.length === 1;
      if (!isFirst && !moveTo(timeOfAll(all, appendedAt) - lateMs)) return false;
      const isDirect = lateMs === 0 && !isAhead && !isGap(logged);
      if (isDirect && steps.isTimed && !steps.advance(Math.max(time, state.newest))) return false;
      clock.head = arrival.after;
      clock.knownTo = Math.max(clock.knownTo, appendedAt);
      if (isGap(logged)) {
        if (isRemoval(logged)) forget(arrival.removed ?? removedBy(logged));
        return true;
      }
      if (!isAhead) arrived(clock, time, appendedAt);
      if (isDirect) steps.judge(stream, arrival, time);
      else if (!isAhead && time < state.newest) {
        counts.late += 1;
        if (late.length < MOST_LATE) late.push({ stream, arrival });
        hasChanged = true;
      } else waiting.add({ stream, arrival, time, rank: plan.streams.indexOf(stream) });
      if (moveTo(timeOfAll(all, appendedAt) - lateMs)) hurry(stream, arrival.place);
      return true;
    },
    pass: (knownTo) => moveTo(timeOfAll(all, knownTo) - lateMs),
    found: () => telling.take(),
    removed() {
      const all = gone;
      gone = [];
      return all;
    },
    mayForget(key) {
      const own = keys.peek(key);
      return own === null || mayForget(plan, own);
    },
    forgetKey(key) {
      const own = keys.drop(key);
      if (own !== null) steps.drop(own);
    },
    untell(key) {
      const own = plan.root.perKey ? keys.peek(key) : common;
      if (own === null) return;
      own.told = false;
      own.lastAt = null;
      keys.touched(own);
    },
    hasFound: () => telling.hasFound(),
    late() {
      const events = late;
      late = [];
      return events;
    },
    dueAt() {
      const next = Math.min(steps.nextAt() ?? Infinity, waiting.first()?.time ?? Infinity);
      if (next === Infinity) return null;
      // By as much as the time of the trigger is behind the clock, it is due later.
      const at = all.reduce((latest, clock) => Math.max(latest, clock.knownTo), 0);
      return next + lateMs + Math.max(0, at - timeOfAll(all, at)) + CLOCKS_DIFFER_MS;
    },
    from(stream) {
      let first: ArrivedEvent | null = null;
      for (const one of waiting.all()) {
        if (one.stream === stream && (first === null || one.arrival.place < first.place)) first = one.arrival;
      }
      return first === null ? (clocks.get(stream)?.head ?? null) : first.before;
    },
    changed() {
      const did = steps.changed() || hasChanged;
      hasChanged = false;
      return did;
    },
  };
}
