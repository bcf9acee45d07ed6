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
import { arrived, CLOCKS_DIFFER_MS, type StreamClock, timeOfAll } from './clock.ts';
import { createDueHeap } from './due-heap.ts';
import { mayForget, type RememberedKeys } from './keys.ts';
import { boundEvents, type RememberedKey } from './key-state.ts';
import { loggedTo } from './logged.ts';
import type { ArrivedEvent, Moment } from './moment.ts';
import { looksAt, type ConditionPlan } from './plan.ts';
import { clearMoved, createMoved, dueOf, judgeLeaf, type Moved, passNodeTime, settle } from './settle.ts';
import { cleansed, removedBy } from './removed.ts';
import { createWaitingEvents } from './waiting.ts';

export interface JudgeSettings {
  lateMs: number;
  cooldownMs: number;
  tellsEnds: boolean;
}

/** All that is kept of a trigger between two rounds, but for its waiting events, which are read again. */
export interface TriggerState {
  /** By stream. */
  clocks: Map<string, StreamClock>;
  /** All that happened up to here was judged, as far as it had come, epoch ms. */
  judgedTo: number;
  /** Time of the newest thing that was judged, epoch ms. */
  newest: number;
  common: RememberedKey;
  keys: RememberedKeys;
  counts: { late: number; hurried: number; suppressed: number; overflow: number };
}

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
export const MOST_WAITING = 10_000;
const MOST_LATE = 20;
/** When so much is found, somebody has to ask for it before more is judged. One event, or one time, may find more. */
const MOST_FOUND = 25;
const FOUND_BYTES = 48_000;
/** Most bytes of the events of an occurrence, and of one of many at once. */
const EVENTS_BYTES = 32_000;
const FEW_BYTES = 600;

