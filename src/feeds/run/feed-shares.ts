/**
 * What one tenant may be filled with in a day by a feed whose events name their tenants (`quotas.feeds`). It is taken for what is new
 * in a tenant's log, before that is committed: a process that dies in between leaves the count too high, never too low. A tenant
 * whose share is over is filled no more, and all others are.
 */
import type { App } from '../../declare/app.ts';
import type { DeclaredFeed } from '../../declare/feed.ts';
import { TidegateError } from '../../base/errors.ts';
import { createQuotas, type Quota } from '../../store/quotas/quotas.ts';
import type { Reason } from '../records/dead-letters.ts';
import type { LogTenant, StreamScope } from '../../streams/scope.ts';

export interface FeedShares {
  /** Takes these bytes for each tenant, or nothing for those that have no such room. Errors as the store's. */
  take(bytes: ReadonlyMap<LogTenant, number>): Promise<void>;
  /** Whether nothing could be taken for a tenant when it was last asked. */
  isOver(tenant: LogTenant): boolean;
}

/** Why what is over is a dead letter. */
export const OVER_SHARE: Reason = {
  reason: 'quota',
  field: 'quotas.feeds',
  expected: 'no more of a tenant in a day than its share',
};

const DAY_MS = 24 * 3_600_000;
const AT_ONCE = 8;

/** Null: there is no limit. */
export function createFeedShares(scope: StreamScope, feed: DeclaredFeed): FeedShares | null {
  const quota = quotaOf(scope.app, feed);
  if (quota === null || !feed.namesTenants) return null;
  const quotas = scope.quotas ?? createQuotas(scope.runtime);
  const over = new Set<LogTenant>();

  async function takeFor(tenant: LogTenant, bytes: number): Promise<void> {
    try {
      await quotas.take(scope.store, quota as Quota, { tenant, subject: feed.name }, bytes);
      over.delete(tenant);
    } catch (thrown) {
      if (!(thrown instanceof TidegateError) || thrown.code !== 'rate_limited') throw thrown;
      over.add(tenant);
    }
  }

  return {
    async take(bytes) {
      const left = bytes.entries();
      async function work(): Promise<void> {
        for (const [tenant, count] of left) await takeFor(tenant, count);
      }
      await Promise.all(Array.from({ length: Math.min(AT_ONCE, bytes.size) }, work));
    },
    isOver: (tenant) => over.has(tenant),
  };
}

function quotaOf({ quotas: { feeds } }: Pick<App, 'quotas'>, { name }: DeclaredFeed): Quota | null {
  if (feeds === undefined) return null;
  return {
    name: 'quotas.feeds',
    within: name,
    of: `bytes of ${name}`,
    unit: 'bytes',
    each: null,
    all: feeds,
    lastsMs: DAY_MS,
    span: 'in a day',
    hint: 'let the source send less of this tenant, or raise the limit',
  };
}
