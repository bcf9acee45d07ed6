/**
 * The follower that wakes the waits on a stream. It reads events, judges every waiter by them, and writes each waiter that
 * holds by now. Such a waiter is due, and a due waiter gets its task taken up.
 *
 * It reads the events first and lists the waiters after that. That order is what loses no wake-up: a waiter that the list
 * does not show was stored after the events were read, and its task reads the log after it has stored it (`turn/wait.ts`), so
 * it sees these events itself. Events that come after the task's own read are read here later still, with the waiter in
 * the list. From there on every round has listed it, so what stands between its cursor and the position of this follower
 * has changed nothing, or has been written into it.
 *
 * How a waiter is judged is in `judge.ts`. Waiters are written before the position moves, in commits of their own. A waiter that
 * somebody else has written meanwhile (its task, or another follower) is judged again, and keeps no other from being written.
 *
 * The position does not move past a waiter of a newer release, because that would lose its wake-up: the newer release goes on
 * from there. The waiters beside it are followed from a position of their own meanwhile, so that each round is bounded however
 * long the newer waiter stands. That position may be behind the first one, which costs a second look and changes nothing.
 */
import { listAll } from '../../store/list-all.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import { jsonBytes } from '../../base/json.ts';
import { paceOf } from '../../base/pace.ts';
import { commitSurely } from '../../store/commit.ts';
import { entriesBetween } from '../../store/cursor.ts';
import { type Cursor, isPresent, type LogEntry } from '../../store/store.ts';
import type { Deps } from '../../streams/deps.ts';
import { follow, followerPosition } from '../../streams/log/follower.ts';
import { removalsKey } from '../../streams/log/removals.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { isFar, judgeAll, type Judged, waiterIn, type WaiterRound } from './judge.ts';
import { type TaskRef, taskOfDue, waiterPartition } from '../records/names.ts';
import { isHeld, putsHeld, type Waiting } from './waiter.ts';
import type { StreamScope } from '../../streams/scope.ts';

export const WAITER_FOLLOWER = 'waiters';
/** Follows for the waiters that this release can read, while one of a newer release holds the position of the other. */
const BESIDE_NEWER = 'waiters-beside-newer';

export interface WaitersReport {
  /** Whether anything waited when it was first looked at. */
  waiting: boolean;
  /** How many entries the waiters were judged by. */
  entries: number;
  /** How many waits hold now. */
  matched: number;
  /** How many commits were made, without the one of the position. */
  commits: number;
  /** Whether it came to the end of the log as it was when it was read. */
  caughtUp: boolean;
  /** That a waiter is of a newer release: the position was left for it, and the others were followed. Null: none is. */
  newer: TidegateError | null;
}

/** A round, and what is done with it. */
interface Following extends WaiterRound {
  wake: Options['wake'];
  report: WaitersReport;
}

interface Options {
  /** Epoch ms */
  deadline: number;
  /** Called for each task whose wait is over, once that is stored. */
  wake?: (task: TaskRef) => void;
}

/** Most waiters in memory at once. */
const LIST_PAGE = 200;
/** Most entries of a round. */
const ROUND_ENTRIES = 500;
const NAMES_BYTES = 1_024;
/** How often in a row a commit may meet waiters that somebody else has written. */
const MOST_RACES = 20;

/** One list call where nothing waits. Errors as `follow`. */
export async function followWaiters(
  scope: StreamScope,
  stream: DeclaredStream,
  options: Options,
): Promise<WaitersReport> {
  const report: WaitersReport = { waiting: false, entries: 0, matched: 0, commits: 0, caughtUp: true, newer: null };
  try {
    return await followAs(WAITER_FOLLOWER, scope, stream, options, report);
  } catch (thrown) {
    const error = asTidegateError(thrown);
    if (error.code !== 'newer_version') throw thrown;
    report.newer = error;
    return followAs(BESIDE_NEWER, scope, stream, options, report);
  }
}

/** As `WAITER_FOLLOWER` it ends with `newer_version` at a waiter of a newer release; as `BESIDE_NEWER` it leaves that out. */
async function followAs(
  follower: string,
  scope: StreamScope,
  stream: DeclaredStream,
  { deadline, wake }: Options,
  report: WaitersReport,
): Promise<WaitersReport> {
  const log = streamLog(scope.tenant, stream.name);
  const leavesNewer = follower === BESIDE_NEWER;
  const pace = paceOf(scope.runtime);
  const first = await firstWaiting(scope, stream, leavesNewer);
  if (first === null) return report;
  const main = leavesNewer ? await followerPosition(scope, WAITER_FOLLOWER, log) : null;
  const { entries, caughtUp } = await follow({
    scope,
    log,
    follower,
    removals: removalsKey(scope.tenant, stream.name),
    start: (position) => startOf(scope, stream, laterOf(position, main), first, leavesNewer),
    begin() {
      const round: LogEntry[] = [];
      return {
        take: (taken) => void round.push(...taken),
        async effects() {
          await wakeAll({ scope, stream, log, round, deadline, leavesNewer, wake, report, pace, gaps: new Map() });
          return [];
        },
      };
    },
    repeatable: true,
    limit: ROUND_ENTRIES,
    deadline,
  });
  return { ...report, waiting: true, entries, caughtUp };
}

