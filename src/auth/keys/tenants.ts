/** The tenants of an app whose callers bring keys: those of the keys, and that of the app itself. */
import { APP_TENANT, type Tenants } from '../../base/principal.ts';
import { type KeyDeps, listKeys } from './manage.ts';

/** A tenant whose first key was made is known after this time, ms. */
const KEPT_MS = 30_000;

/** Errors of a call are those of a list of the store. */
export function createKeyTenants(deps: KeyDeps): Tenants {
  let known: { tenants: readonly string[]; at: number } | null = null;
  return async () => {
    const at = deps.runtime.now();
    if (known === null || Math.abs(at - known.at) >= KEPT_MS) {
      const keys = await listKeys(deps);
      known = { tenants: [...new Set([APP_TENANT, ...keys.map(({ tenant }) => tenant)])], at };
    }
    return known.tenants;
  };
}
