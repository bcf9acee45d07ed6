/**
 * What becomes of the nodes of one key, or of all keys together, by an event or by time: the leaves by their rules, then the
 * compound nodes by what became of their parts. `Moved` says of each node whether it ceased and began in this step; a node that
 * ceased and began in one step holds anew. It changes the states that it is given, and does nothing else.
 */
import type { StreamEvent } from '../../base/event.ts';
import { loggedTo } from './logged.ts';
import { nameOf } from '../../streams/log/removals.ts';
import type { WatchedEvent } from '../../streams/conditions/scope.ts';
import { type RememberedKey, type NodeState, remembered } from './key-state.ts';
import { type Join, type Leaf, type LeafRule, looksAt, MOST_MADE, type Pair, type ConditionPlan } from './plan.ts';

export interface Moved {
  /** By the index of the node. */
  began: Uint8Array;
  ceased: Uint8Array;
  /** The number that decided; null: none did. */
  value: (number | null)[];
}

export function createMoved({ nodes }: ConditionPlan): Moved {
  return {
    began: new Uint8Array(nodes.length),
    ceased: new Uint8Array(nodes.length),
    value: nodes.map(() => null),
  };
}

export function clearMoved({ began, ceased, value }: Moved): void {
  began.fill(0);
  ceased.fill(0);
  value.fill(null);
}

type AnyRule = LeafRule & { judge: (...given: unknown[]) => ReturnType<NonNullable<LeafRule['pass']>> };

/** Judges a leaf by an event of its stream. @param at the time of the step, epoch ms @returns whether the leaf looked at it */
export function judgeLeaf(leaf: Leaf, state: RememberedKey, event: WatchedEvent, at: number, moved: Moved): boolean {
  if (!looksAt(leaf.condition, event)) return false;
  const { index } = leaf;
  const before = state.nodes[index] ?? null;
  const judged = (leaf.rule as AnyRule).judge(leaf.condition, before, event, at);
  if (judged === null) return true;
  const { holds, memory, value } = judged;
  const lapsed = judged.lapsed || (leaf.pulses && holds);
  const held = before?.holds ?? false;
  if (held && (lapsed || !holds)) moved.ceased[index] = 1;
  if (holds && (lapsed || !held)) moved.began[index] = 1;
  moved.value[index] = value;
  // Each event that passes is a beginning of its own, however late it comes.
  if (!holds && (memory === null || leaf.pulses)) {
    if (before !== null) state.nodes[index] = null;
    return true;
  }
  const next: NodeState = { key: state.key, holds, memory };
  if (leaf.keeps > 0) keepMade(leaf, before, next, loggedTo(leaf.stream, event), moved);
  state.nodes[index] = next;
  return true;
}

function keepMade({ keeps, index }: Leaf, before: NodeState | null, next: NodeState, event: StreamEvent, moved: Moved) {
  if (keeps > 1) next.made = remembered([...(before?.made ?? []), event], keeps);
  else if (moved.began[index] === 1) next.made = remembered([event], 1);
  else if (next.holds && before?.made) next.made = before.made;
}

/** When the passing of time changes something of this state, epoch ms; null: never. */
export function dueOf({ nodes }: ConditionPlan, state: RememberedKey, perKey: boolean): number | null {
  let least: number | null = null;
  for (const node of nodes) {
    const standing = state.nodes[node.index];
    if (node.perKey !== perKey || !standing) continue;
    const at = dueOfNode(node, standing);
    if (at !== null && (least === null || at < least)) least = at;
  }
  return least;
}

function dueOfNode(node: Leaf | Join | Pair, standing: NodeState): number | null {
  if (node.kind === 'leaf') return node.rule.dueAt?.(node.condition as never, standing as never) ?? null;
  // What comes at the very end of the time is still within it.
  return node.kind === 'missing' && standing.memory !== null ? (standing.memory as number) + node.withinMs + 1 : null;
}

