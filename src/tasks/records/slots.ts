/**
 * Places for entries that may be under way at once. Each is a record that expires with the lease of who took it, in the
 * same commit, so a crash gives it back by itself. An entry whose task was cancelled gives its places back when it has been
 * told, within seconds: until then it is under way, and what a limit protects is in use.
 */
import type { Policy } from '../../declare/spec/task.ts';
import { isPresent, type Operation, type RecordKey, type Store, type Version } from '../../store/store.ts';
import { slotPartition } from './names.ts';

export interface Slot {
  key: RecordKey;
  version: Version | null;
}

/**
 * A free place of each kind that the policy limits; null: one of them has none. One store call a kind.
 * @param chance in [0, 1): where the search begins, so that racing claims seldom want the same one
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
    const free = (await store.getMany(keys, now)).find((reading) => !isPresent(reading));
    if (!free) return null;
    slots.push({ key: { partition, id: free.id }, version: free.version });
  }
  return slots;
}

export function takeSlots(slots: readonly Slot[], taskId: string, until: number): Operation[] {
  return slots.map(({ key, version }) => {
    return { kind: 'put', ...key, value: { taskId }, expects: version, expiresAt: until };
  });
}

export function giveSlots(slots: readonly Slot[]): Operation[] {
  return slots.flatMap(({ key, version }) => (version === null ? [] : [{ kind: 'delete', ...key, expects: version }]));
}
