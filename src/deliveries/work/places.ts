/** The logs that may have subscribers: one where a source is shared, else those of tenants that are noted to have some. */
import type { App } from '../../declare/app.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { sharedScope, type StreamScope } from '../../streams/scope.ts';
import { duePlaces, noteWork } from '../../streams/tenant-work.ts';
import type { DeliveryDeps } from '../records/deps.ts';
import { followOutbox, type OutboxReport } from './outbox.ts';
import { sourcesIn } from './rights.ts';

/** Where somebody has subscribed, the log is followed again after this by whoever is called then, ms. */
const FOLLOWED_AGAIN_MS = 30_000;

/** The logs of all sources, by name. */
export function sourceLogs(app: App): ReadonlyMap<string, DeclaredStream> {
  return new Map([...sourcesIn(app).values()].map(({ stream }) => [stream.name, stream]));
}

/** To be called before somebody subscribes to a log. Errors as `noteWork`. */
export async function noteSubscriber(
  scope: StreamScope<DeliveryDeps>,
  { name, tenants }: DeclaredStream,
): Promise<void> {
  if (tenants === 'each') await noteWork(scope, [`deliveries/${name}`], { withinMs: FOLLOWED_AGAIN_MS });
}

/** Follows the logs of all sources once. `more`: the time was over before all was followed. Errors as the store's. */
export async function followOutboxes(
  deps: DeliveryDeps,
  deadline: number,
): Promise<Pick<OutboxReport, 'woken'> & { more: boolean }> {
  const { runtime } = deps;
  const report = { woken: 0, more: false };
  for (const stream of sourceLogs(deps.app).values()) {
    const { due, more } = await placesOf(deps, stream);
    report.more ||= more;
    for (const { scope, settle } of due) {
      if (runtime.now() >= deadline) return { ...report, more: true };
      const { subscribed, woken, caughtUp } = await followOutbox(scope, stream, deadline);
      report.woken += woken;
      report.more ||= !caughtUp;
      await settle(subscribed ? runtime.now() + FOLLOWED_AGAIN_MS : null);
    }
  }
  return report;
}

export async function placesOf(deps: DeliveryDeps, stream: DeclaredStream) {
  if (stream.tenants === 'each') return duePlaces(deps, `deliveries/${stream.name}`);
  return { due: [{ scope: sharedScope(deps), settle: async () => {} }], more: false };
}
