/**
 * What code above the store works on: the app, the store and the host, together with the tenant whose records and logs it
 * may reach. It is made once for a caller or for a round of a worker, and passed on as one value.
 */
import { tenantsOf } from '../base/principal.ts';
import type { Deps } from './deps.ts';

export type Scope<D extends object = Deps> = Readonly<D & { tenant: string }>;

/** @param whose a principal, or a worker's options: of both, only the tenant counts. */
export function scopeOf<D extends object>(deps: D, { tenant }: { tenant: string }): Scope<D> {
  return { ...deps, tenant };
}

/** A scope for each tenant whose work is scheduled, or for this one alone. */
export async function scopesOf<D extends Pick<Deps, 'tenants'>>(deps: D, only?: string): Promise<Scope<D>[]> {
  return (await tenantsOf(deps, only)).map((tenant) => scopeOf(deps, { tenant }));
}

/** What a log of a tenant's is read and written with; it says nothing of the app. */
export type LogScope = Scope<Pick<Deps, 'store' | 'runtime'>>;
