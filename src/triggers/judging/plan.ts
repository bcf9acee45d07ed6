/**
 * A trigger's condition as a list of nodes, children before parents, so that one pass over the list judges all of it. The last
 * node is the whole condition. A node either looks at each key by itself or at all keys together; a compound node looks at each
 * key as soon as one of its parts does, and parts that look at all keys together then count for every key. Pure.
 */
import { canonicalText, digestOf } from '../../base/digest.ts';
import type { Json } from '../../base/json.ts';
import type { Condition, OnStream, TriggerCondition, WindowAggregate } from '../../declare/condition.ts';
import type { DeclaredTrigger } from '../../declare/trigger.ts';
import type { Rule } from '../../streams/conditions/rule.ts';
import { ORDERLY_RULES } from '../../streams/conditions/rules.ts';
import { isPerKey, passesKey, passesWhere, type WatchedEvent } from '../../streams/conditions/scope.ts';
import { isGap } from '../../base/event.ts';
import { aggregateRule } from './aggregate.ts';

type LeafCondition = (Condition | WindowAggregate) & OnStream;

/** A rule of a condition, or of an aggregate, which is judged anew when time passes and does not only flip. */
export type LeafRule = Rule<never, never> & {
  /** What becomes of it at `at` if no event comes. Absent: `holds` flips. */
  pass?(condition: never, before: never, at: number): ReturnType<Rule<never, Json>['judge']>;
};

interface Node {
  index: number;
  perKey: boolean;
}

export interface Leaf extends Node {
  kind: 'leaf';
  stream: string;
  condition: LeafCondition;
  rule: LeafRule;
  /** Each event that passes is a beginning, not only the first of several: a `match` right in a sequence, or in what is missing. */
  pulses: boolean;
  /** How many of the events that made it hold are remembered; 0: none is, because nothing asks for them later. */
  keeps: number;
}

export interface Join extends Node {
  kind: 'all' | 'any';
  of: readonly number[];
}

export interface Pair extends Node {
  kind: 'sequence' | 'missing';
  first: number;
  second: number;
  withinMs: number;
}

type PlanNode = Leaf | Join | Pair;

export interface ConditionPlan {
  /** Digest of the condition and its streams: a state of another one is of no use. */
  of: string;
  nodes: readonly PlanNode[];
  root: PlanNode;
  /** Streams in the order in which the trigger names them. */
  streams: readonly string[];
  leavesOf: ReadonlyMap<string, readonly Leaf[]>;
  compounds: readonly (Join | Pair)[];
  /** Nodes that may change by the passing of time. */
  timed: boolean;
  /** The key of occurrences for all keys together: the one key that all parts name. */
  commonKey: string | null;
}

/** Most events that an occurrence is made of. */
export const MOST_MADE = 20;

export function conditionPlan({ when, on }: Pick<DeclaredTrigger, 'when' | 'on'>): ConditionPlan {
  const nodes: PlanNode[] = [];
  const [only = ''] = on.values();
  const isAlone = isLeaf(when);

  function add(condition: TriggerCondition, isStep = false): PlanNode {
    const made = isLeaf(condition) ? leafOf(condition, isStep) : compoundOf(condition);
    const node = { ...made, index: nodes.length };
    nodes.push(node);
    return node;
  }
  function leafOf(condition: LeafCondition, isStep: boolean): Omit<Leaf, 'index'> {
    const pulses = isStep && condition.kind === 'match';
    const stream = condition.on === undefined ? only : (on.get(condition.on) ?? condition.on);
    const keeps = condition.kind === 'count' ? MOST_MADE : isAlone ? 0 : 1;
    return { kind: 'leaf', stream, condition, rule: ruleOf(condition), perKey: looksAtEach(condition), pulses, keeps };
  }
  function compoundOf(condition: Exclude<TriggerCondition, LeafCondition>): Omit<Join, 'index'> | Omit<Pair, 'index'> {
    const { kind } = condition;
    if (kind === 'all' || kind === 'any') {
      const of = condition.of.map((part) => add(part));
      return { kind, of: of.map(({ index }) => index), perKey: of.some(({ perKey }) => perKey) };
    }
    const [first, next] = [add(condition.first, true), add(condition.next, true)];
    const perKey = first.perKey || next.perKey;
    return { kind, first: first.index, second: next.index, withinMs: condition.withinMs, perKey };
  }

  const root = add(when);
  const leaves = nodes.filter((node): node is Leaf => node.kind === 'leaf');
  const streams = [...new Set(on.values())];
  const names = new Set(leaves.map(({ condition: { key } }) => (typeof key === 'string' ? key : null)));
  return {
    of: digestOf(canonicalText(JSON.parse(JSON.stringify({ when, on: [...on] })) as Json)),
    nodes,
    root,
    streams,
    leavesOf: new Map(streams.map((stream) => [stream, leaves.filter((leaf) => leaf.stream === stream)])),
    compounds: nodes.filter((node) => node.kind !== 'leaf'),
    timed: nodes.some((node) => (node.kind === 'leaf' ? node.rule.dueAt !== undefined : node.kind === 'missing')),
    commonKey: names.size === 1 ? ([...names][0] ?? null) : null,
  };
}

export function isLeaf(condition: TriggerCondition): condition is LeafCondition {
  const { kind } = condition;
  return kind !== 'all' && kind !== 'any' && kind !== 'sequence' && kind !== 'missing';
}

function ruleOf(condition: LeafCondition): LeafRule {
  return (condition.kind === 'aggregate' ? aggregateRule : ORDERLY_RULES[condition.kind]) as unknown as LeafRule;
}

/** Whether it looks at each key by itself. */
export function looksAtEach(condition: LeafCondition): boolean {
  return condition.kind === 'aggregate' ? (condition.perKey ?? true) : isPerKey(condition);
}

/** Whether a part judges an event. `match` also judges events that fail its `where`. */
export function looksAt({ kind, key, where }: LeafCondition, event: WatchedEvent): boolean {
  return (
    (key === undefined || passesKey(key, event.key)) &&
    (kind === 'match' || where === undefined || passesWhere(where, event.data)) &&
    !isGap(event)
  );
}
