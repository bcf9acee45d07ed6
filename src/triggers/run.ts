/**
 * The work on triggers: judges those that stand in the app's name, and those of tenants to whom something happened. A call that
 * is missed, doubled or overlaps another harms nothing.
 */
import { APP_TENANT } from '../base/principal.ts';
import { asTidegateError, type TidegateError } from '../base/errors.ts';
import type { DeclaredTrigger } from '../declare/trigger.ts';
import type { StreamTenants } from '../declare/feed.ts';
import type { Deps } from '../streams/deps.ts';
import { duePlaces, workOnPlace } from '../streams/tenant-work.ts';
import { createEvaluator, type RoundReport } from './evaluator.ts';
import type { RemoveBehind } from './keep.ts';

/** A stream of a tenant to which something was appended. */
export interface ChangedPlace {
  tenant: string;
  stream: string;
}

interface TriggersReport {
  entries: number;
  occurrences: number;
  commits: number;
  /** When something changes if nothing comes, epoch ms; null: nothing does, as far as this process knows. */
  dueAt: number | null;
  more: boolean;
  error: TidegateError | null;
}

interface TriggerWork {
  /** Whether a change of a stream concerns a trigger. */
  concerns(stream: string): boolean;
  /**
   * @param deadline epoch ms
   * @param places what has changed; null: all triggers are looked at
   */
  run(deadline: number, places: readonly ChangedPlace[] | null): Promise<TriggersReport>;
}

/** Where a tenant's triggers are looked at again, if time was over, ms. */
const AGAIN_MS = 5_000;

/** What follows the triggers of a tenant. Where it fails, the tenant is looked at again. */
type Behind = (tenant: string, deadline: number) => Promise<void>;

/**
 * Keeps what it judged between its calls.
 * @param behind is called for each tenant that a schedule looks at, before its turn is settled: no hint is needed for it then
 * @param removeBehind is called where something is removed from a stream of a trigger. Null: nothing follows that keeps it
 */
export function createTriggerWork(
  deps: Deps,
  behind: readonly Behind[] = [],
  removeBehind: RemoveBehind | null = null,
): TriggerWork {
  const { app, runtime } = deps;
  const evaluator = createEvaluator(deps, removeBehind);
  const all = [...app.triggers.values()];
  const watched = new Set(all.flatMap(({ on }) => [...on.values()]));
  const of = (tenants: StreamTenants, streams: ReadonlySet<string> | null) =>
    all.filter((trigger) => trigger.tenants === tenants && isOn(trigger, streams));

  async function round(
    tenant: string,
    triggers: readonly DeclaredTrigger[],
    deadline: number,
    report: TriggersReport,
  ): Promise<RoundReport> {
    const done = await evaluator.round(tenant, triggers, deadline);
    report.entries += done.entries;
    report.commits += done.commits;
    for (const count of done.occurrences.values()) report.occurrences += count;
    report.more ||= done.more;
    report.error ??= done.error;
    const { dueAt } = done;
    if (dueAt !== null && (report.dueAt === null || dueAt < report.dueAt)) report.dueAt = dueAt;
    return done;
  }

  async function runDue(deadline: number, report: TriggersReport): Promise<void> {
    const each = of('each', null);
    if (each.length === 0) return;
    const { due, more } = await duePlaces(deps, 'triggers');
    report.more ||= more;
    for (const place of due) {
      if (runtime.now() >= deadline) {
        report.more = true;
        return;
      }
      const { tenant } = place.scope;
      await attempt(report, tenant, () =>
        workOnPlace(deps, place, async () => {
          const { dueAt, more: left } = await round(tenant, each, deadline, report);
          for (const follow of behind) await follow(tenant, deadline);
          return left ? runtime.now() + AGAIN_MS : dueAt;
        }),
      );
    }
  }

  /** What fails for one tenant, or for all, keeps no other from its turn. */
  async function attempt(report: TriggersReport, tenant: string | null, step: () => Promise<unknown>): Promise<void> {
    try {
      await step();
    } catch (thrown) {
      const error = asTidegateError(thrown);
      report.error ??= error;
      report.more = true;
      runtime.log('warn', 'triggers are not judged', { tenant, code: error.code, message: error.message });
    }
  }

  return {
    concerns: (stream) => watched.has(stream),
    async run(deadline, places) {
      const report: TriggersReport = { entries: 0, occurrences: 0, commits: 0, dueAt: null, more: false, error: null };
      const streams = places && new Set(places.map(({ stream }) => stream));
      const shared = of('shared', streams);
      if (shared.length > 0) await attempt(report, APP_TENANT, () => round(APP_TENANT, shared, deadline, report));
      if (places === null) await attempt(report, null, () => runDue(deadline, report));
      else {
        for (const [tenant, own] of Map.groupBy(places, (place) => place.tenant)) {
          const each = of('each', new Set(own.map(({ stream }) => stream)));
          if (each.length > 0) await attempt(report, tenant, () => round(tenant, each, deadline, report));
        }
      }
      return report;
    },
  };
}

function isOn({ on }: DeclaredTrigger, streams: ReadonlySet<string> | null): boolean {
  return streams === null || [...on.values()].some((stream) => streams.has(stream));
}
