/**
 * Keys and forms of what HTTP tools keep in the store; no other file builds such a key. Answers belong to the tenant
 * that asked. Limits and pauses belong to the app, because it has one account with an API, whoever calls; beside a limit there is
 * what each tenant took of it, and how many tenants did.
 */
import * as z from 'zod';
import type { Json } from '../base/json.ts';
import { APP_TENANT } from '../base/principal.ts';
import { record } from '../store/record.ts';
import type { RecordKey } from '../store/store.ts';

/** An answer that is kept for later calls. */
export const keptAnswer = record('kept answer of an HTTP tool', () =>
  z.object({
    /** SHA-256 of the arguments, in hexadecimal. */
    digest: z.string(),
    /** When the answer was kept, epoch ms. */
    at: z.number(),
    structured: z.custom<Json>().optional(),
    text: z.string().optional(),
  }),
);

/** The key of one of the places for a tool's answers. */
export function answerKey(tenant: string, tool: string, place: number): RecordKey {
  return { partition: `${tenant}/http-answers/${tool}`, id: String(place) };
}

/**
 * The pause that an API asked for: when it did, and until when, epoch ms. Earlier releases wrote its end alone, and take this
 * form for none.
 */
export const apiPause = record('pause of an HTTP API', () =>
  z.union([z.number(), z.strictObject({ at: z.number(), until: z.number() })]),
);

/** @param scope an API or a tool, see `Settings` */
export function pauseKey(scope: string): RecordKey {
  return { partition: `${APP_TENANT}/http-pause`, id: scope };
}

/** The counter of requests in the window of `perMs` that began at `start`. */
export function limitKey(scope: string, perMs: number, start: number): string {
  return `${APP_TENANT}/http-limit/${scope}/${perMs}/${start}`;
}

/** The counter of a tenant's own requests in that window. */
export function tenantLimitKey(scope: string, perMs: number, start: number, tenant: string): string {
  return `${limitKey(scope, perMs, start)}//${tenant}`;
}

/** The counter of tenants that asked in that window, or of those among them that had not asked in the window before. */
export function tenantsKey(scope: string, perMs: number, start: number, which: 'all' | 'new'): string {
  return `${limitKey(scope, perMs, start)}/${which}`;
}
