/** What all code above the store needs: the declared app, the store and the runtime. An entry point makes it once. */
import type { App } from '../declare/app.ts';
import type { Audit } from './audit.ts';
import type { Tenants } from '../base/principal.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Quotas } from '../store/quotas/quotas.ts';
import type { Store } from '../store/store.ts';

export interface Deps {
  app: App;
  store: Store;
  runtime: Runtime;
  /**
   * Called after events were appended to a stream. It is a hint for those that follow the stream; it returns at once
   * and does not throw. Where it is absent, followers find the events by their schedule.
   */
  changed?: (tenant: string, stream: string) => void;
  /** Puts on record what callers do. Absent: nothing is, as where nobody knows who calls. */
  audit?: Audit | undefined;
  /** Sums what callers take up of the store. Absent: no quota is held. */
  quotas?: Quotas;
  /** Nobody asks who calls: everybody is one caller, and limits of one caller hold only where the app declares them. Default: false. */
  isOpen?: boolean;
  /**
   * The tenants whose streams of their own are worked on by a schedule, in place of those that are known from what they did
   * (`streams/tenant-work.ts`). Default: those that are known.
   */
  tenants?: Tenants | undefined;
  /** What this process has noted of `streams/tenant-work.ts`, and until when that stands, epoch ms. Absent: it remembers nothing. */
  noted?: Map<string, number>;
}
