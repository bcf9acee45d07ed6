/** Judges entries as rounds do: in pieces, with what is kept of the state between them, and nothing else. */
import type { LoggedEvent } from '../../src/base/event.ts';
import type { TriggerCondition } from '../../src/declare/condition.ts';
import { newClock } from '../../src/triggers/judging/clock.ts';
import { createTriggerJudge, type TriggerJudge } from '../../src/triggers/judging/judge.ts';
import { emptyKey, fromStored, toStored } from '../../src/triggers/judging/key-state.ts';
import { begunKeys, createRememberedKeys } from '../../src/triggers/judging/keys.ts';
import type { ArrivedEvent, Moment } from '../../src/triggers/judging/moment.ts';
import { conditionPlan } from '../../src/triggers/judging/plan.ts';
import type { TriggerState } from '../../src/triggers/judging/state.ts';
import { encodeCursor } from '../../src/store/cursor.ts';

export interface Entry {
  stream: string;
  event: LoggedEvent;
  at: number;
}

export interface Judging {
  when: TriggerCondition;
  streams: readonly string[];
  lateMs: number;
  cooldownMs: number;
  begunAt: number;
  knownTo: number;
  /** After how many entries the state is kept and read again. */
  cuts?: readonly number[];
  /** After how many entries time passes, as far as they came. */
  passes?: readonly number[];
}

export function judged(entries: readonly Entry[], asked: Judging): { moments: Moment[]; state: TriggerState } {
  const { when, streams, lateMs, cooldownMs, begunAt, knownTo, cuts = [], passes = [] } = asked;
  const plan = conditionPlan({ when, on: new Map(streams.map((name) => [name, name])) });
  const settings = { lateMs, cooldownMs, tellsEnds: true };
  const places = new Map<string, number>();
  const arrivals = entries.map(({ stream, event, at }): { stream: string; arrival: ArrivedEvent } => {
    const place = places.get(stream) ?? 0;
    places.set(stream, place + 1);
    const [before, after] = [encodeCursor(stream, place), encodeCursor(stream, place + 1)];
    return { stream, arrival: { event, appendedAt: at, before, after, place } };
  });
  const common = emptyKey(plan, null);
  const keys = createRememberedKeys(plan, []);
  begunKeys(plan, common, keys, begunAt);
  const clocks = new Map(streams.map((name) => [name, newClock(null, begunAt)]));
  const counts = { late: 0, hurried: 0, suppressed: 0, overflow: 0 };
  let judge = createTriggerJudge(plan, settings, { clocks, judgedTo: 0, newest: 0, common, keys, counts });
  const moments: Moment[] = [];
  const until = (did: () => boolean) => {
    while (!did()) moments.push(...judge.found());
  };

  /** Only JSON is kept, and what waits is taken in again. */
  function cut(before: TriggerJudge): TriggerJudge {
    const { state } = before;
    moments.push(...before.found());
    const kept = JSON.parse(
      JSON.stringify({
        clocks: [...state.clocks].map(([name, clock]) => [name, { ...clock, from: before.from(name) }]),
        judgedTo: state.judgedTo,
        newest: state.newest,
        common: toStored(state.common),
        keys: [...state.keys.all()].map(toStored),
        counts: state.counts,
      }),
    );
    const after = createTriggerJudge(plan, settings, {
      ...kept,
      clocks: new Map(kept.clocks),
      common: fromStored(kept.common),
      keys: createRememberedKeys(plan, kept.keys.map(fromStored)),
    });
    for (const [name, clock] of after.state.clocks) {
      const own = arrivals.filter(({ stream }) => stream === name);
      const from = own.findIndex(({ arrival }) => arrival.before === clock.from);
      const head = own.findIndex(({ arrival }) => arrival.after === clock.head);
      if (from >= 0) for (const { arrival } of own.slice(from, head + 1)) after.take(name, arrival, true);
    }
    return after;
  }

  for (const [index, { stream, arrival }] of arrivals.entries()) {
    until(() => judge.take(stream, arrival));
    if (passes.includes(index)) until(() => judge.pass(arrival.appendedAt));
    if (cuts.includes(index)) judge = cut(judge);
  }
  until(() => judge.pass(knownTo));
  moments.push(...judge.found());
  return { moments, state: judge.state };
}
