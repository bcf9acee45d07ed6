/**
 * What a trigger remembers of its keys, within bounds. Where there are too many, it forgets a key first of which nothing but the time of
 * its newest reading is known; then the key that changed longest ago among those that do not hold and whose silence is not measured.
 * Where all of the oldest are needed, a new key is not taken in. How often one was forgotten or not taken in is counted, and told. It notes which parts of the state have changed, so that others need not be written.
 */
import { fnv1a } from '../../base/digest.ts';
import { knownSubjects } from '../../streams/conditions/scope.ts';
import { emptyKey, isForgettable, type RememberedKey, type NodeState } from './key-state.ts';
import { type Leaf, looksAtEach, type ConditionPlan } from './plan.ts';

/** Most keys of a trigger. */
export const MOST_TRIGGER_KEYS = 10_000;
/** Into how many parts the state of many keys is divided. */
const KEY_PARTS = 16;
/** How many of the oldest are looked at for one that may be forgotten. */
const LOOKED_AT = 64;

export interface RememberedKeys {
  readonly size: number;
  /** How often a key was forgotten or not taken in. */
  overflow: number;
  /** Changed longest ago first. */
  all(): Iterable<RememberedKey>;
  /** Of a key that an event is about, as the newest; null: there is no room for it. */
  get(key: string | null): RememberedKey | null;
  /** To be called after a step. False: there is nothing to be remembered of it, and it is gone. */
  settled(own: RememberedKey, by: number, cooldownMs: number): boolean;
  touched(own: RememberedKey): void;
  /** As it stands, and without making it the newest; null: it is not known. */
  peek(key: string | null): RememberedKey | null;
  /** Whether it is one of these still. */
  has(own: RememberedKey): boolean;
  /** Forgets a key; null: it is not known. */
  drop(key: string | null): RememberedKey | null;
  /** The parts that have changed since this was last asked, by number. */
  changedParts(): Set<number>;
}

export function partOfTriggerKey(key: string | null): number {
  return fnv1a(key ?? '') % KEY_PARTS;
}

export function createRememberedKeys(
  plan: ConditionPlan,
  states: Iterable<RememberedKey>,
  overflow = 0,
  most = MOST_TRIGGER_KEYS,
): RememberedKeys {
  const byKey = new Map<string | null, RememberedKey>();
  for (const state of states) byKey.set(state.key, state);
  const changed = new Set<number>();
  /** Keys for which it never held, and of which only the order of late events is known, the one that changed longest ago first. */
  const idle = new Set<string | null>();
  for (const state of byKey.values()) if (isIdle(plan, state)) idle.add(state.key);

  function makeRoom(): boolean {
    for (const key of idle) {
      idle.delete(key);
      const state = byKey.get(key);
      if (state === undefined || !isIdle(plan, state)) continue;
      byKey.delete(key);
      changed.add(partOfTriggerKey(key));
      return true;
    }
    let looked = 0;
    for (const [key, state] of byKey) {
      if (mayForget(plan, state)) {
        if (!isSpent(plan, state)) keys.overflow += 1;
        byKey.delete(key);
        changed.add(partOfTriggerKey(key));
        return true;
      }
      looked += 1;
      if (looked >= LOOKED_AT) break;
    }
    keys.overflow += 1;
    return false;
  }

  const keys: RememberedKeys = {
    get size() {
      return byKey.size;
    },
    overflow,
    all: () => byKey.values(),
    get(key) {
      const standing = byKey.get(key);
      if (standing !== undefined) return standing;
      if (byKey.size >= most && !makeRoom()) return null;
      const state = emptyKey(plan, key);
      byKey.set(key, state);
      return state;
    },
    settled(own, by, cooldownMs) {
      const { key } = own;
      changed.add(partOfTriggerKey(key));
      idle.delete(key);
      if (isIdle(plan, own)) idle.add(key);
      // The newest stands last where there may be too many.
      if (byKey.size > most / 2) {
        byKey.delete(key);
        byKey.set(key, own);
      }
      if (!isForgettable(own, by, cooldownMs)) return true;
      byKey.delete(key);
      idle.delete(key);
      return false;
    },
    peek: (key) => byKey.get(key) ?? null,
    has: (own) => byKey.get(own.key) === own,
    touched: ({ key }) => void changed.add(partOfTriggerKey(key)),
    drop(key) {
      const standing = byKey.get(key) ?? null;
      byKey.delete(key);
      changed.add(partOfTriggerKey(key));
      return standing;
    },
    changedParts() {
      const parts = new Set(changed);
      changed.clear();
      return parts;
    },
  };
  return keys;
}

/** What holds is not forgotten, nor what becomes something by silence. */
export function mayForget({ nodes, root }: ConditionPlan, state: RememberedKey): boolean {
  if (state.told || state.nodes[root.index]?.holds === true) return false;
  return state.nodes.every((node, index) => {
    const of = nodes[index];
    if (node === null || of === undefined) return true;
    if (of.kind === 'missing') return node.memory === null;
    return of.kind !== 'leaf' || (of.rule.mayForget?.(node as never) ?? true);
  });
}

/** Whether nothing but the order of late events goes with a state. */
function isSpent({ nodes }: ConditionPlan, state: RememberedKey): boolean {
  return state.nodes.every((node, index) => {
    const of = nodes[index];
    return node === null || (of?.kind === 'leaf' && of.rule.isSpent?.(node as never) === true);
  });
}

function isIdle(plan: ConditionPlan, state: RememberedKey): boolean {
  return state.lastAt === null && mayForget(plan, state) && isSpent(plan, state);
}

/**
 * Puts in what is known before any event comes: silence is measured from `now` on.
 * @param known keys of a leaf beside those that its condition names
 */
export function begunKeys(
  plan: ConditionPlan,
  common: RememberedKey,
  keys: RememberedKeys,
  now: number,
  known: (leaf: Leaf) => readonly string[] = () => [],
): void {
  for (const node of plan.nodes) {
    if (node.kind !== 'leaf') continue;
    const memory = begunMemory(node, now);
    if (memory === null) continue;
    const put = (own: RememberedKey | null) => {
      if (own === null || own.nodes[node.index]) return;
      own.nodes[node.index] = { key: own.key, holds: false, memory } satisfies NodeState;
      keys.touched(own);
    };
    if (!looksAtEach(node.condition)) put(common);
    else {
      const named = knownSubjects({ ...node.condition, kind: 'absence', perKey: true });
      for (const key of [...named, ...known(node)]) put(keys.get(key));
    }
  }
}

function begunMemory({ condition }: Leaf, now: number): NodeState['memory'] {
  return condition.kind === 'absence' ? { last: now } : null;
}
