/**
 * Places for the turns that may be under way at once, where a policy limits them. Each is a record that expires with the
 * lease of the turn that took it and is written in the same commit, so a crash gives it back by itself. A turn whose task was
 * cancelled keeps its places until it has noticed, within seconds: what the limit protects is in use until then.
 */
import * as z from 'zod';
import type { Policy } from '../../declare/spec/task.ts';
import { record } from '../../store/record.ts';
import { isToCome, LONGEST_LEASE_MS } from '../../base/time/stored-time.ts';
import {
  isPresent,
  type Operation,
  type Reading,
  type RecordKey,
  type Store,
  type Version,
} from '../../store/store.ts';

/** @param subject null: the places that all principals share */
export function slotPartition(tenant: string, task: string, subject: string | null): string {
  return `${tenant}/task-slots/${task}${subject === null ? '' : `/${subject}`}`;
}

const slotHolder = record<{ taskId: string }>('place of a task', () => z.object({ taskId: z.string() }));

export interface Slot {
  key: RecordKey;
  /** Of what stands there; null: nothing does. */
  version: Version | null;
}

/**
 * A free place of each kind that the policy limits; null: one of them has none. One store call for each kind.
 * @param chance in [0, 1): says where the search begins, so that claims that race seldom want the same place
 */
export async function freeSlots(
  store: Store,
  { tenant, subject, task, policy }: { tenant: string; subject: string; task: string; policy: Policy },
  now: number,
  chance: number,
): Promise<Slot[] | null> {
  const kinds = [
    { places: policy.all, partition: slotPartition(tenant, task, null) },
    { places: policy.perPrincipal, partition: slotPartition(tenant, task, subject) },
  ];
  const slots: Slot[] = [];
  for (const { places, partition } of kinds) {
    if (places === null) continue;
    const first = Math.floor(chance * places);
    const keys = Array.from({ length: places }, (_, i) => ({ partition, id: String((first + i) % places) }));
    const free = (await store.getMany(keys, now)).find((reading) => !isTaken(reading, now));
    if (!free) return null;
    slots.push({ key: { partition, id: free.id }, version: free.version });
  }
  return slots;
}

/** A place that is taken for longer than a lease lasts was taken by a clock that was ahead, and is free. */
function isTaken(reading: Reading, now: number): boolean {
  return isPresent(reading) && isToCome(reading.expiresAt ?? 0, now, LONGEST_LEASE_MS);
}

export function takeSlots(slots: readonly Slot[], taskId: string, until: number): Operation[] {
  return slots.map(({ key, version }) => slotHolder.put(key, { taskId }, { expects: version, expiresAt: until }));
}

export function giveSlots(slots: readonly Slot[]): Operation[] {
  return slots.flatMap(({ key, version }) => (version === null ? [] : [{ kind: 'delete', ...key, expects: version }]));
}
