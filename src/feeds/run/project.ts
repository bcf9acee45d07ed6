/** Brings the latest events of the streams that a feed filled up to date, during its burst and at its end. */
import { asTidegateError } from '../../base/errors.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { projectLatest } from '../../streams/log/latest.ts';
import type { Place } from '../../streams/log/place.ts';
import type { Lease } from './lease.ts';

interface Projecting {
  scope: StreamScope;
  deadline: number;
  /** Places of streams whose events name their tenants, by log. Those that are caught up are taken out of it. */
  behind: Map<string, Place>;
}

/** Places that are followed at once. */
const AT_ONCE = 8;

/** Time that is kept for the commit that gives the lease back, ms. */
const RELEASE_MS = 500;

/** Follows all streams that are behind. A failure is logged, and that stream stays behind until the next run follows it. */
export async function project(options: Projecting, lease: Lease): Promise<{ commits: number }> {
  let commits = await projectPlaces(options);
  for (const name of lease.state().dirty) commits += (await projectOne(options, lease, name, false)).commits;
  return { commits };
}

/**
 * Follows all streams that are behind. The last commit for the last stream gives the lease back. Where following took all of its
 * time, the lease is given back all the same.
 * @param releaseBy epoch ms by which it is to be given back
 */
export async function projectAndRelease(
  options: Projecting,
  lease: Lease,
  releaseBy: number,
): Promise<{ commits: number; lost: boolean }> {
  let commits = await projectPlaces(options);
  const { dirty } = lease.state();
  for (const [index, name] of dirty.entries()) {
    const done = await projectOne(options, lease, name, index === dirty.length - 1);
    commits += done.commits;
    if (done.alongside === 'committed') return { commits, lost: false };
    if (done.alongside === 'conflict') return { commits, lost: true };
  }
  const latest = Math.max(releaseBy, options.scope.runtime.now() + RELEASE_MS);
  return { commits, lost: !(await lease.giveBack(latest)) };
}

/** Those for which there is no time are left to the sweep of their tenants. */
async function projectPlaces({ scope, deadline, behind }: Projecting): Promise<number> {
  let commits = 0;
  const { runtime } = scope;
  const left = [...behind.values()].values();
  async function work(): Promise<void> {
    for (const { log, tenant, stream } of left) {
      if (runtime.now() >= deadline - RELEASE_MS) return;
      try {
        const report = await projectLatest({ ...scope, tenant }, stream, { deadline: deadline - RELEASE_MS });
        commits += report.commits;
        if (report.caughtUp) behind.delete(log);
      } catch (error) {
        tellBehind(scope, stream.name, error);
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, behind.size) }, work));
  return commits;
}

function tellBehind({ runtime }: StreamScope, stream: string, error: unknown): void {
  const { code, message } = asTidegateError(error);
  runtime.log('warn', 'the latest events of a stream are behind its log', { stream, code, message });
}

async function projectOne(
  { scope, deadline }: Omit<Projecting, 'behind'>,
  lease: Lease,
  name: string,
  release: boolean,
): Promise<{ commits: number; alongside: 'none' | 'committed' | 'conflict' }> {
  const { dirty } = lease.state();
  const others = dirty.filter((other) => other !== name);
  const stream = scope.app.streams.get(name);
  if (!stream) {
    lease.change({ dirty: others });
    return { commits: 0, alongside: 'none' };
  }
  const alongside = () => {
    lease.change({ dirty: others });
    return lease.release();
  };
  try {
    const report = await projectLatest(scope, stream, {
      deadline: deadline - RELEASE_MS,
      ...(release ? { alongside } : {}),
    });
    lease.change({ dirty: report.caughtUp ? others : dirty });
    return report;
  } catch (error) {
    lease.change({ dirty });
    tellBehind(scope, name, error);
    return { commits: 0, alongside: 'none' };
  }
}
