/**
 * What code above the store works on: the app, the store and the runtime, together with the tenant whose records and
 * logs it may reach. It is made once for each caller and each run of a worker, and passed on as one value.
 */
import { tenantsOf } from '../base/principal.ts';
import type { Deps } from './deps.ts';

export type Scope<D extends object = Deps> = Readonly<D & { tenant: string }>;

/** Makes a scope for the tenant of a principal or of a worker's options. Nothing else of them is used. */
export function scopeOf<D extends object>(deps: D, { tenant }: { tenant: string }): Scope<D> {
  return { ...deps, tenant };
}

/** A scope for each tenant whose work is scheduled, or for this one alone. */
export async function scopesOf<D extends Pick<Deps, 'tenants'>>(deps: D, only?: string): Promise<Scope<D>[]> {
  return (await tenantsOf(deps, only)).map((tenant) => scopeOf(deps, { tenant }));
}

/** What reading and writing a tenant's log needs. It does not contain the app. */
export type LogScope = Scope<Pick<Deps, 'store' | 'runtime'>>;
