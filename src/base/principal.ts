/** Who calls, and whose work a schedule does. The edges find out who calls; nothing below them answers `PUBLIC`. */

/** Who calls. Every record and log key begins with the tenant. */
export interface Principal {
  tenant: string;
  subject: string;
  client: string | null;
  scopes: readonly string[];
}

/** The caller when authentication is off. */
export const PUBLIC: Principal = { tenant: 'public', subject: 'public', client: null, scopes: [] };

/** The tenant of what belongs to the app itself, whoever calls: how often it may ask an API, for example. */
export const APP_TENANT = 'public';

/** Answers the tenants whose feeds, tasks and waits scheduled work goes over. */
export type Tenants = () => readonly string[] | Promise<readonly string[]>;

/** @param only this tenant and no other; absent: all. Without `tenants` there is the one of a server without authentication. */
export async function tenantsOf({ tenants }: { tenants?: Tenants }, only?: string): Promise<readonly string[]> {
  if (only !== undefined) return [only];
  return tenants ? tenants() : [PUBLIC.tenant];
}