export function createTriggerJudge(plan: ConditionPlan, settings: JudgeSettings, state: TriggerState): TriggerJudge {
  const { lateMs, cooldownMs, tellsEnds } = settings;
  const { keys, common, clocks, counts } = state;
  const waiting = createWaitingEvents();
  const due = createDueHeap<RememberedKey>(common);
  const moved = createMoved(plan);
  const all = [...clocks.values()];
  const tellsLater = cooldownMs > 0 && tellsEnds;
  const isTimed = plan.timed || tellsLater;
  let found: Moment[] = [];
  let foundBytes = 0;
  let late: { stream: string; arrival: ArrivedEvent }[] = [];
  let gone: Removed[] = [];
  let hasChanged = false;
  /** What the step at hand is about. */
  let event: StreamEvent | null = null;
  let cause = '';

  /** When the cooldown of a key is over that holds and was not told: with an alarm, its state is told then. */
  function coolAt(own: RememberedKey): number | null {
    if (!tellsLater || own.told || own.lastAt === null || own.nodes[plan.root.index]?.holds !== true) return null;
    return own.lastAt + cooldownMs;
  }

  function noteDue(own: RememberedKey): void {
    if (!isTimed) return;
    const [at, over] = [dueOf(plan, own, own !== common), coolAt(own)];
    due.set(own, at === null || over === null ? (at ?? over) : Math.min(at, over));
  }

  /** The whole condition moved for a key: what is to be told? */
  function tell(own: RememberedKey, at: number, { began, ceased, value }: Moved): void {
    const { index } = plan.root;
    if (ceased[index] === 1 && own.told) {
      own.told = false;
      if (tellsEnds) add('ceased', own, at, value[index] ?? null, event === null ? [] : [event]);
    }
    if (began[index] !== 1) return;
    if (cooldownMs > 0 && own.lastAt !== null && at < own.lastAt + cooldownMs) {
      counts.suppressed += 1;
      return;
    }
    if (cooldownMs > 0) own.lastAt = at;
    own.told = tellsEnds;
    const made = own.nodes[index]?.made;
    const events = made && made.length > 0 ? made : event === null ? [] : [event];
    add('holding', own, at, value[index] ?? null, withWhole(events));
  }

  /** What is remembered of the event at hand may lack its data. */
  function withWhole(events: readonly StreamEvent[]): readonly StreamEvent[] {
    const { id, stream, revision } = event ?? {};
    return events.map((one) => (one.id === id && one.stream === stream && one.revision === revision ? event! : one));
  }

  function add(
    became: Moment['became'],
    own: RememberedKey,
    at: number,
    value: number | null,
    events: readonly StreamEvent[],
  ) {
    const key = own === common ? plan.commonKey : own.key;
    const kept = boundEvents(events, found.length < MOST_FOUND ? EVENTS_BYTES : FEW_BYTES);
    foundBytes += kept.bytes;
    found.push({ became, key, time: event?.time ?? at, value, events: kept.events, cause });
  }

  const isFull = () => found.length >= MOST_FOUND || foundBytes >= FOUND_BYTES;

  /** All keys are judged by what became of what looks at all of them together. */
  function settleAll(at: number, isEvent: boolean, but: RememberedKey | null): void {
    const kept = { began: moved.began.slice(), ceased: moved.ceased.slice(), value: [...moved.value] };
    for (const own of keys.all()) {
      if (own === but) continue;
      settle(plan, own, common, at, isEvent, moved);
      tell(own, at, moved);
      noteDue(own);
      keys.touched(own);
      moved.began.set(kept.began);
      moved.ceased.set(kept.ceased);
      moved.value = [...kept.value];
    }
  }

  const hasMoved = () => moved.began.includes(1) || moved.ceased.includes(1);

  function tick(own: RememberedKey, at: number): void {
    clearMoved(moved);
    event = null;
    cause = `t${at}`;
    const isCommon = own === common;
    passNodeTime(plan, own, !isCommon, at, moved);
    settle(plan, own, common, at, false, moved);
    if (hasMoved()) {
      state.newest = Math.max(state.newest, at);
      hasChanged = true;
    }
    if (plan.root.perKey === !isCommon) {
      const over = coolAt(own);
      if (over !== null && over <= at) moved.began[plan.root.index] = 1;
      tell(own, timeTold(at), moved);
    }
    if (isCommon && plan.root.perKey && hasMoved()) settleAll(at, false, null);
    if (!isCommon) keys.touched(own);
    noteDue(own);
  }

  /** What is missing is missing at the end of its time, and found after it. */
  const timeTold = (at: number) => (plan.root.kind === 'missing' ? at - 1 : at);

  /** False: not all of it, because enough was found. @param isWhole all of it, however much that is */
  function advance(to: number, isWhole = false): boolean {
    for (let next = due.next(); next !== null && next.at <= to; next = due.next()) {
      if (!isWhole && isFull()) return false;
      if (next.key !== common && !keys.has(next.key)) {
        due.set(next.key, null);
        continue;
      }
      tick(next.key, next.at);
      const again = due.next();
      // A rule that is due again at the same time would be for ever.
      if (again?.key === next.key && again.at === next.at) due.set(next.key, null);
    }
    return true;
  }

  /** To be called when time has passed up to then. */
  function judge(stream: string, arrival: ArrivedEvent, time: number): void {
    const at = Math.max(time, state.newest);
    const logged = arrival.event;
    const leaves = plan.leavesOf.get(stream) ?? [];
    if (!leaves.some((leaf) => looksAt(leaf.condition, logged))) return;
    clearMoved(moved);
    event = null;
    let looked = false;
    let looksAtKeys = false;
    for (const leaf of leaves) {
      if (leaf.perKey) looksAtKeys = true;
      else looked = judgeLeaf(leaf, common, logged, at, moved) || looked;
    }
    if (looked) {
      event = loggedTo(stream, logged);
      cause = `e${arrival.after}`;
      settle(plan, common, common, at, true, moved);
      if (!plan.root.perKey) tell(common, at, moved);
      noteDue(common);
    }
    let own: RememberedKey | null = null;
    if (plan.root.perKey) {
      const isMoved = looked && hasMoved();
      if (looksAtKeys) {
        const key = logged.key ?? null;
        const isLooked = leaves.some((leaf) => leaf.perKey && looksAt(leaf.condition, logged));
        own = isLooked ? keys.get(key) : null;
      }
      if (isMoved) settleAll(at, true, own);
      if (own !== null) {
        event = loggedTo(stream, logged);
        cause = `e${arrival.after}`;
        for (const leaf of leaves) if (leaf.perKey) judgeLeaf(leaf, own, logged, at, moved);
        settle(plan, own, common, at, true, moved);
        tell(own, at, moved);
        noteDue(own);
        if (!keys.settled(own, state.newest, cooldownMs)) due.set(own, null);
      }
    }
    if (looked || own !== null) {
      state.newest = Math.max(state.newest, at);
      hasChanged = true;
    }
  }

  /** False: not all the way, because enough was found. */
  function moveTo(to: number): boolean {
    const upTo = Math.max(to, state.judgedTo);
    let last = state.judgedTo;
    for (let one = waiting.first(); one !== null && one.time <= upTo; one = waiting.first()) {
      // Of events of one time, and of those that time has passed, all are judged or none: what is read again goes by times.
      const isPast = one.time <= last;
      if ((isFull() && !isPast) || !advance(Math.max(one.time, state.newest), isPast)) {
        state.judgedTo = Math.max(state.judgedTo, last);
        return false;
      }
      waiting.take();
      judge(one.stream, one.arrival, one.time);
      last = Math.max(last, one.time);
    }
    if (to <= state.judgedTo) return true;
    if (isTimed && !advance(to)) {
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
      found = found.flatMap((moment) => cleansed(moment, what) ?? []);
      waiting.takeWhere((one) => isOf(one.arrival.event, what));
    }
    const isLeft = (one: StreamEvent) => what !== null && !isOf(one as unknown as LoggedEvent, what);
    for (const own of [common, ...keys.all()]) {
      for (const node of own.nodes) if (node?.made) node.made = node.made.filter(isLeft);
      keys.touched(own);
    }
    if (what !== null && 'key' in what && !('from' in what) && what.key !== undefined) {
      const gone = keys.drop(what.key);
      if (gone !== null) due.set(gone, null);
    }
    hasChanged = true;
  }

  for (const own of [common, ...keys.all()]) noteDue(own);

  return {
    state,
    take(stream, arrival, isAgain = false) {
      const clock = clocks.get(stream);
      if (clock === undefined) return true;
      const { event: logged, appendedAt } = arrival;
      const isAhead = logged.time > appendedAt + CLOCKS_DIFFER_MS;
      const time = isAhead ? logged.time : Math.min(logged.time, appendedAt);
      if (isAgain) {
        if (!isGap(logged) && time > state.judgedTo && (isAhead || lateMs > 0))
          waiting.add({ stream, arrival, time, rank: plan.streams.indexOf(stream) });
        return true;
      }
      if (isFull()) return false;
      const isFirst = clock.newest === null && plan.streams.length === 1;
      if (!isFirst && !moveTo(timeOfAll(all, appendedAt) - lateMs)) return false;
      const isDirect = lateMs === 0 && !isAhead && !isGap(logged);
      if (isDirect && isTimed && !advance(Math.max(time, state.newest))) return false;
      clock.head = arrival.after;
      clock.knownTo = Math.max(clock.knownTo, appendedAt);
      if (isGap(logged)) {
        if (isRemoval(logged)) forget(arrival.removed ?? removedBy(logged));
        return true;
      }
      if (!isAhead) arrived(clock, time, appendedAt);
      if (isDirect) judge(stream, arrival, time);
      else if (!isAhead && time < state.newest) {
        counts.late += 1;
        if (late.length < MOST_LATE) late.push({ stream, arrival });
        hasChanged = true;
      } else waiting.add({ stream, arrival, time, rank: plan.streams.indexOf(stream) });
      if (moveTo(timeOfAll(all, appendedAt) - lateMs)) hurry(stream, arrival.place);
      return true;
    },
    pass: (knownTo) => moveTo(timeOfAll(all, knownTo) - lateMs),
    found() {
      const moments = found;
      found = [];
      foundBytes = 0;
      return moments;
    },
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
      if (own !== null) due.set(own, null);
    },
    hasFound: () => found.length > 0,
    late() {
      const events = late;
      late = [];
      return events;
    },
    dueAt() {
      const next = Math.min(due.next()?.at ?? Infinity, waiting.first()?.time ?? Infinity);
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
      const did = hasChanged;
      hasChanged = false;
      return did;
    },
  };
}
