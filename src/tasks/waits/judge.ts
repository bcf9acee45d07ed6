/**
 * Judges each waiter by a round of the follower. A settled waiter is judged by the entries of the round alone. One that is not
 * settled may have been stored between two rounds: it is first taken through the entries between its cursor and the round. This
 * reads the log and writes nothing.
 */
import type { DeclaredStream } from '../../declare/stream.ts';
import { asTidegateError, TidegateError } from '../../base/errors.ts';
import type { Pace } from '../../base/pace.ts';
import { entriesBetween } from '../../store/cursor.ts';
import type { Cursor, Delete, LogEntry, LogPage, Put, StoredRecord } from '../../store/store.ts';
import { besides, obey } from '../../streams/log/removals.ts';
import type { StreamScope } from '../../streams/scope.ts';
import { limitsOfWait } from '../records/quotas.ts';
import { inHand, type InHand, isWaiting, operationsOf, takeInHand, wantedBy, withParts } from './in-hand.ts';
import { entriesAfter, isHeld, putWaiter, readWaiter, type Waiter, type Waiting } from './waiter.ts';

const GAP_PAGE = 200;
/** How many pages before the round are remembered for other waiters. */
const MOST_GAPS = 8;
/** How many entries a waiter that is not settled may lag before it is written, and a position before it jumps. */
const FAR = 1_000;

/** The entries of a round, and what judging by them needs. */
export interface WaiterRound {
  scope: StreamScope;
  stream: DeclaredStream;
  log: string;
  round: readonly LogEntry[];
  deadline: number;
  /** Whether waiters of a newer release are left out; else they end the round. */
  leavesNewer: boolean;
  /** That of the whole round, whatever is done in it. */
  pace: Pace;
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

/** What stores a waiter that has become another: the put of its head first. It takes effect as a whole. */
export type Judged = [head: Put, ...others: (Put | Delete)[]];

/** How many waiters are taken in hand at once, each with the parts of its state that the round concerns. */
const AT_ONCE = 25;

/**
 * What stores each that has become another.
 * @throws TidegateError `cancelled` where the time is over before all were looked at; `newer_version` as `waiterIn`
 */
export async function judgeAll(round: WaiterRound, records: readonly StoredRecord[]): Promise<Judged[]> {
  const judged: Judged[] = [];
  for (let from = 0; from < records.length; from += AT_ONCE) {
    judged.push(...(await judgeSome(round, records.slice(from, from + AT_ONCE))));
  }
  return judged;
}

async function judgeSome(round: WaiterRound, records: readonly StoredRecord[]): Promise<Judged[]> {
  const { scope, stream, pace } = round;
  const standing = records.flatMap((record) => {
    const waiter = waiterIn(record, scope.runtime.now(), round.leavesNewer);
    return waiter === null || isHeld(waiter) ? [] : [{ record, hand: inHand(waiter) }];
  });
  const readAt = scope.runtime.now();
  const wanted = standing.map(({ hand }) => ({ hand, parts: wantedBy(hand, newTo(hand.waiter, round), readAt) }));
  const hands = await withParts(scope, stream, wanted);
  const judged: Judged[] = [];
  for (const [index, { record }] of standing.entries()) {
    const rest = pace();
    if (rest !== null) await rest;
    const now = scope.runtime.now();
    if (now >= round.deadline)
      throw new TidegateError('cancelled', 'the time was over before all waits were looked at');
    const hand = hands[index];
    if (hand === undefined) continue;
    const next = await judge(round, hand);
    if (!isWorthwhile(hand.waiter, next)) continue;
    const { partition, id, version: expects, expiresAt } = record;
    const head = putWaiter({ partition, id }, next.waiter, { expects, expiresAt }, now);
    judged.push(operationsOf(scope.tenant, stream.name, head, next));
  }
  return judged;
}

function newTo({ cursor }: Waiting, { round }: WaiterRound): readonly LogEntry[] {
  return entriesAfter(cursor, round);
}

async function judge(round: WaiterRound, standing: InHand<Waiting>): Promise<InHand> {
  const { round: entries, stream, scope } = round;
  let hand: InHand = standing;
  if (!standing.waiter.settled) hand = await throughGap(round, standing);
  if (!isWaiting(hand)) return hand;
  const left = entriesAfter(hand.waiter.cursor, entries);
  const now = scope.runtime.now();
  const [ready = hand] = await withParts(scope, stream, [{ hand, parts: wantedBy(hand, left, now) }]);
  return takeInHand(scope.runtime, ready, left, stream.name, now, limitsOfWait(scope.app));
}

/** Takes a waiter through what stands between its cursor and the round. */
async function throughGap(
  { scope, log, round, stream, gaps }: WaiterRound,
  standing: InHand<Waiting>,
): Promise<InHand> {
  const [first] = round;
  let hand: InHand = standing;
  if (first === undefined) return hand;
  while (isWaiting(hand) && isBefore(hand.waiter.cursor, first.cursor, 1)) {
    const { cursor } = hand.waiter;
    if (gaps.size > MOST_GAPS) gaps.clear();
    const page = gaps.get(cursor) ?? scope.store.read(log, cursor, GAP_PAGE, besides(scope, stream.name)).then(obey);
    gaps.set(cursor, page);
    const missed = (await page).entries.filter((entry) => isBefore(entry.cursor, first.cursor, 0));
    if (missed.length === 0) return hand;
    const now = scope.runtime.now();
    const [ready = hand] = await withParts(scope, stream, [{ hand, parts: wantedBy(hand, missed, now) }]);
    hand = takeInHand(scope.runtime, ready, missed, stream.name, now, limitsOfWait(scope.app));
  }
  return hand;
}

/** Whether more than `entries` entries stand between them. */
function isBefore(cursor: Cursor | null, other: Cursor, entries: number): boolean {
  return cursor === null || (entriesBetween(cursor, other) ?? 0) > entries;
}

/** Whether a waiter is written. One with nothing new is not, unless reading would begin ever further back because of it. */
function isWorthwhile(standing: Waiting, { waiter, fresh, stale }: InHand): boolean {
  if (isHeld(waiter) || waiter.state !== standing.state || fresh.size + stale.length > 0) return true;
  if (standing.settled || waiter.cursor === null) return false;
  return standing.cursor === null || isFar(standing.cursor, waiter.cursor);
}

export function isFar(from: Cursor, to: Cursor): boolean {
  return (entriesBetween(from, to) ?? 0) > FAR;
}
