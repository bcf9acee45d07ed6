/** A feed whose events name their tenants, for tests: what it gives, and what stands in whose log afterwards. */
import * as z from 'zod';
import type { Feed, FeedItem } from '../../../src/declare/feed.ts';
import { stream } from '../../../src/declare/stream.ts';
import { isGap, type LoggedEvent } from '../../../src/base/event.ts';
import { streamLog } from '../../../src/streams/log/stream-log.ts';
import { scopeOfLogs, type StreamScope } from '../../../src/streams/scope.ts';
import { readAll, START, type Stage } from './stage.ts';

export const Named = z.object({ of: z.string().optional(), n: z.number(), key: z.string().optional() });
export type NamedData = z.input<typeof Named>;

/** A function of the app's that breaks for one name. */
export function whose({ of }: z.output<typeof Named>): string | undefined {
  if (of === 'broken') throw new Error('what a function of the app throws');
  return of;
}

const declared = {
  description: 'Readings of everybody',
  schema: Named,
  key: ({ key }: z.output<typeof Named>) => key ?? 'k',
  time: ({ n }: z.output<typeof Named>) => START + n,
  tenants: whose,
};

export const anonymousOf = (feed: Feed) => stream({ ...declared, feed });
export const identifiedOf = (feed: Feed) => stream({ ...declared, id: ({ n }) => `r${n}`, feed });

/** Numbers of so many tenants by turns: those of `t0` are 0, `tenants`, `2 * tenants`, … */
export function byTurns(from: number, to: number, tenants: number): NamedData[] {
  return Array.from({ length: to - from }, (_, at) => ({ of: `t${(from + at) % tenants}`, n: from + at }));
}

export function gapItem(detail = 'nobody listened', streamName = 'readings'): FeedItem {
  return {
    stream: streamName,
    data: null,
    meta: { source: 'readings', gap: { reason: 'not_listening', detail } },
    bytes: 0,
  };
}

export const scopeFor = (stage: Stage, tenant: string): StreamScope => scopeOfLogs(stage.deps, { tenant });

export function logOf(stage: Stage, tenant: string, streamName = 'readings'): Promise<LoggedEvent[]> {
  return readAll(stage.store, streamLog(tenant, streamName));
}

/** What a tenant's log has, in a word for each entry: the number of an event, or the reason of a gap. */
export async function told(stage: Stage, tenant: string, streamName = 'readings'): Promise<(number | string)[]> {
  const entries = await logOf(stage, tenant, streamName);
  return entries.map((event) =>
    isGap(event) ? (event.meta?.gap?.reason ?? '') : (event.data as unknown as { n: number }).n,
  );
}
