/**
 * What a trigger remembers of one key, or of all keys together: for each node whether it holds, what its rule needs, and the
 * events that made it hold. It is JSON, so a record can hold it.
 */
import type { StreamEvent } from '../../base/event.ts';
import { type Json, utf8Bytes } from '../../base/json.ts';
import type { ConditionPlan } from './plan.ts';

/** Of a node. It has the members of a `Subject` of streams/conditions, whose rules judge it. */
export interface NodeState {
  key: string | null;
  holds: boolean;
  memory: Json;
  /** Oldest first. Absent: none is remembered. */
  made?: readonly StreamEvent[];
}

export interface RememberedKey {
  key: string | null;
  /** By the index of the node; null: nothing is to be remembered. */
  nodes: (NodeState | null)[];
  /** Whether it was told that the condition began to hold, and not yet that it ceased. */
  told: boolean;
  /** Time of the last occurrence, epoch ms; null: there was none, or nobody asks. */
  lastAt: number | null;
}

export function emptyKey(plan: ConditionPlan, key: string | null): RememberedKey {
  return { key, nodes: plan.nodes.map(() => null), told: false, lastAt: null };
}

/** Whether there is nothing to be remembered. @param by events of an earlier time do not come any more, epoch ms */
export function isForgettable({ nodes, told, lastAt }: RememberedKey, by: number, cooldownMs: number): boolean {
  return !told && (lastAt === null || lastAt + cooldownMs < by) && nodes.every((node) => node === null);
}

/** Most bytes that the events that are remembered of a node may have; the newest stays, without its data where it is larger. */
const MADE_BYTES = 2_048;

/** The newest of some events, as far as they are kept. */
export function remembered(events: readonly StreamEvent[], most: number): readonly StreamEvent[] {
  const kept: StreamEvent[] = [];
  let bytes = 0;
  for (const event of events.toReversed()) {
    const size = sizeOf(event);
    if (kept.length >= most || (kept.length > 0 && bytes + size > MADE_BYTES)) break;
    kept.unshift(size > MADE_BYTES ? cutEvent(event) : event);
    bytes += size;
  }
  return kept;
}

export function sizeOf(event: StreamEvent): number {
  return utf8Bytes(JSON.stringify(event));
}

/** Events within so many bytes together: those that do not fit stand without their data, oldest first. */
export function boundEvents(
  events: readonly StreamEvent[],
  most: number,
): { events: readonly StreamEvent[]; bytes: number } {
  const sizes = events.map(sizeOf);
  let bytes = sizes.reduce((sum, size) => sum + size, 0);
  if (bytes <= most) return { events, bytes };
  const bound = events.map((event, index) => {
    if (bytes <= most) return event;
    const cut = cutEvent(event);
    bytes += sizeOf(cut) - (sizes[index] ?? 0);
    return cut;
  });
  return { events: bound, bytes };
}

/** An event that is too large to be passed on. Its id tells which it is. */
function cutEvent({ id, revision, stream, key, time }: StreamEvent): StreamEvent {
  const named = { id, ...(revision === undefined ? {} : { revision }), stream, ...(key === undefined ? {} : { key }) };
  return { ...named, time, data: null, meta: { cut: true } };
}

/** The stored form: nodes that are null are left out at the end. */
export type StoredKey = [key: string | null, told: 0 | 1, lastAt: number | null, nodes: (StoredNode | null)[]];
type StoredNode = [holds: 0 | 1, memory: Json, made?: readonly StreamEvent[]];

export function toStored({ key, nodes, told, lastAt }: RememberedKey): StoredKey {
  const stored = nodes.map((node): StoredNode | null => {
    if (node === null) return null;
    return [node.holds ? 1 : 0, node.memory, ...(node.made === undefined ? ([] as const) : ([node.made] as const))];
  });
  return [key, told ? 1 : 0, lastAt, stored];
}

export function fromStored([key, told, lastAt, nodes]: StoredKey): RememberedKey {
  const read = nodes.map((node): NodeState | null => {
    if (node === null) return null;
    const [holds, memory, made] = node;
    return { key, holds: holds === 1, memory, ...(made ? { made } : {}) };
  });
  return { key, nodes: read, told: told === 1, lastAt };
}