/** The later of two positions; the first where they are of two epochs. */
function laterOf(position: Cursor | null, other: Cursor | null): Cursor | null {
  if (position === null || other === null) return position ?? other;
  return (entriesBetween(position, other) ?? 0) > 0 ? other : position;
}

/** All waiters, a page at a time. */
function listWaiters(scope: StreamScope, { name }: DeclaredStream, limit = LIST_PAGE) {
  return listAll(scope, waiterPartition(scope.tenant, name), { limit });
}

/** Null: nothing waits. */
async function firstWaiting(scope: StreamScope, stream: DeclaredStream, leavesNewer: boolean): Promise<Waiting | null> {
  for await (const records of listWaiters(scope, stream, 10)) {
    for (const record of records) {
      const waiter = waiterIn(record, scope.runtime.now(), leavesNewer);
      if (waiter !== null && !isHeld(waiter)) return waiter;
    }
  }
  return null;
}

/**
 * Where the follower begins. After a long time in which nothing waited its position is far behind, and it jumps to the earliest
 * cursor of a waiter. The task of a waiter that is stored after this list reads on from the log's end, which is no earlier than
 * any cursor listed here.
 */
async function startOf(
  scope: StreamScope,
  stream: DeclaredStream,
  position: Cursor | null,
  first: Waiting,
  leavesNewer: boolean,
): Promise<Cursor | null> {
  if (first.cursor === null || (position !== null && !isFar(position, first.cursor))) return position;
  let earliest: Cursor | null = first.cursor;
  for await (const records of listWaiters(scope, stream)) {
    for (const record of records) {
      const waiter = waiterIn(record, scope.runtime.now(), leavesNewer);
      if (waiter === null || isHeld(waiter)) continue;
      if (waiter.cursor === null) return position;
      if ((entriesBetween(waiter.cursor, earliest) ?? 0) > 0) earliest = waiter.cursor;
    }
  }
  return position === null || (entriesBetween(position, earliest) ?? 0) > 0 ? earliest : position;
}

async function wakeAll(round: Following): Promise<void> {
  const { scope, stream } = round;
  let judged: Judged[] = [];
  for await (const records of listWaiters(scope, stream)) {
    judged.push(...(await judgeAll(round, records)));
    judged = await write(round, judged, false);
  }
  await write(round, judged, true);
}

/** Writes waiters as long as they fill a commit, or all of them; returns those that are left. */
async function write(round: Following, judged: readonly Judged[], all: boolean): Promise<Judged[]> {
  const { scope, deadline, report, wake, pace } = round;
  let left = [...judged];
  for (let races = 0; ;) {
    const rest = pace();
    if (rest !== null) await rest;
    const chunk = chunkOf(scope, left);
    if (left.length === 0 || (!all && chunk.length === left.length)) return left;
    const result = await commitSurely(scope.runtime, scope.store, chunk.flat(), deadline);
    report.commits += 1;
    if (result.status === 'committed') {
      left = left.slice(chunk.length);
      const held = chunk.map(([head]) => head).filter(putsHeld);
      report.matched += held.length;
      for (const put of held) wake?.(taskOfDue(put));
      races = 0;
      continue;
    }
    races += 1;
    if (races > MOST_RACES) {
      throw new TidegateError('store_unavailable', 'waits on a stream change too often at once', {
        retryAfterMs: 1_000,
      });
    }
    const owners = chunk.flatMap((one) => one.map(() => one));
    const moved = new Set(result.conflicts.map(({ operation }) => owners[operation]));
    const found = await scope.store.getMany(
      [...moved].flatMap((one) => (one ? [{ partition: one[0].partition, id: one[0].id }] : [])),
      scope.runtime.now(),
    );
    left = [...left.filter((one) => !moved.has(one)), ...(await judgeAll(round, found.filter(isPresent)))];
  }
}

/** The first of the waiters, as many as one commit takes. */
function chunkOf({ store }: Deps, judged: readonly Judged[]): readonly Judged[] {
  const { commitOperations, commitBytes } = store.limits;
  let bytes = 0;
  let operations = 0;
  const most = judged.findIndex((one, index) => {
    operations += one.length;
    for (const operation of one) {
      bytes += NAMES_BYTES + (operation.kind === 'put' ? jsonBytes(operation.value) : 0);
    }
    return index > 0 && (operations > commitOperations || bytes > commitBytes);
  });
  return most === -1 ? judged : judged.slice(0, most);
}
