/** Brings the latest events of the streams that a feed filled up to date, during its burst and at its end. */
import { asTidegateError } from '../../base/errors.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { projectLatest } from '../../streams/log/latest.ts';
import type { Lease } from './lease.ts';

interface Projecting {
  scope: StreamScope;
  deadline: number;
}

/** Time that is kept for the commit that gives the lease back, ms. */
const RELEASE_MS = 500;

/** Follows all streams that are behind. A failure is logged, and that stream stays behind until the next run follows it. */
export async function project(options: Projecting, lease: Lease): Promise<{ commits: number }> {
  let commits = 0;
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
  let commits = 0;
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

async function projectOne(
  { scope, deadline }: Projecting,
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
    return [lease.release()];
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
    const { code, message } = asTidegateError(error);
    scope.runtime.log('warn', 'the latest events of a stream are behind its log', { stream: name, code, message });
    return { commits: 0, alongside: 'none' };
  }
}
