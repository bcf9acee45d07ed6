/**
 * The rule of `aggregate`: the mean, least, greatest, sum or number of the events of a window that moves with time. The window
 * has 24 steps. It moves by a whole step, so what is in it is exact: the events of the current step and of the 23 before it. An
 * event that comes late is put into its step. Its memory has one number or two for each step, however many events come. Pure.
 */
import { boundedNumber, numberAt, pathOf } from '../../base/field-path.ts';
import type { WindowAggregate } from '../../declare/condition.ts';
import { isBeyond } from '../../streams/conditions/bound.ts';
import { happenedAt, type Judgement, type Rule } from '../../streams/conditions/rule.ts';
import type { Subject } from '../../streams/conditions/state.ts';

const AGGREGATE_STEPS = 24;

/** The number of a step since 1970, how many events lie in it, and their sum, or the least or greatest of them. */
type Step = [step: number, events: number, value: number];

type Aggregated = {
  /** The step at which the window ends. */
  now: number;
  steps: Step[];
};

/** Length of a step, ms. */
export function stepMs(overMs: number): number {
  return Math.max(1, Math.ceil(overMs / AGGREGATE_STEPS));
}

type AggregateRule = Rule<WindowAggregate, Aggregated> & {
  pass(condition: WindowAggregate, before: Subject<Aggregated>, at: number): Judgement<Aggregated>;
};

export const aggregateRule: AggregateRule = {
  judge(condition, before, event, at) {
    const value = condition.of === 'count' ? 1 : numberAt(event.data, pathOf(condition.field));
    if (value === null) return null;
    const width = stepMs(condition.overMs);
    const step = Math.floor(happenedAt(event, at) / width);
    const now = Math.max(before?.memory.now ?? step, Math.floor(at / width));
    if (step <= now - AGGREGATE_STEPS) return null;
    return judged(condition, before, now, include(condition, before?.memory.steps ?? [], step, value));
  },
  pass(condition, before, at) {
    const now = Math.max(before.memory.now, Math.floor(at / stepMs(condition.overMs)));
    return judged(condition, before, now, before.memory.steps);
  },
  dueAt({ overMs }, { memory: { steps } }) {
    const [oldest] = steps;
    return oldest === undefined ? null : (oldest[0] + AGGREGATE_STEPS) * stepMs(overMs);
  },
};

function judged(
  condition: WindowAggregate,
  before: Subject<Aggregated> | null,
  now: number,
  all: Step[],
): Judgement<Aggregated> {
  const held = before?.holds ?? false;
  const [oldest] = all;
  const isWhole = oldest === undefined || oldest[0] > now - AGGREGATE_STEPS;
  const steps = isWhole ? all : all.filter(([step]) => step > now - AGGREGATE_STEPS);
  const memory = { now, steps };
  if (steps.length === 0 && condition.of !== 'count') return { holds: false, lapsed: false, memory, value: null };
  const value = aggregateOf(condition, steps);
  return { holds: isBeyond(condition, value, held), lapsed: false, memory, value };
}

function include({ of }: WindowAggregate, steps: readonly Step[], step: number, value: number): Step[] {
  const place = steps.findLastIndex(([other]) => other <= step);
  const standing = steps[place];
  if (standing === undefined || standing[0] !== step) return steps.toSpliced(place + 1, 0, [step, 1, value]);
  const [, events, sum] = standing;
  const both = of === 'min' ? Math.min(sum, value) : of === 'max' ? Math.max(sum, value) : boundedNumber(sum + value);
  return steps.with(place, [step, events + 1, both]);
}

function aggregateOf({ of }: WindowAggregate, steps: readonly Step[]): number {
  let events = 0;
  let sum = 0;
  let least = Number.POSITIVE_INFINITY;
  let greatest = Number.NEGATIVE_INFINITY;
  for (const [, many, value] of steps) {
    events += many;
    sum = boundedNumber(sum + value);
    least = Math.min(least, value);
    greatest = Math.max(greatest, value);
  }
  if (of === 'min') return least;
  if (of === 'max') return greatest;
  if (of === 'count') return events;
  return of === 'sum' ? sum : sum / events;
}
