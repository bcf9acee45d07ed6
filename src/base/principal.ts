/**
 * The caller, who owns what it makes, and the tenants whose work a schedule does. The edges find out who calls; nothing
 * below them takes a caller for `PUBLIC`.
 */

import { TidegateError } from './errors.ts';
import { safeName } from './safe-name.ts';
import { EVERY_SCOPE, isScope } from './scopes.ts';

/** Who calls. Every record and log key begins with the tenant. */
export interface Principal {
  tenant: string;
  subject: string;
  client: string | null;
  /** What it may do; `base/scopes.ts` says how. Empty: nothing that needs a scope. */
  scopes: readonly string[];
}

/** Whose something is: a subject of a tenant. The same subject of another tenant is somebody else. */
export type Owner = Pick<Principal, 'tenant' | 'subject'>;

/** The caller when authentication is off. */
export const PUBLIC: Principal = fixedPrincipal({
  tenant: 'public',
  subject: 'public',
  client: null,
  scopes: [EVERY_SCOPE],
});

/**
 * The tenant of data that belongs to the app itself, whoever calls; for example how often the app has called an API.
 */
export const APP_TENANT = 'public';

/**
 * The principal with safe names (`base/safe-name.ts`). It is called once for each way in which a principal comes about:
 * by `http/authenticate.ts` for every request, and by the command line. All below gets what it answers.
 * @throws TidegateError `invalid_input` for an empty tenant or subject
 */
export async function safePrincipal<Named extends Owner>(principal: Named): Promise<Named> {
  const tenant = await safeName(principal.tenant, 'tenant');
  return { ...principal, tenant, subject: await safeName(principal.subject, 'subject') };
}

/**
 * Looks at what safe names say nothing of. An app's own `authenticate` may answer anything, and a text has an `includes` as well as
 * an array: `"read *"` would be every scope.
 * @throws TidegateError `invalid_input` naming the field
 */
export function checkPrincipal(found: unknown): asserts found is Principal {
  const { tenant, subject, client, scopes } = (found ?? {}) as Record<string, unknown>;
  if (typeof tenant !== 'string') throw wrong('tenant', 'a text');
  if (typeof subject !== 'string') throw wrong('subject', 'a text');
  if (client !== null && typeof client !== 'string') throw wrong('client', 'a text or null');
  const areScopes = Array.isArray(scopes) && scopes.every((scope) => typeof scope === 'string' && isScope(scope));
  if (!areScopes) throw wrong('scopes', 'an array of scopes: visible ASCII without quotes, 1 to 128 characters each');
}

/** The same principal, which nobody can change any more. Whoever keeps one for many requests hands out such a one. */
export function fixedPrincipal(principal: Principal): Principal {
  return Object.freeze({ ...principal, scopes: Object.freeze([...principal.scopes]) });
}

export function isFixed(principal: Principal): boolean {
  return Object.isFrozen(principal) && Object.isFrozen(principal.scopes);
}

function wrong(field: string, expected: string): TidegateError {
  return new TidegateError('invalid_input', `${field} is not ${expected}`, { field, expected });
}

/** Whether it is who calls a server without authentication. */
export function isPublic(owner: Owner): boolean {
  return isOwner(owner, PUBLIC);
}

/** Whether something of `owner` belongs to who asks. No other code compares tenants and subjects. */
export function isOwner(owner: Owner, { tenant, subject }: Owner): boolean {
  return owner.tenant === tenant && owner.subject === subject;
}

/**
 * To whom a text is sealed that a client carries and gives back, such as the handle of a result: to the owner, and to the client
 * that it was given to. Another client of the same owner begins anew.
 */
export function bindingOf({
  tenant,
  subject,
  client,
}: Principal): [tenant: string, subject: string, client: string | null] {
  return [tenant, subject, client];
}

/** Answers the tenants whose feeds, tasks and waits scheduled work covers. */
export type Tenants = () => readonly string[] | Promise<readonly string[]>;

/**
 * The tenants that scheduled work covers, as safe names. Without `tenants` there is one, that of a server without
 * authentication.
 * @param only this tenant and no other, as a token names it; absent: all of them
 */
export async function tenantsOf({ tenants }: { tenants?: Tenants }, only?: string): Promise<readonly string[]> {
  const names = only === undefined ? await (tenants?.() ?? [PUBLIC.tenant]) : [only];
  return Promise.all(names.map((name) => safeName(name, 'tenant')));
}
