/** The steps of a judge: one event is judged, or time passes, for each key that this moves. What is to be told goes to `telling`. */
import { createDueHeap } from './due-heap.ts';
import type { RememberedKey } from './key-state.ts';
import { loggedTo } from './logged.ts';
import type { ArrivedEvent } from './moment.ts';
import { type ConditionPlan, looksAt } from './plan.ts';
import { clearMoved, createMoved, dueOf, judgeLeaf, passNodeTime, settle } from './settle.ts';
import type { TriggerState } from './state.ts';
import type { Telling } from './telling.ts';

interface JudgeSteps {
  /** Something may change by the passing of time alone. */
  readonly isTimed: boolean;
  /** False: not all of it, because enough was found. @param isWhole all of it, however much that is */
  advance(to: number, isWhole?: boolean): boolean;
  /** To be called when time has passed up to then. */
  judge(stream: string, arrival: ArrivedEvent, time: number): void;
  /** A key is remembered no more. */
  drop(own: RememberedKey): void;
  /** When something changes by the passing of time, epoch ms; null: nothing does. */
  nextAt(): number | null;
  /** Whether something has changed since it was last asked. */
  changed(): boolean;
}

export function createJudgeSteps(
  plan: ConditionPlan,
  cooldownMs: number,
  state: TriggerState,
  telling: Telling,
): JudgeSteps {
  const { keys, common } = state;
  const due = createDueHeap<RememberedKey>(common);
  const moved = createMoved(plan);
  const isTimed = plan.timed || telling.isTimed;
  let hasChanged = false;

  function noteDue(own: RememberedKey): void {
    if (!isTimed) return;
    const [at, over] = [dueOf(plan, own, own !== common), telling.coolAt(own)];
    due.set(own, at === null || over === null ? (at ?? over) : Math.min(at, over));
  }

  /** All keys are judged by what became of what looks at all of them together. */
  function settleAll(at: number, isEvent: boolean, but: RememberedKey | null): void {
    const kept = { began: moved.began.slice(), ceased: moved.ceased.slice(), value: [...moved.value] };
    for (const own of keys.all()) {
      if (own === but) continue;
      settle(plan, own, common, at, isEvent, moved);
      telling.tell(own, at, moved);
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
    telling.about(null, `t${at}`);
    const isCommon = own === common;
    passNodeTime(plan, own, !isCommon, at, moved);
    settle(plan, own, common, at, false, moved);
    if (hasMoved()) {
      state.newest = Math.max(state.newest, at);
      hasChanged = true;
    }
    if (plan.root.perKey === !isCommon) {
      const over = telling.coolAt(own);
      if (over !== null && over <= at) moved.began[plan.root.index] = 1;
      telling.tell(own, timeTold(at), moved);
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
      if (!isWhole && telling.isFull()) return false;
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
    telling.about(null);
    let looked = false;
    let looksAtKeys = false;
    for (const leaf of leaves) {
      if (leaf.perKey) looksAtKeys = true;
      else looked = judgeLeaf(leaf, common, logged, at, moved) || looked;
    }
    if (looked) {
      telling.about(loggedTo(stream, logged), `e${arrival.after}`);
      settle(plan, common, common, at, true, moved);
      if (!plan.root.perKey) telling.tell(common, at, moved);
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
        telling.about(loggedTo(stream, logged), `e${arrival.after}`);
        for (const leaf of leaves) if (leaf.perKey) judgeLeaf(leaf, own, logged, at, moved);
        settle(plan, own, common, at, true, moved);
        telling.tell(own, at, moved);
        noteDue(own);
        if (!keys.settled(own, state.newest, cooldownMs)) due.set(own, null);
      }
    }
    if (looked || own !== null) {
      state.newest = Math.max(state.newest, at);
      hasChanged = true;
    }
  }

  for (const own of [common, ...keys.all()]) noteDue(own);

  return {
    isTimed,
    advance,
    judge,
    drop: (own) => due.set(own, null),
    nextAt: () => due.next()?.at ?? null,
    changed() {
      const did = hasChanged;
      hasChanged = false;
      return did;
    },
  };
}
