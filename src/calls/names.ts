/** What calls keep in the store: each record with its key. Nothing else builds one. */
import * as z from 'zod';
import { record } from '../store/record.ts';
import type { RecordKey } from '../store/store.ts';

/** A piece of a text, or of a file in base64; each piece of a file can be decoded by itself. */
export type ResultPage = { mimeType: string } & ({ text: string } | { blob: string });

/** Page `number` (from 1 on) of a result that was too large to be answered. @param name made of its handle and its principal */
export function resultPageKey(tenant: string, name: string, number: number): RecordKey {
  return { partition: `${tenant}/result/${name}`, id: `p:${String(number).padStart(6, '0')}` };
}

export const resultPage = record<ResultPage>('page of a result', () => {
  const mimeType = z.string();
  return z.union([z.strictObject({ mimeType, text: z.string() }), z.strictObject({ mimeType, blob: z.string() })]);
});

/** A mark (`store/take-once.ts`) that stands where a request state was used. */
export function usedStateKey(tenant: string, id: string): RecordKey {
  return { partition: `${tenant}/used-state`, id };
}
