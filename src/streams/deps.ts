/** What everything above the store is given: the declaration, the store and the host. Made once by an entry. */
import type { App } from '../declare/app.ts';
import type { Tenants } from '../base/principal.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Store } from '../store/store.ts';

export interface Deps {
  app: App;
  store: Store;
  runtime: Runtime;
  /**
   * Told after events were appended to a stream: a hint for those that follow it. It answers at once and does not throw.
   * Absent: they find out by their schedule.
   */
  changed?: (tenant: string, stream: string) => void;
  /** The tenants whose work is scheduled; read through `tenantsOf`. Absent: the one of a server without authentication. */
  tenants?: Tenants;
}
