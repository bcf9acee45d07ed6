/**
 * Erases the removed events of a stream (`removals.ts`), as the sweep. It may run at any time, twice, and beside readers,
 * writers and other removals.
 *
 * A pass goes through the log from its newest entry to its oldest, in steps (`erase-step.ts`). It concerns the removals that
 * were there when it began; those that come while it is under way have the next one, so that a pass ends however many
 * come. On its way it finds the latest event that is left of each orphan. Until it ends an orphan shows the best that was
 * found so far, or nothing, and never what was removed. A key that becomes an orphan again waits for the next pass.
 *
 * Erased are the entries of the stream's log and its latest events. Not erased are copies elsewhere: dead letters, pages
 * of results and exports, outcomes of waits, open windows of sampling, answers that clients keep.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { commitSurely } from '../../store/commit.ts';
import type { Operation } from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import { withErased, eraseStep, type Walked } from './erase-step.ts';
import { refill } from './orphans.ts';
import { readRemovals, type Removal, type Removals, removals, type StandingRemovals } from '../log/removals.ts';
import { settleLatest } from './settle-latest.ts';
import { streamLog } from '../log/stream-log.ts';

/** How long a removal that is done stays in the record: longer than a page may be under way. */
export const DROP_AFTER_MS = 60_000;

/** Reads between two commits of how far erasing has come. */
const STEP_READS = 20;

type Pass = NonNullable<Removals['pass']>;

/**
 * Does all that is left to do, as the sweep.
 * @param deadline epoch ms
 * @returns false: the time was over before all was erased
 * @throws TidegateError `store_unavailable`, `store_unknown`; the next call goes on.
 */
export async function eraseAll(scope: LogScope, stream: DeclaredStream, deadline: number): Promise<boolean> {
  while (scope.runtime.now() < deadline) {
    const left = await eraseRemoved(scope, stream, { reads: STEP_READS, deadline });
    if (left === null || isOver(left)) return true;
  }
  return false;
}

/**
 * Goes on with erasing, for at most `reads` reads of 1,000 entries. Where nothing is left to erase, it drops the removals
 * that are done.
 * @param options.deadline epoch ms
 * @returns the removals as they stand now; null: there are none
 * @throws TidegateError `store_unavailable`, `store_unknown`; the next call goes on.
 */
export async function eraseRemoved(
  scope: LogScope,
  stream: DeclaredStream,
  { reads, deadline }: { reads: number; deadline: number },
): Promise<Removals | null> {
  await settleLatest(scope, stream, deadline);
  let standing = await readRemovals(scope, stream.name);
  if (standing === null) return null;
  if (isOver(standing.value)) return drop(scope, streamLog(scope.tenant, stream.name), standing, deadline);
  if (standing.value.spilled && standing.value.pass === null && standing.value.orphans.length === 0) {
    standing = await refill(scope, stream.name, standing, deadline);
    if (standing === null) return (await readRemovals(scope, stream.name))?.value ?? null;
  }
  const { value } = standing;
  const pass = value.pass ?? { through: firstUnsettled(value), cursor: null };
  return eraseStep(scope, stream, standing, {
    cursor: pass.cursor,
    reads,
    deadline,
    erases: () => true,
    forgets: ({ number }) => number < pass.through,
    wanted: keysOf(value, pass),
    after: (now, walked) => after(now, { begun: value.pass, pass, walked, at: scope.runtime.now() }),
  });
}

/** All is erased, and no key is without its latest event. */
function isOver({ active, orphans, spilled }: Removals): boolean {
  return active.every(({ doneAt }) => doneAt !== null) && orphans.length === 0 && !spilled;
}

/** The orphans of a removal have to be known before a pass that concerns it, because it is the only one. */
function firstUnsettled({ active, next }: Removals): number {
  return Math.min(next, ...active.filter(({ settled }) => !settled).map(({ number }) => number));
}

function keysOf({ orphans }: Removals, { through }: Pass): Set<string> {
  const keys = new Set(orphans.map(({ key }) => key));
  for (const { key, number } of orphans) if (number >= through) keys.delete(key);
  return keys;
}

function after(
  value: Removals,
  { begun, pass, walked, at }: { begun: Pass | null; pass: Pass; walked: Walked; at: number },
): Removals {
  const isCovered = ({ number }: { number: number }) => walked.isEnd && number < pass.through;
  const active = withErased(value.active, walked.erased)
    .map((one) => ({ ...one, doneAt: one.doneAt ?? (isCovered(one) ? at : null) }))
    .filter((one) => isKept(one, at));
  const orphans = value.orphans.filter((orphan) => !isCovered(orphan));
  // Another sweep may have gone on with the pass, or have begun the next one.
  const isSame = begun?.through === value.pass?.through && begun?.cursor === value.pass?.cursor;
  const isOthers = !isSame && (!walked.isEnd || value.pass?.through !== pass.through);
  if (isOthers) return { ...value, active, orphans };
  return { ...value, active, orphans, pass: walked.isEnd ? null : { ...pass, cursor: walked.cursor } };
}

function isKept({ doneAt }: Removal, now: number): boolean {
  return doneAt === null || doneAt > now - DROP_AFTER_MS;
}

/** Drops removals that were done some time ago, and the record with the last of them. */
async function drop(
  { store, runtime }: LogScope,
  log: string,
  { record, value }: StandingRemovals,
  deadline: number,
): Promise<Removals | null> {
  const now = runtime.now();
  const active = value.active.filter((one) => isKept(one, now));
  if (active.length === value.active.length && active.length > 0) return value;
  const { partition, id, version } = record;
  const next = { ...value, active };
  const operation: Operation =
    active.length === 0 ? { kind: 'delete', partition, id, expects: version } : removals.replace(record, next);
  const result = await commitSurely(runtime, store, [operation], deadline);
  if (result.status === 'conflict' || active.length > 0) return next;
  // The record named what was removed.
  await store.erase(log, []);
  return null;
}
