/**
 * Erases what one removal concerns in the newest part of a log, before the removal answers. It leaves the events of other
 * removals to those, so that many at once do not get into each other's way, and it leaves the sweep's pass
 * (`erase-removed.ts`) where it is.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import type { LogScope } from '../scope.ts';
import { withErased, eraseStep } from './erase-step.ts';
import { readRemovals, type Removal } from '../log/removals.ts';

/** Reads of 1,000 entries. */
const READS = 10;

/**
 * @param number that of a removal that is settled
 * @param deadline epoch ms
 * @returns the removal as it stands then; null: it was dropped from the record
 * @throws TidegateError `store_unavailable`, `store_unknown`; the sweep goes on.
 */
export async function eraseAtOnce(
  scope: LogScope,
  stream: DeclaredStream,
  number: number,
  deadline: number,
): Promise<Removal | null> {
  const isOwn = (one: { number: number }) => one.number === number;
  const standing = await readRemovals(scope, stream.name);
  const own = standing?.value.active.find(isOwn);
  if (standing === null || own === undefined || own.doneAt !== null) return own ?? null;
  const { orphans } = standing.value;
  const known = new Set(orphans.map((one) => JSON.stringify(one)));
  const left = await eraseStep(scope, stream, standing, {
    cursor: null,
    reads: READS,
    deadline,
    erases: isOwn,
    forgets: isOwn,
    wanted: new Set(orphans.map(({ key }) => key)),
    after: (value, { isEnd, erased }) => {
      const active = withErased(value.active, erased);
      if (!isEnd) return { ...value, active };
      const doneAt = scope.runtime.now();
      return {
        ...value,
        active: active.map((one) => (isOwn(one) ? { ...one, doneAt: one.doneAt ?? doneAt } : one)),
        orphans: value.orphans.filter((one) => !known.has(JSON.stringify(one))),
      };
    },
  });
  return left?.active.find(isOwn) ?? null;
}
