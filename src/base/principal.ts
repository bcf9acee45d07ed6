/**
 * The caller, and the tenants whose work a schedule does. The edges find out who calls; nothing below them takes a
 * caller for `PUBLIC`.
 */

import { EVERY_SCOPE } from './scopes.ts';

/** Who calls. Every record and log key begins with the tenant. */
export interface Principal {
  tenant: string;
  subject: string;
  client: string | null;
  /** What it may do; `base/scopes.ts` says how. Empty: nothing that needs a scope. */
  scopes: readonly string[];
}

/** The caller when authentication is off. */
export const PUBLIC: Principal = { tenant: 'public', subject: 'public', client: null, scopes: [EVERY_SCOPE] };

/**
 * The tenant of data that belongs to the app itself, whoever calls; for example how often the app has called an API.
 */
export const APP_TENANT = 'public';

/** Answers the tenants whose feeds, tasks and waits scheduled work covers. */
export type Tenants = () => readonly string[] | Promise<readonly string[]>;

/**
 * The tenants that scheduled work covers. Without `tenants` there is one, that of a server without authentication.
 * @param only this tenant and no other; absent: all of them
 */
export async function tenantsOf({ tenants }: { tenants?: Tenants }, only?: string): Promise<readonly string[]> {
  if (only !== undefined) return [only];
  return tenants ? tenants() : [PUBLIC.tenant];
}
