/** Brings a trigger's state back to a clock that was set back. Changes the state that it is given. */
import { liesBeyond } from '../../base/time/stored-time.ts';
import { keepWithin } from './clock.ts';
import type { TriggerState } from './state.ts';
import type { RememberedKey } from './key-state.ts';
import { begunKeys } from './keys.ts';
import type { ConditionPlan } from './plan.ts';

/** Brings the times of a state that lie ahead of the clock back to it; an earlier clock has left them there. */
export function stateWithinClock(plan: ConditionPlan, state: TriggerState, now: number): void {
  let isOdd = liesBeyond(state.judgedTo, now, 0) || liesBeyond(state.newest, now, 0);
  for (const clock of state.clocks.values()) isOdd = keepWithin(clock, now) || isOdd;
  if (!isOdd) return;
  state.judgedTo = Math.min(state.judgedTo, now);
  state.newest = Math.min(state.newest, now);
  // What is remembered by times that are not to come for long would make all that comes count as older.
  const told = [state.common, ...state.keys.all()];
  for (const own of told) {
    own.lastAt = own.lastAt === null ? null : Math.min(own.lastAt, now);
    own.nodes = own.nodes.map((node, index) => keptOf(plan, node, index, now));
    state.keys.touched(own);
  }
  begunKeys(plan, state.common, state.keys, now);
}

function keptOf(plan: ConditionPlan, node: RememberedKey['nodes'][number], index: number, now: number): typeof node {
  const of = plan.nodes[index];
  if (node === null || of === undefined || node.memory === null) return node;
  if (of.kind === 'leaf') {
    const { rule, condition } = of;
    if (condition.kind === 'aggregate') return null;
    if (!liesBeyond(rule.latest?.(node.memory as never) ?? now, now, 0)) return node;
    const memory = rule.broughtTo?.(now);
    return memory === undefined ? null : { ...node, memory };
  }
  return typeof node.memory === 'number' && liesBeyond(node.memory, now, 0) ? { ...node, memory: now } : node;
}
