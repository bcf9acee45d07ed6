/** Judges events of the past as if each had come when it happened. It keeps nothing. Pure. */
import type { LoggedEvent } from '../../base/event.ts';
import { newClock } from './clock.ts';
import { createTriggerJudge } from './judge.ts';
import { emptyKey } from './key-state.ts';
import { begunKeys, createRememberedKeys } from './keys.ts';
import type { Moment } from './moment.ts';
import type { ConditionPlan } from './plan.ts';
import type { JudgeSettings } from './state.ts';

export interface PastEvent {
  stream: string;
  event: LoggedEvent;
}

/**
 * @param events in any order
 * @param begunAt epoch ms from which silence is measured @param to epoch ms up to which time passes
 */
export function* replayed(
  plan: ConditionPlan,
  settings: Omit<JudgeSettings, 'lateMs'>,
  events: readonly PastEvent[],
  begunAt: number,
  to: number,
): Generator<Moment, void> {
  const common = emptyKey(plan, null);
  const keys = createRememberedKeys(plan, []);
  begunKeys(plan, common, keys, begunAt);
  const judge = createTriggerJudge(
    plan,
    { ...settings, lateMs: 0 },
    {
      clocks: new Map(plan.streams.map((stream) => [stream, newClock(null, begunAt)])),
      judgedTo: 0,
      newest: 0,
      common,
      keys,
      counts: { late: 0, hurried: 0, suppressed: 0, overflow: 0 },
    },
  );
  const sorted = events.toSorted((a, b) => a.event.time - b.event.time);
  for (const [place, { stream, event }] of sorted.entries()) {
    if (event.time >= to) break;
    const arrival = { event, appendedAt: event.time, before: null, after: `${stream} ${place}`, place };
    while (!judge.take(stream, arrival)) yield* judge.found();
    yield* judge.found();
  }
  while (!judge.pass(to)) yield* judge.found();
  yield* judge.found();
}

/** How far back events decide about what holds at a moment, ms. What held before that may decide too. */
export function reachMs({ nodes }: ConditionPlan): number {
  let reach = 0;
  for (const node of nodes) {
    if (node.kind === 'sequence' || node.kind === 'missing') reach += node.withinMs;
    if (node.kind !== 'leaf') continue;
    const { condition } = node;
    if (condition.kind === 'absence') reach += condition.forMs;
    if (condition.kind === 'count') reach += condition.withinMs;
    if (condition.kind === 'rate' || condition.kind === 'aggregate') reach += condition.overMs * 1.25;
  }
  return Math.ceil(reach);
}
