/** What handlers are run with, whoever calls. Types alone; a host makes it once. */
import type { AppStreams } from '../declare/app-streams.ts';
import type { AppChanges, ToolContext } from '../declare/context.ts';
import type { AppAlarms } from '../declare/trigger.ts';
import type { AppFeeds } from '../declare/app-feeds.ts';
import type { Principal } from '../base/principal.ts';
import type { Runtime } from '../base/runtime.ts';
import type { Store } from '../store/store.ts';
import type { RequestStates } from './request-state.ts';
import type { Results } from './results.ts';
import type { Caller } from './caller.ts';

/** What handlers are run with beside the caller. */
export interface HandlerDeps {
  runtime: Pick<Runtime, 'now' | 'newId' | 'log' | 'sleep' | 'ending' | 'named'>;
  streamsFor(principal: Principal, deadline: number, store: Store): AppStreams;
  /** Absent: handlers can publish and receive nothing through feeds. */
  feedsFor?: (context: Omit<ToolContext, 'feeds'>, store: Store) => AppFeeds;
  /** Absent: handlers reach no alarms. */
  alarmsFor?: (principal: Principal, deadline: number, store: Store) => AppAlarms;
  /** Absent: handlers can tell nobody of changes. */
  changesFor?: (principal: Principal, deadline: number, store: Store) => AppChanges;
  requestStates: RequestStates<Caller>;
  /** Keeps results that are too large for one answer. Default: every result is answered as it is. */
  results?: Results;
}
