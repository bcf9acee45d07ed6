/** What is stored of the tasks that the occurrences of a trigger began, and of those that began none. */
import * as z from 'zod';
import { record } from '../store/record.ts';
import type { RecordKey } from '../store/store.ts';

/** What became of the tasks of a trigger, and which occurrences began none. */
export interface ReactionNotes {
  begun: number;
  failed: number;
  /** The newest first, at most 10. */
  notes: { occurrence: string; at: number; code: string; reason: string }[];
  /** Since when nothing is begun, because the store is a restored copy; epoch ms. Absent: it is none, or was resumed. */
  heldSince?: number;
}

export const reactionNotes = record<ReactionNotes>('reactions of a trigger', () =>
  z.strictObject({
    begun: z.number(),
    failed: z.number(),
    notes: z.array(z.strictObject({ occurrence: z.string(), at: z.number(), code: z.string(), reason: z.string() })),
    heldSince: z.exactOptional(z.number()),
  }),
);

export function reactionsKey(tenant: string, trigger: string): RecordKey {
  return { partition: `${tenant}/reactions`, id: trigger };
}
