/**
 * Erases the removed events of a stream (`removals.ts`). It may run at any time, twice, and beside readers and writers.
 * Each of its commits rests on the version of the record of removals, so what one of two runs has found out too late is
 * thrown away.
 *
 * It goes through the log from its newest entry to its oldest, and puts tombstones in the place of removed events. On its
 * way it finds the latest event that is left of each orphan (`settle-latest.ts`). Where a run does not come to the end, an
 * orphan shows the best that was found so far, or nothing, and never what was removed.
 *
 * Erased are the entries of the stream's log and its latest events. Not erased are copies elsewhere: dead letters, pages
 * of results and exports, outcomes of waits, open windows of sampling, answers that clients keep.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { commitSurely } from '../../store/commit.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor, Operation } from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import { createFallback, type Fallback } from './fallback.ts';
import {
  doneRemovalOf,
  finder,
  isRemoval,
  readRemovals,
  type Removals,
  removals,
  type StandingRemovals,
  tombstoneOf,
} from './removals.ts';
import { putFallbacks, settleLatest } from './settle-latest.ts';
import { loggedEvent, streamLog } from './stream-log.ts';

/** How long a removal that is done stays in the record: longer than a page may be under way. */
export const DROP_AFTER_MS = 60_000;

/** Time that is left for the commits behind the reads. */
const COMMIT_MS = 1_000;
/** Reads between two commits of how far erasing has come. */
const STEP_READS = 20;

/**
 * Does all that is left to do, as the sweep.
 * @param deadline epoch ms
 * @returns false: the time was over before all was erased
 * @throws TidegateError `store_unavailable`, `store_unknown`; the next call goes on.
 */
export async function eraseAll(scope: LogScope, stream: DeclaredStream, deadline: number): Promise<boolean> {
  while (scope.runtime.now() < deadline) {
    const left = await eraseRemoved(scope, stream, { reads: STEP_READS, deadline });
    if (left === null || left.active.every(({ doneAt }) => doneAt !== null)) return true;
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
  // A removal is done once, so its orphans have to be known before.
  await settleLatest(scope, stream, deadline);
  const standing = await readRemovals(scope, stream.name);
  if (standing === null || standing.value.active.some(({ settled }) => !settled)) return standing?.value ?? null;
  const { value } = standing;
  const isOver = value.active.every(({ doneAt }) => doneAt !== null);
  if (isOver) return drop(scope, streamLog(scope.tenant, stream.name), standing, deadline);
  const pass = value.pass ?? { through: value.next, cursor: null };
  const { options } = stream.declaration;
  const fallback = createFallback(new Set(value.orphans.map(({ key }) => key)), {
    keyed: stream.keyed,
    revised: options.revision !== undefined,
  });
  const walked = await walk(scope, stream, value, { ...pass, reads, deadline: deadline - COMMIT_MS }, fallback);
  const found = await putFallbacks(scope, stream, standing.record, fallback.found(), deadline);
  if (!found) return (await readRemovals(scope, stream.name))?.value ?? null;
  const isCovered = ({ number }: { number: number }) => number < pass.through;
  const active = value.active.map((removal) => ({
    ...removal,
    erased: removal.erased + (walked.erased.get(removal.number) ?? 0),
    doneAt: removal.doneAt ?? (walked.isEnd && isCovered(removal) ? scope.runtime.now() : null),
  }));
  const next: Removals = walked.isEnd
    ? { ...value, active, pass: null, orphans: value.orphans.filter((orphan) => !isCovered(orphan)) }
    : { ...value, active, pass: { ...pass, cursor: walked.cursor } };
  const result = await commitSurely(scope.runtime, scope.store, [removals.replace(standing.record, next)], deadline);
  return result.status === 'committed' ? next : ((await readRemovals(scope, stream.name))?.value ?? null);
}

interface Walked {
  cursor: Cursor | null;
  /** It came to the oldest entry. */
  isEnd: boolean;
  /** How many events were erased, by the number of their removal. */
  erased: Map<number, number>;
}

async function walk(
  { store, runtime, tenant }: LogScope,
  stream: DeclaredStream,
  { active }: Removals,
  { through, cursor, reads, deadline }: { through: number; cursor: Cursor | null; reads: number; deadline: number },
  fallback: Fallback,
): Promise<Walked> {
  const log = streamLog(tenant, stream.name);
  const removalOf = finder(active);
  const entryIds = new Set(active.filter(({ number }) => number < through).map(({ entry }) => entry));
  const walked: Walked = { cursor, isEnd: false, erased: new Map() };
  for (let n = 0; n < reads && !walked.isEnd && (n === 0 || runtime.now() < deadline); n += 1) {
    const page = await store.last(log, READ_LIMIT, walked.cursor);
    const erasures = page.entries.toReversed().flatMap((entry) => {
      const event = loggedEvent.read(entry);
      const removal = removalOf(event, entry.cursor);
      if (removal !== null) {
        walked.erased.set(removal.number, (walked.erased.get(removal.number) ?? 0) + 1);
        return [{ cursor: entry.cursor, value: tombstoneOf(event, entry.appendedAt) }];
      }
      if (isRemoval(event) && entryIds.has(event.id)) return [{ cursor: entry.cursor, value: doneRemovalOf(event) }];
      fallback.take(event, entry.appendedAt);
      return [];
    });
    if (erasures.length > 0) await store.erase(log, erasures);
    walked.isEnd = page.truncated || page.entries.length < READ_LIMIT;
    walked.cursor = page.start;
  }
  return walked;
}

/** Drops removals that were done some time ago, and the record with the last of them. */
async function drop(
  { store, runtime }: LogScope,
  log: string,
  { record, value }: StandingRemovals,
  deadline: number,
): Promise<Removals | null> {
  const since = runtime.now() - DROP_AFTER_MS;
  const active = value.active.filter(({ doneAt }) => doneAt === null || doneAt > since);
  if (active.length === value.active.length) return value;
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
