/**
 * Work that follows the logs of triggers: over the triggers that it concerns, in the name of the app and of tenants. A call that is
 * missed, doubled or overlaps another harms nothing. What is done with occurrences is passed in.
 */
import { APP_TENANT } from '../base/principal.ts';
import { asTidegateError, type TidegateError } from '../base/errors.ts';
import type { DeclaredTrigger } from '../declare/trigger.ts';
import type { Deps } from '../streams/deps.ts';
import { scopeOfLogs, type StreamScope } from '../streams/scope.ts';
import type { ChangedPlace } from './run.ts';

interface BehindReport {
  entries: number;
  dueAt: number | null;
  more: boolean;
  error: TidegateError | null;
}

export interface BehindTriggers {
  /** Whether a change of a log concerns it. */
  concerns(stream: string): boolean;
  /** @param places whose logs of triggers have changed; null: those that all tenants share are looked at */
  run(deadline: number, places: readonly ChangedPlace[] | null): Promise<BehindReport>;
  /** Follows the triggers of one tenant, for a schedule that goes over tenants. @throws TidegateError */
  behind(tenant: string, deadline: number): Promise<void>;
}

/** Follows the log of a trigger in the name of a tenant. Errors as `follow`. */
type FollowTrigger = (
  scope: StreamScope,
  trigger: DeclaredTrigger,
  deadline: number,
) => Promise<{ entries: number; caughtUp: boolean }>;

/** @param what the work, for the log: `alarms are not moved` */
export function createBehind(
  deps: Deps,
  triggers: readonly DeclaredTrigger[],
  follow: FollowTrigger,
  what: string,
): BehindTriggers {
  const { runtime } = deps;
  const byLog = new Map(triggers.map((trigger) => [trigger.log.name, trigger]));

  async function followIn(
    tenant: string,
    some: readonly DeclaredTrigger[],
    deadline: number,
    report: BehindReport,
  ): Promise<void> {
    const scope = scopeOfLogs(deps, { tenant });
    for (const trigger of some) {
      try {
        const { entries, caughtUp } = await follow(scope, trigger, deadline);
        report.entries += entries;
        report.more ||= !caughtUp;
      } catch (thrown) {
        const error = asTidegateError(thrown);
        report.error ??= error;
        report.more = true;
        runtime.log('warn', `${what}: ${error.message}`, { trigger: trigger.name, code: error.code });
      }
    }
  }

  return {
    concerns: (stream) => byLog.has(stream),
    async run(deadline, places) {
      const report = nothingYet();
      if (places === null) {
        const shared = triggers.filter(({ tenants }) => tenants === 'shared');
        await followIn(APP_TENANT, shared, deadline, report);
        return report;
      }
      for (const [tenant, own] of Map.groupBy(places, (place) => place.tenant)) {
        const some = [...new Set(own.flatMap(({ stream }) => byLog.get(stream) ?? []))];
        await followIn(tenant, some, deadline, report);
      }
      return report;
    },
    async behind(tenant, deadline) {
      const report = nothingYet();
      const each = triggers.filter(({ tenants }) => tenants === 'each');
      await followIn(tenant, each, deadline, report);
      if (report.error !== null) throw report.error;
    },
  };
}

function nothingYet(): BehindReport {
  return { entries: 0, dueAt: null, more: false, error: null };
}
