/**
 * One step of erasing: it goes through a part of a log from its newest entries on, puts tombstones in the place of removed
 * events, puts what it found for orphans, and writes into the record of removals how far it came. `erase-removed.ts` and
 * `erase-at-once.ts` say which part, and for which removals.
 *
 * What stands as a tombstone stays one, so a step holds for the removals that it knew, also where others came while it was
 * under way. What it found for an orphan may be removed by one of those. Such an orphan is searched for once more.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { afterConflict, commitSurely } from '../../store/commit.ts';
import { READ_LIMIT } from '../../store/limits.ts';
import type { Cursor } from '../../store/store.ts';
import type { LogScope } from '../scope.ts';
import { type Candidate, createFallback, type Fallback } from './fallback.ts';
import { leaveRevised } from './later-revisions.ts';
import {
  doneRemovalOf,
  finder,
  isRemoval,
  readRemovals,
  type Removal,
  type Removals,
  removals,
  type StandingRemovals,
  tombstoneOf,
} from '../log/removals.ts';
import { putFallbacks, settleLatest } from './settle-latest.ts';
import { loggedEvent, streamLog } from '../log/stream-log.ts';

export interface Step {
  /** Where the part begins, to older entries; null: at the newest. */
  cursor: Cursor | null;
  /** Reads of 1,000 entries. */
  reads: number;
  /** Epoch ms. The first read is made in any case. */
  deadline: number;
  /** Whether events of this removal are erased. Those of the others are passed over. */
  erases: (removal: Removal) => boolean;
  /** The removals whose entries no longer say what they removed. */
  forgets: (removal: Removal) => boolean;
  /** The keys to find the latest event of. */
  wanted: ReadonlySet<string>;
  /** The removals after the step, given how they stand at its end. */
  after: (value: Removals, walked: Walked) => Removals;
}

export interface Walked {
  cursor: Cursor | null;
  /** It came to the oldest entry. */
  isEnd: boolean;
  /** How many events were erased, by the number of their removal. */
  erased: ReadonlyMap<number, number>;
}

/** Time that is left for the commits behind the reads. */
const COMMIT_MS = 1_000;

/**
 * @returns the removals as they stand then, and whether the step was written into them; null: there are none
 * @throws TidegateError `store_unavailable`, `store_unknown`; what was erased is erased.
 */
export async function eraseStep(
  scope: LogScope,
  stream: DeclaredStream,
  standing: StandingRemovals,
  step: Step,
): Promise<Removals | null> {
  const { runtime, store } = scope;
  const { deadline } = step;
  const revised = stream.declaration.options.revision !== undefined;
  const furthest = runtime.now() + stream.aheadMs;
  const fallback = createFallback(step.wanted, { keyed: stream.keyed, revised, furthest });
  const readsBy = deadline - COMMIT_MS;
  const walksBy = revised ? (runtime.now() + readsBy) / 2 : readsBy;
  let walked = await walk(scope, stream, standing.value, { ...step, deadline: walksBy }, fallback);
  if (revised && step.cursor !== null) {
    const found = await leaveRevised(scope, stream, fallback, { from: step.cursor, deadline: readsBy });
    // What was erased is erased; the step is taken once more.
    if (found === 'late') walked = { ...walked, cursor: step.cursor, isEnd: false };
    if (found === 'too_long') tellUnknown(scope, stream);
  }
  let { record, value } = standing;
  for (let conflicts = 0; ; conflicts += 1) {
    const { kept, gone } = divide(fallback.found(), value);
    if (await putFallbacks(scope, stream, record, kept, deadline)) {
      const stepped = step.after(value, walked);
      const next = { ...stepped, orphans: [...stepped.orphans, ...gone] };
      const result = await commitSurely(runtime, store, [removals.replace(record, next)], deadline);
      if (result.status === 'committed') return next;
    }
    const isTime = await afterConflict(runtime, conflicts, deadline);
    if (isTime) await settleLatest(scope, stream, deadline);
    const again = await readRemovals(scope, stream.name);
    if (again === null || !isTime) return again?.value ?? null;
    ({ record, value } = again);
  }
}

function tellUnknown({ runtime }: LogScope, { name }: DeclaredStream): void {
  const hint = 'the next event of such a key sets it right';
  const message =
    'after a removal, latest events of the stream may be too early: its log is too long to tell revisions apart';
  runtime.log('warn', message, { stream: name, hint });
}

/** What was found, without what was removed since; its keys are orphans of those removals. */
function divide(found: ReadonlyMap<string, Candidate>, { active, orphans }: Removals) {
  const removalOf = finder(active);
  const kept = new Map<string, Candidate>();
  const gone: Removals['orphans'] = [];
  for (const [key, candidate] of found) {
    const removal = removalOf(candidate.event, candidate.cursor);
    if (removal === null) kept.set(key, candidate);
    else if (!orphans.some((one) => one.key === key && one.number === removal.number)) {
      gone.push({ key, number: removal.number });
    }
  }
  return { kept, gone };
}

/** The removals with what a step erased. What is done already was counted. */
export function withErased(active: readonly Removal[], erased: Walked['erased']): Removal[] {
  return active.map((one) =>
    one.doneAt === null ? { ...one, erased: one.erased + (erased.get(one.number) ?? 0) } : one,
  );
}

async function walk(
  { store, runtime, tenant }: LogScope,
  stream: DeclaredStream,
  { active }: Removals,
  { cursor, reads, deadline, erases, forgets }: Step,
  fallback: Fallback,
): Promise<Walked> {
  const log = streamLog(tenant, stream.name);
  const removalOf = finder(active);
  const entryIds = new Set(active.filter(forgets).map(({ entry }) => entry));
  const erased = new Map<number, number>();
  const walked = { cursor, isEnd: false, erased };
  for (let n = 0; n < reads && !walked.isEnd && (n === 0 || runtime.now() < deadline); n += 1) {
    const page = await store.last(log, READ_LIMIT, walked.cursor);
    const erasures = page.entries.toReversed().flatMap((entry) => {
      const event = loggedEvent.read(entry);
      const removal = removalOf(event, entry.cursor);
      if (removal !== null) {
        if (!erases(removal)) return [];
        erased.set(removal.number, (erased.get(removal.number) ?? 0) + 1);
        return [{ cursor: entry.cursor, value: tombstoneOf(event, entry.appendedAt) }];
      }
      if (isRemoval(event) && entryIds.has(event.id)) return [{ cursor: entry.cursor, value: doneRemovalOf(event) }];
      fallback.take(event, entry);
      return [];
    });
    if (erasures.length > 0) await store.erase(log, erasures);
    walked.isEnd = page.truncated || page.entries.length < READ_LIMIT;
    walked.cursor = page.start;
  }
  return walked;
}