/** Judges the leaves, and what is missing, by time alone. @param at not before `dueOf` */
export function passNodeTime(
  plan: ConditionPlan,
  state: RememberedKey,
  perKey: boolean,
  at: number,
  moved: Moved,
): void {
  for (const node of plan.nodes) {
    const before = state.nodes[node.index];
    if (node.perKey !== perKey || !before) continue;
    const due = dueOfNode(node, before);
    if (due === null || due > at) continue;
    const { index } = node;
    if (node.kind === 'leaf' && node.rule.pass) {
      const judged = node.rule.pass(node.condition as never, before as never, due);
      if (judged === null) continue;
      state.nodes[index] = { ...before, holds: judged.holds, memory: judged.memory };
      moved.value[index] = judged.value;
      if (before.holds && !judged.holds) moved.ceased[index] = 1;
      if (!before.holds && judged.holds) moved.began[index] = 1;
      continue;
    }
    if (node.kind === 'missing') {
      state.nodes[index] = { ...before, holds: true, memory: null };
      if (before.holds) moved.ceased[index] = 1;
      moved.began[index] = 1;
      continue;
    }
    const holds = !before.holds;
    state.nodes[index] = { key: before.key, holds, memory: before.memory };
    (holds ? moved.began : moved.ceased)[index] = 1;
  }
}

/**
 * Judges the compound nodes that look at keys, or those that do not, after their parts.
 * @param own of the key @param common of all keys together @param isEvent false: time alone passed
 */
export function settle(
  plan: ConditionPlan,
  own: RememberedKey,
  common: RememberedKey,
  at: number,
  isEvent: boolean,
  moved: Moved,
): void {
  const perKey = own !== common;
  for (const node of plan.compounds) {
    if (node.perKey !== perKey) continue;
    const stateOf = (index: number) => (plan.nodes[index]?.perKey ? own : common).nodes[index] ?? null;
    if (node.kind === 'all' || node.kind === 'any') settleJoin(node, own, stateOf, moved);
    else settlePair(node as Pair, own, stateOf, at, isEvent, moved);
  }
}

type StateOf = (index: number) => NodeState | null;

function settleJoin({ kind, of, index }: Join, own: RememberedKey, stateOf: StateOf, moved: Moved): void {
  const before = own.nodes[index] ?? null;
  const held = before?.holds ?? false;
  let holding = 0;
  let anew = 0;
  for (const part of of) {
    if (!(stateOf(part)?.holds ?? false)) continue;
    holding += 1;
    if (moved.began[part] === 1) {
      anew += 1;
      moved.value[index] = moved.value[part] ?? null;
    }
  }
  const isAll = kind === 'all';
  const holds = isAll ? holding === of.length : holding > 0;
  // All of them held before, and one of them began once more; or of those that hold, none held before.
  const lapsed = held && holds && (isAll ? anew > 0 : anew === holding);
  if (held && (!holds || lapsed)) moved.ceased[index] = 1;
  const begins = holds && (!held || lapsed);
  if (begins) moved.began[index] = 1;
  if (!holds) own.nodes[index] = null;
  else if (begins) {
    own.nodes[index] = { key: own.key, holds, memory: null, made: together(of.map((part) => stateOf(part))) };
  }
}

function settlePair(
  { kind, first, second, withinMs, index }: Pair,
  own: RememberedKey,
  stateOf: StateOf,
  at: number,
  isEvent: boolean,
  moved: Moved,
): void {
  const before = own.nodes[index] ?? null;
  let holds = before?.holds ?? false;
  let since = (before?.memory ?? null) as number | null;
  let made = before?.made;
  const begins = moved.began[second] === 1;
  if (kind === 'missing') {
    if (begins || moved.began[first] === 1) {
      if (holds) moved.ceased[index] = 1;
      holds = false;
      if (begins) since = null;
    }
    if (moved.began[first] === 1 && since === null) {
      since = at;
      made = stateOf(first)?.made ?? [];
    }
  } else {
    if (holds && isEvent && moved.began[index] === 0) {
      holds = false;
      moved.ceased[index] = 1;
    }
    if (since !== null && at - since > withinMs) since = null;
    if (begins && since !== null) {
      holds = true;
      moved.began[index] = 1;
      moved.value[index] = moved.value[second] ?? null;
      made = together([before, stateOf(second)]);
      since = null;
    }
    if (moved.began[first] === 1) {
      since = at;
      // Where it holds as well, what made it is told before the next step.
      if (!holds) made = stateOf(first)?.made ?? [];
    }
  }
  const rests = !holds && since === null;
  own.nodes[index] = rests ? null : { key: own.key, holds, memory: since, ...(made ? { made } : {}) };
}

function together(states: readonly (NodeState | null)[]): readonly StreamEvent[] {
  const events = new Map<string, StreamEvent>();
  for (const state of states) {
    for (const event of state?.made ?? []) {
      events.set(`${event.stream} ${nameOf(event)}`, event);
    }
  }
  const sorted = [...events.values()].sort((a, b) => a.time - b.time);
  return remembered(sorted, MOST_MADE);
}
