/** How far a restore is, and what it holds back. Both go with the last step of `resume`. */
import * as z from 'zod';
import type { StoredValue } from '../../base/codec.ts';
import { digestOf } from '../../base/digest.ts';
import { record } from '../../store/record.ts';
import type { Due, RecordKey } from '../../store/store.ts';
import type { HeldForm } from './held.ts';
import { HELD_PARTITION } from './kinds.ts';

export interface RestoreState {
  /** The last sum of the backup: another one cannot go on with it. */
  sum: string;
  /** What the epochs of its logs are made of. */
  id: string;
  /** `clearing`: what stood there is being removed. `writing`: a part of the backup stands there. `held`: it is through. */
  stage: 'clearing' | 'writing' | 'held';
  /** When it was begun, epoch ms. */
  at: number;
}

export const restoreState = record<RestoreState>('state of a restore', () =>
  z.strictObject({ sum: z.string(), id: z.string(), stage: z.enum(['clearing', 'writing', 'held']), at: z.number() }),
);

/** A record that is held back, as it will stand again, and what stands in its place. */
interface HeldRecord {
  partition: string;
  id: string;
  value: StoredValue;
  expiresAt: number | null;
  due: Due | null;
  standing: StoredValue | null;
}

export const heldRecord = record<HeldRecord>('what a restore holds', () =>
  z.strictObject({
    partition: z.string(),
    id: z.string(),
    value: z.custom<StoredValue>(),
    expiresAt: z.number().nullable(),
    due: z.strictObject({ queue: z.string(), at: z.number() }).nullable(),
    standing: z.custom<StoredValue>().nullable(),
  }),
);

export function heldKey({ partition, id }: RecordKey): RecordKey {
  return { partition: HELD_PARTITION, id: `${digestOf(`${partition.length} ${partition}${id}`)}${digestOf(id)}` };
}

export function toHeld({ standing, aside }: HeldForm): HeldRecord | null {
  if (aside === null) return null;
  const { partition, id, value, expiresAt, due } = aside;
  return { partition, id, value, expiresAt, due, standing: standing?.value ?? null };
}
