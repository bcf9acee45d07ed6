/** How long the store takes: real reads, and real commits to a record of its own, which is deleted at the end. */
import { APP_TENANT } from '../../../base/principal.ts';
import type { CommitOptions, CommitResult, Operation, Version } from '../../../store/store.ts';
import type { DoctorCheck, DoctorFinding } from './finding.ts';

const TIMES = 20;
const EXPIRES_MS = 60_000;
/** Above this an agent waits noticeably for a page, and a burst of 10,000 events for its hundred commits, ms. */
const SLOW_READ_MS = 150;
const SLOW_COMMIT_MS = 300;

export const latencyCheck: DoctorCheck = {
  name: 'store latency',
  mostMs: 60_000,
  async run({ store, runtime }, signal) {
    if (store === null) return [];
    const key = { partition: `${APP_TENANT}/doctor`, id: runtime.newId() };
    const reads: number[] = [];
    const commits: number[] = [];
    let version: Version | null = null;
    for (let at = 0; at <= TIMES && !signal.aborted; at += 1) {
      // The first call also opens the connection, and is not counted.
      await timed(at === 0 ? [] : reads, () => store.get(key, runtime.now()));
      const now = runtime.now();
      const put: Operation = { kind: 'put', ...key, value: { at }, expects: version, expiresAt: now + EXPIRES_MS };
      const options: CommitOptions = { id: runtime.newId(), now, deadline: now + 10_000 };
      const result: CommitResult = await timed(at === 0 ? [] : commits, (): Promise<CommitResult> =>
        store.commit([put], options),
      );
      if (result.status !== 'committed') return [{ status: 'fail', what: `a commit ended as ${result.status}` }];
      version = result.version;
    }
    if (version !== null) {
      const now = runtime.now();
      const options = { id: runtime.newId(), now, deadline: now + 10_000 };
      await store.commit([{ kind: 'delete', ...key, expects: version }], options);
    }
    return [judged('reads', reads, SLOW_READ_MS), judged('commits', commits, SLOW_COMMIT_MS)];
  },
};

async function timed<Result>(into: number[], work: () => Promise<Result>): Promise<Result> {
  const begunAt = performance.now();
  const result = await work();
  into.push(performance.now() - begunAt);
  return result;
}

function judged(what: string, times: readonly number[], slowMs: number): DoctorFinding {
  const said = `${times.length} ${what}: p50 ${shown(quantile(times, 0.5))}, p99 ${shown(quantile(times, 0.99))}`;
  if (quantile(times, 0.5) < slowMs) return { status: 'ok', what: said };
  return { status: 'warn', what: said, why: `more than ${slowMs} ms`, fix: 'put server and store in one region' };
}

/** Of few values the 99th percentile is the greatest. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)] ?? 0;
}

const shown = (ms: number) => `${ms < 10 ? ms.toFixed(1) : Math.round(ms)} ms`;
