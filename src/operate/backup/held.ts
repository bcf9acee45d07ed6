/**
 * What a restored store holds back until `tidegate resume`: whatever would act on the world outside of it. A copy that stands beside a
 * running original then sends no webhook and runs no task a second time. Leases are freed on the way, since nobody holds one here. Pure.
 *
 * | record | while it is held |
 * | --- | --- |
 * | a task's assignment | stands, in no queue, and nothing that comes before the year 9999 cuts its pause short |
 * | a wait of a task | stands, in no queue |
 * | a delivery's state | stands, in no queue |
 * | who subscribed to a log, that it has subscribers, a delivery's wake | aside: nobody is told of new events |
 * | what a trigger's occurrences begin | says that it is held: no task is begun |
 */
import type { Json } from '../../base/json.ts';
import { DELIVERY_QUEUE, OUTBOX_QUEUE } from '../../deliveries/records/names.ts';
import type { StoredValue } from '../../base/codec.ts';
import { isWaiter, TASK_QUEUE } from '../../tasks/records/names.ts';
import type { BackedUp } from './format.ts';
import { namedKind } from './kinds.ts';

/** The end of the year 9999, epoch ms. */
const FAR = 253_402_300_799_000;
/** The queue of what is held, in which nobody looks. */
const HELD_QUEUE = 'held';

export interface HeldForm {
  /** What stands in its place; null: nothing. */
  standing: BackedUp | null;
  /** What stands there again once it is resumed; null: it is not held. */
  aside: BackedUp | null;
}

/**
 * @param now epoch ms: what a lease kept from its turn is due from then on
 * @param hold false: leases are freed, and nothing is held
 */
export function heldForm(given: BackedUp, now: number, hold: boolean): HeldForm {
  const { kind } = namedKind(given.partition);
  // A place of a task that runs: nobody runs it here.
  if (kind === 'task-slots') return { standing: null, aside: null };
  const record = freed(given, kind, now);
  if (!hold) return { standing: record, aside: null };
  const queue = record.due?.queue;
  if (kind === 'subscribers' || queue === OUTBOX_QUEUE || kind === 'delivery-wake')
    return { standing: null, aside: record };
  if (kind === 'reactions') return { standing: changed(record, { heldSince: now }), aside: record };
  if (queue !== TASK_QUEUE && queue !== DELIVERY_QUEUE) return { standing: record, aside: null };
  const paused = queue === TASK_QUEUE && !isWaiter(record) ? changed(record, { notBefore: FAR }) : record;
  return { standing: { ...paused, due: { queue: HELD_QUEUE, at: FAR } }, aside: record };
}

/** Whether a record may be one that stands for what is held. */
export function mayBeHeld({ partition, due }: Pick<BackedUp, 'partition' | 'due'>): boolean {
  return due?.queue === HELD_QUEUE || namedKind(partition).kind === 'reactions';
}

/** The record without the lease of whoever worked on it where it comes from. */
function freed(record: BackedUp, kind: string, now: number): BackedUp {
  const value = membersOf(record.value);
  if (kind === 'feed' && value?.['lease']) return changed(record, { lease: null });
  const isHeld = typeof value?.['holder'] === 'string';
  if (!isHeld) return record;
  const due = record.due && { ...record.due, at: Math.min(record.due.at, now) };
  if (kind === 'task') return changed({ ...record, due }, { holder: null });
  return kind === 'delivery' ? changed({ ...record, due }, { holder: null, until: 0 }) : record;
}

/** The members of a record's value; of one of a later version those of the value in it. */
function membersOf(value: StoredValue): Record<string, Json> | null {
  if (typeof value !== 'object' || Array.isArray(value)) return null;
  return '$v' in value ? membersOf(value['value'] ?? 0) : value;
}

function changed(record: BackedUp, members: Record<string, Json>): BackedUp {
  const value = record.value as Record<string, Json>;
  const next = '$v' in value ? { ...value, value: { ...membersOf(value), ...members } } : { ...value, ...members };
  return { ...record, value: next };
}
