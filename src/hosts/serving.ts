/**
 * The registry of an app with the tools and resources of its streams, and the SDK's server over it. It is most of what a
 * host loads, so a module that has to start fast does not import it.
 */

import type { Principal } from '../base/principal.ts';
import { isOperator, isUnrestricted } from '../base/scopes.ts';
import { createSealer } from '../base/seal.ts';
import { auditedDeliveries, auditedTasks } from './audited.ts';
import { watchChanges } from '../calls/changes/kept.ts';
import type { AppDeps } from '../calls/context.ts';
import { confirmedTopics } from '../calls/publishing/outlets.ts';
import { grantedTo, grantKey, wholeOf } from '../calls/granted.ts';
import { createLateResults } from '../mcp/asking/late-results.ts';
import type { Registry } from '../mcp/registry/registry.ts';
import type { ServerDeps } from '../mcp/serve/answering.ts';
import { taskStatuses } from '../mcp/tasks/notification.ts';
import { createServing, type SdkServing } from '../mcp/serve/serving.ts';
import { BY_SCHEDULE, type Dispatch } from '../tasks/records/dispatch.ts';
import { createSubscriptions, type DeliveryService } from '../deliveries/subscriptions.ts';
import { deliveryDeps, hasDeliveries } from '../calls/events/delivery-deps.ts';
import type { WorkDeps } from '../calls/events/delivery-deps.ts';
import type { TaskDeps } from '../tasks/records/find-task.ts';
import { createTasks } from '../tasks/work/service.ts';
import { builtInTasks } from '../tools/built-in-tasks.ts';
import type { Tool } from '../declare/tool.ts';
import type { ChangeWatch } from '../calls/changes/kept.ts';
import type { Operators } from '../mcp/operators.ts';
import type { ListenBounds } from '../mcp/listen/held.ts';
import { createLatestValues } from './latest-values.ts';
import { createComposer, type RegistryOptions, scopedIn } from './registry-parts.ts';

/** The registry of the whole app, and those of the parts of it that callers may use. */
interface Registries {
  whole: Registry;
  /** Callers with whose scopes the same is granted have the same one. */
  of: (principal: Pick<Principal, 'scopes'>) => Registry;
}

/** Most registries of parts that are kept. Scopes come with tokens, so there may be any number. */
const MOST_PARTS = 64;
/** Most texts of scopes of which it is kept what they grant, and the longest of them. */
const MOST_TEXTS = 512;
const TEXT_CHARACTERS = 2_048;

/** @throws TidegateError `invalid_config` for names that collide with built-in ones, and schemas that MCP cannot show, and secrets that are not set. */
export function composeRegistries(deps: AppDeps, options: RegistryOptions): Registries {
  const { app } = deps;
  if (!options.secrets) warnOfNoSecret(deps);
  const compose = createComposer(deps, options);
  const { listens = false } = options;
  const whole = compose(wholeOf(app), { listens, ...(options.knowsCallers ? { cacheScope: 'private' } : {}) });
  const added = (options.extensions ?? []).flatMap(scopedIn);
  const keys = createLatestValues<string>(MOST_TEXTS);
  // The scopes of a credential that is kept are the same object with each request, which nobody can change.
  const keysOfKnown = new WeakMap<readonly string[], string>();
  const parts = createLatestValues<Registry>(MOST_PARTS);

  function makePart(scopes: readonly string[]): Registry {
    const registry = compose(grantedTo(app, scopes), { cacheScope: 'private', isPart: true });
    // What the server can do does not depend on who asks.
    return { ...registry, about: { ...registry.about, capabilities: whole.about.capabilities } };
  }

  function keyOf(scopes: readonly string[]): string {
    // One scope with a space in it is not two.
    const text = JSON.stringify(scopes);
    const makeKey = () => grantKey(app, scopes, added);
    return text.length > TEXT_CHARACTERS ? makeKey() : keys.of(text, makeKey);
  }

  function keyOfKnown(scopes: readonly string[]): string {
    const kept = keysOfKnown.get(scopes);
    if (kept !== undefined) return kept;
    const key = keyOf(scopes);
    if (Object.isFrozen(scopes)) keysOfKnown.set(scopes, key);
    return key;
  }

  return {
    whole,
    of({ scopes }) {
      if (!isOperator({ scopes })) {
        return isUnrestricted(scopes) ? whole : parts.of(keyOfKnown(scopes), () => makePart(scopes));
      }
      const key = `${keyOfKnown(scopes)} ${options.operatorTools?.() == null ? '' : 'operates'}`;
      return parts.of(key, () => makePart(scopes));
    },
  };
}

