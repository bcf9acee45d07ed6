/** What everything above the store is given: the declaration, the store and the host. Made once by an entry. */
import type { App } from '../core/declaration/app.ts';
import type { Runtime } from '../core/runtime.ts';
import type { Store } from '../store/store.ts';

export interface Deps {
  app: App;
  store: Store;
  runtime: Runtime;
}
