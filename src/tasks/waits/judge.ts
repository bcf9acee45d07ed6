/**
 * Judges each waiter by a round of the follower. A settled waiter is judged by the entries of the round alone. One that is not
 * settled may have been stored between two rounds: it is first taken through the entries between its cursor and the round. This
 * reads the log and writes nothing.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import { entriesBetween } from '../../store/cursor.ts';
import type { Cursor, LogEntry, LogPage, Put, StoredRecord } from '../../store/store.ts';
import { besides, obey } from '../../streams/log/removals.ts';
import type { Scope } from '../../streams/scope.ts';
import { takeIn, entriesAfter, isHeld, putWaiter, readWaiter, type Waiter, type Waiting } from './waiter.ts';

const GAP_PAGE = 200;
/** How many pages before the round are remembered for other waiters. */
const MOST_GAPS = 8;
/** How many entries a waiter that is not settled may lag before it is written, and a position before it jumps. */
const FAR = 1_000;

/** The entries of a round, and what judging by them needs. */
export interface WaiterRound {
  scope: Scope;
  stream: DeclaredStream;
  log: string;
  round: readonly LogEntry[];
  deadline: number;
  /** Whether waiters of a newer release are left out; else they end the round. */
  leavesNewer: boolean;
  /** Pages before the round that were read for other waiters, by where they begin. */
  gaps: Map<Cursor | null, Promise<LogPage>>;
}

/**
 * A waiter as it was read; null: it is of a newer release, and left out.
 * @throws TidegateError `newer_version` where that is not to be left out
 */
export function waiterIn(record: StoredRecord, now: number, leavesNewer: boolean): Waiter | null {
  try {
    return readWaiter(record, now);
  } catch (thrown) {
    if (leavesNewer && asTidegateError(thrown).code === 'newer_version') return null;
    throw thrown;
  }
}

/**
 * A put for each that has become another.
 * @throws TidegateError `cancelled` where the time is over before all were looked at; `newer_version` as `waiterIn`
 */
export async function judgeAll(round: WaiterRound, records: readonly StoredRecord[]): Promise<Put[]> {
  const { runtime } = round.scope;
  const puts: Put[] = [];
  for (const record of records) {
    const now = runtime.now();
    if (now >= round.deadline)
      throw new TidegateError('cancelled', 'the time was over before all waits were looked at');
    const standing = waiterIn(record, now, round.leavesNewer);
    if (standing === null || isHeld(standing)) continue;
    const waiter = await judge(round, standing);
    if (!isWorthwhile(standing, waiter)) continue;
    const { version: expects, expiresAt } = record;
    puts.push(
      putWaiter(
        round.scope.tenant,
        { partition: record.partition, id: record.id },
        waiter,
        { expects, expiresAt },
        now,
      ),
    );
  }
  return puts;
}

async function judge(round: WaiterRound, standing: Waiting): Promise<Waiter> {
  const { round: entries, stream } = round;
  let waiter: Waiter = standing;
  if (!standing.settled) waiter = await throughGap(round, standing);
  return isHeld(waiter) ? waiter : takeIn(waiter, entriesAfter(waiter.cursor, entries), stream.name);
}

/** Takes a waiter through what stands between its cursor and the round. */
async function throughGap({ scope, log, round, stream, gaps }: WaiterRound, standing: Waiting): Promise<Waiter> {
  const [first] = round;
  let waiter: Waiter = standing;
  if (first === undefined) return waiter;
  while (!isHeld(waiter) && isBefore(waiter.cursor, first.cursor, 1)) {
    const { cursor } = waiter;
    if (gaps.size > MOST_GAPS) gaps.clear();
    const page = gaps.get(cursor) ?? scope.store.read(log, cursor, GAP_PAGE, besides(scope, stream.name)).then(obey);
    gaps.set(cursor, page);
    const missed = (await page).entries.filter((entry) => isBefore(entry.cursor, first.cursor, 0));
    if (missed.length === 0) return waiter;
    waiter = takeIn(waiter, missed, stream.name);
  }
  return waiter;
}

/** Whether more than `entries` entries stand between them. */
function isBefore(cursor: Cursor | null, other: Cursor, entries: number): boolean {
  return cursor === null || (entriesBetween(cursor, other) ?? 0) > entries;
}

/** Whether a waiter is written. One with nothing new is not, unless reading would begin ever further back because of it. */
function isWorthwhile(standing: Waiting, waiter: Waiter): boolean {
  if (isHeld(waiter) || waiter.state !== standing.state) return true;
  if (standing.settled || waiter.cursor === null) return false;
  return standing.cursor === null || isFar(standing.cursor, waiter.cursor);
}

export function isFar(from: Cursor, to: Cursor): boolean {
  return (entriesBetween(from, to) ?? 0) > FAR;
}
