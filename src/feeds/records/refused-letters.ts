/** Dead letters that a replay tried and their streams refused again. They can be tried once more, after another mend. */
import * as z from 'zod';
import { record } from '../../store/record.ts';
import type { Cursor, RecordKey } from '../../store/store.ts';
import { KEPT_DEAD_LETTERS } from './dead-letters.ts';

/** Cursors of the letters in their log, oldest first. */
export const refusedLetters = record<{ cursors: Cursor[] }>('letters refused again', () =>
  z.strictObject({ cursors: z.array(z.string()) }),
);

export function refusedKey(tenant: string, feed: string): RecordKey {
  return { partition: `${tenant}/dead-refused`, id: feed };
}

/** As many as letters are kept. */
export function withRefused(known: readonly Cursor[], more: readonly Cursor[]): Cursor[] {
  return [...new Set([...known, ...more])].slice(-KEPT_DEAD_LETTERS);
}
