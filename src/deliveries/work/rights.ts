/** Whether who subscribed may still have what it subscribed to, asked each time before something is sent. */
import { asTidegateError } from '../../base/errors.ts';
import type { Principal } from '../../base/principal.ts';
import type { App } from '../../declare/app.ts';
import { eventSources, type EventSource, type Selection } from '../../streams/sources/sources.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import type { SubscriptionEnd, Subscribed } from '../records/subscribed.ts';

export type Allowed =
  | { kind: 'allowed'; principal: Principal; selection: Selection }
  | { kind: 'ended'; why: Pick<SubscriptionEnd, 'reason' | 'data'> }
  /** This release does not know it. Another one may, so it ends only when none has for a while. */
  | { kind: 'strange'; why: Pick<SubscriptionEnd, 'reason' | 'data'> };

const sources = new WeakMap<App, ReadonlyMap<string, EventSource>>();

/** All sources of an app, made once. */
export function sourcesIn(app: App): ReadonlyMap<string, EventSource> {
  const known = sources.get(app) ?? eventSources(app);
  sources.set(app, known);
  return known;
}

/** As many store calls as `rightsOf` makes. Errors as its. */
export async function allowedNow(deps: DeliveryDeps, definition: Subscribed): Promise<Allowed> {
  const { source: wanted, arguments: given } = definition;
  const principal = deps.rightsOf ? await deps.rightsOf(definition.principal) : definition.principal;
  if (principal === null || outlives(deps, definition)) return revoked();
  const source = deps.sourcesOf(principal).get(wanted);
  if (source === undefined) {
    return sourcesIn(deps.app).has(wanted)
      ? revoked()
      : { kind: 'strange', why: { reason: 'NotFound', data: { kind: 'event' } } };
  }
  try {
    return { kind: 'allowed', principal, selection: source.select(given) };
  } catch (thrown) {
    if (asTidegateError(thrown).code !== 'invalid_input') throw thrown;
    const data = { feature: 'inputSchema', reason: 'schema_changed' };
    return { kind: 'strange', why: { reason: 'Unsupported', data } };
  }
}

/** Whether it was made without an end for somebody whose rights cannot be asked again, and the longest time is over. */
function outlives({ isAskedAgain, runtime, app }: DeliveryDeps, definition: Subscribed): boolean {
  const { principal, refreshBefore, refreshedAt } = definition;
  if (refreshBefore !== null || isAskedAgain?.(principal) === true) return false;
  return refreshedAt + app.webhooks.mostTtlMs <= runtime.now();
}

function revoked(): Allowed {
  return { kind: 'ended', why: { reason: 'Forbidden', data: { reason: 'Access revoked' } } };
}
