/**
 * Lets a restored store act: what was held is due again, and whoever had subscribed is told of events. From then on this store stands in
 * the place of the one that the backup is from. What somebody changed meanwhile stays as it is. Repeatable.
 */
import { canonicalText } from '../../base/digest.ts';
import { TidegateError } from '../../base/errors.ts';
import { commitSurely } from '../../store/commit.ts';
import { listAll } from '../../store/list-all.ts';
import { isPresent, type Operation } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { RESTORE_KEY } from '../../streams/half-restored.ts';
import { HELD_PARTITION } from './kinds.ts';
import { heldRecord } from './state.ts';

/** Records of a commit: each is a put and a delete. */
const AT_ONCE = 20;
const COMMIT_MS = 60_000;
const MOST_RACES = 20;

interface ResumeReport {
  /** Records that stand again as they stood. */
  resumed: number;
  /** Those that somebody had changed meanwhile. */
  changed: number;
}

/** @throws TidegateError `cancelled` once the signal says so, between two commits; what the store throws */
export async function resumeStore(
  deps: Deps,
  progress: (done: number, total: null, unit: string) => void,
  signal: AbortSignal,
): Promise<ResumeReport> {
  const { store, runtime } = deps;
  const report: ResumeReport = { resumed: 0, changed: 0 };
  for await (const page of listAll(deps, HELD_PARTITION, { limit: AT_ONCE })) {
    for (let races = 0; ; races += 1) {
      const now = runtime.now();
      const readings = await store.getMany(page, now);
      const held = readings.flatMap((reading) => {
        const value = heldRecord.read(reading);
        return value === null || !isPresent(reading) ? [] : [{ value, reading }];
      });
      const standing = await store.getMany(
        held.map(({ value }) => value),
        now,
      );
      const operations: Operation[] = [];
      let resumed = 0;
      for (const [index, { value, reading }] of held.entries()) {
        const found = standing[index];
        if (found === undefined) continue;
        const { partition, id, version } = reading;
        operations.push({ kind: 'delete', partition, id, expects: version });
        const isSame = isPresent(found)
          ? value.standing !== null && canonicalText(found.value) === canonicalText(value.standing)
          : value.standing === null;
        const isOver = value.expiresAt !== null && value.expiresAt <= now;
        if (!isSame || isOver) continue;
        const { value: stored, expiresAt, due } = value;
        const put = { kind: 'put', partition: value.partition, id: value.id, value: stored } as const;
        operations.push({ ...put, expects: found.version, expiresAt, due });
        resumed += 1;
      }
      const result = operations.length === 0 ? null : await commitSurely(runtime, store, operations, now + COMMIT_MS);
      if (result?.status === 'conflict' && races < MOST_RACES) continue;
      report.resumed += resumed;
      report.changed += held.length - resumed;
      break;
    }
    progress(report.resumed + report.changed, null, 'resumed');
    if (signal.aborted) {
      throw new TidegateError(
        'cancelled',
        `stopped: ${report.resumed} records are due again, and the others are held`,
        {
          hint: 'tidegate resume goes on with them',
        },
      );
    }
  }
  const state = await store.get(RESTORE_KEY, runtime.now());
  if (isPresent(state)) {
    const { partition, id, version } = state;
    await commitSurely(
      runtime,
      store,
      [{ kind: 'delete', partition, id, expects: version }],
      runtime.now() + COMMIT_MS,
    );
  }
  return report;
}