/** @throws TidegateError as `composeRegistries` does. */
export function composeRegistry(deps: AppDeps, options: RegistryOptions): Registry {
  return composeRegistries(deps, options).whole;
}

/** Logged when the host is made, because otherwise the first person to be asked would find out. */
function warnOfNoSecret({ app, runtime }: AppDeps): void {
  const topics = confirmedTopics(app);
  if (topics.length === 0) return;
  const message =
    'TIDEGATE_SECRET is not set, so nobody can be asked, and nothing is published that is to be confirmed';
  runtime.log('warn', message, { field: 'TIDEGATE_SECRET', topics });
}

/** How long a request may take, where the host does not leave it at the default, and who works on tasks. */
export interface ServingOptions
  extends
    Pick<ServerDeps, 'requestMs' | 'deadlineOf' | 'outlivesClients' | 'streamMs' | 'worksAfterAnswer'>,
    Pick<RegistryOptions, 'secrets' | 'variable' | 'extensions' | 'knowsCallers' | 'deliveries'> {
  /** What listeners may take. Null: clients cannot listen. Default: as on Node, and null where no work outlives its client. */
  listening?: ListenBounds | null;
  /** By which listeners hear of changes; the store of the host pokes it. Default: one of the host's own. */
  watch?: ChangeWatch;
  /** Who hears of tasks that begin, are answered or wake. A function is given what tasks work with. Default: the schedule alone finds them. */
  dispatch?: Dispatch | ((deps: TaskDeps) => Dispatch);
  /** The tools of operators, once the first of them called (`operators.ts`). */
  operating?: Operators;
}

/** Null where nobody knows who calls. */
function deliveriesOf(deps: WorkDeps): DeliveryService | null {
  return hasDeliveries(deps) ? createSubscriptions(deliveryDeps(deps)) : null;
}

/** @throws TidegateError as `composeRegistry` does. */
export function composeServing(
  given: TaskDeps,
  {
    dispatch = BY_SCHEDULE,
    secrets,
    variable,
    extensions,
    knowsCallers,
    requestMs,
    deadlineOf,
    outlivesClients,
    streamMs,
    listening = null,
    watch,
    worksAfterAnswer,
    operating,
    deliveries = deliveriesOf({ ...given, ...(secrets === undefined ? {} : { secrets }) }),
  }: ServingOptions = {},
): SdkServing {
  const deps = watch ? { ...given, watch } : watchChanges(given);
  const made = createTasks(deps, typeof dispatch === 'function' ? dispatch(deps) : dispatch);
  const tasks = auditedTasks(made, deps.audit);
  let ofOperators: Readonly<Record<string, Tool>> | null = null;
  const operatorTools = () =>
    (ofOperators ??= operating?.tools?.({ ...deps, ...(secrets === undefined ? {} : { secrets }) }) ?? null);
  const { whole, of } = composeRegistries(deps, {
    tasks,
    builtInTasks: (app) => builtInTasks({ ...deps, app }),
    secrets,
    variable,
    extensions,
    knowsCallers,
    listens: listening !== null,
    watch: listening === null ? null : deps.watch,
    deliveries: deliveries && auditedDeliveries(deliveries, deps.audit),
    signs: secrets != null,
    operatorTools,
  });
  const { app, runtime } = deps;
  const sessionSealer = secrets ? createSealer(secrets, `${app.name}/session`) : null;
  return createServing({
    ...deps,
    registry: whole,
    registryOf: of,
    sessionSealer,
    requestMs,
    deadlineOf,
    outlivesClients,
    streamMs,
    standing: [taskStatuses({ watch: deps.watch, tasks, runtime: deps.runtime })],
    listening: listening && { watch: deps.watch, bounds: listening },
    worksAfterAnswer,
    direct: app.direct,
    late: createLateResults({
      runtime,
      keptMs: app.results.keptMs,
      most: app.quotas,
      reader: app.toolNames.read_result,
    }),
  });
}
