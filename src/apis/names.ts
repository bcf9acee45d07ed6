/**
 * Names of what HTTP tools keep in the store; nothing else builds one. Answers belong to the tenant that asked. Limits
 * and pauses are of the one account that the app has with an API, whoever asks, and stand where feeds do.
 */
import * as z from 'zod';
import { APP_TENANT } from '../base/principal.ts';
import { record } from '../store/record.ts';
import type { RecordKey } from '../store/store.ts';

/** An answer that is kept for later calls. */
export const keptAnswer = record('kept answer of an HTTP tool', () =>
  z.object({
    /** Of the arguments. */
    digest: z.string(),
    /** Epoch ms. */
    at: z.number(),
    structured: z.json().optional(),
    text: z.string().optional(),
  }),
);

/** Place `place` of those for a tool's answers. */
export function answerKey(tenant: string, tool: string, place: number): RecordKey {
  return { partition: `${tenant}/http-answers/${tool}`, id: String(place) };
}

/** Epoch ms until which an API wants to be left alone. */
export const apiPause = record('pause of an HTTP API', () => z.number());

/** Until when an API wants to be left alone. @param scope an API or a tool, see `Settings` */
export function pauseKey(scope: string): RecordKey {
  return { partition: `${APP_TENANT}/http-pause`, id: scope };
}

/** Requests in the window of `perMs` that began at `start`. */
export function limitKey(scope: string, perMs: number, start: number): string {
  return `${APP_TENANT}/http-limit/${scope}/${perMs}/${start}`;
}
