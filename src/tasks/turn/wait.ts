/**
 * `waitFor` within a turn of a task. No wake-up is lost, because a wait begins with two commits and a read between them:
 *
 *   1. under the lease: the waiter, with the cursor up to which the log has been taken in;
 *   2. the log is read from that cursor to its end. What was appended before this read, the task sees itself. What is
 *      appended after it, a follower reads later than the waiter was stored, and it lists the waiters after it has read
 *      (`waits/follow.ts`): it sees the waiter. Only then is the waiter settled, and the turn may end.
 *
 * Killed in between, the lease runs out, and the next turn finds the waiter and reads from its cursor again. However the
 * wait ends, what it ended with is remembered and its waiter deleted in one commit, so it ends once.
 */
import type { Condition } from '../../declare/condition.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import type { Occurrence } from '../../declare/task.ts';
import { TidegateError, invalidInput } from '../../base/errors.ts';
import { liesBeyond } from '../../base/time/stored-time.ts';
import { entriesBetween } from '../../store/cursor.ts';
import { type Cursor, type Delete, isPresent, type Put, type RecordKey, type Version } from '../../store/store.ts';
import { followerPosition } from '../../streams/log/follower.ts';
import { besides, obey } from '../../streams/log/removals.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { WAITER_FOLLOWER } from '../waits/follow.ts';
import { expiryOf } from '../records/header.ts';
import { waiterKey } from '../records/names.ts';
import { limitsOfWait, waitQuota } from '../records/quotas.ts';
import { rememberedWait, type Wait } from '../records/remembered.ts';
import type { TaskDeps } from '../records/find-task.ts';
import { ofStream, type StreamScope } from '../../streams/scope.ts';
import { noteWork } from '../../streams/tenant-work.ts';
import type { WaitingTurn } from './turn.ts';
import { beginWait } from '../waits/start.ts';
import {
  divide,
  dropParts,
  inHand,
  type InHand,
  isWaiting,
  passTimeInHand,
  storeParts,
  takeInHand,
  wantedBy,
  withParts,
} from '../waits/in-hand.ts';
import { isDueElse, isHeld, putWaiter, readWaiter, type Waiter, type Waiting } from '../waits/waiter.ts';

/** Most waits of one turn that have not ended. */
export const MOST_WAITS = 20;
/** Entries that are read at once. */
const PAGE = 500;

/** How soon the schedule follows what waits. */
const WAITS_NOTED = { withinMs: 30_000, remembered: false };

/** Which wait, of which turn. */
interface Place {
  turn: WaitingTurn;
  id: string;
  stream: DeclaredStream;
  /** Where the stream's log stands, and its waiters: not always with the task. */
  logs: StreamScope<TaskDeps>;
  key: RecordKey;
  /** When its time is over, epoch ms. */
  until: number;
  /** Another time is remembered, of a clock that was ahead. */
  isAnew: boolean;
}

/** What the wait ends with, from memory or from the log. Never settles where the wait goes on after this turn. */
export async function waitFor(
  turn: WaitingTurn,
  id: string,
  stream: DeclaredStream,
  condition: Condition,
  timeoutMs: number | null,
): Promise<Occurrence | null> {
  const { claim, scope, memory, parking, breakOff } = turn;
  const known = memory.recall(rememberedWait, id);
  if (known?.value !== undefined) return known.value;
  const { header } = claim;
  const now = scope.runtime.now();
  const overAt = timeoutMs === null ? header.endsBy : Math.round(now + timeoutMs);
  // One that lies further ahead than it is long began under a clock that was ahead: its time begins anew.
  const until = known && !liesBeyond(known.until, now, timeoutMs ?? Infinity) ? known.until : overAt;
  const isAnew = known !== undefined && until !== known.until;
  const logs = ofStream(scope, stream);
  const place = { turn, id, stream, logs, key: waiterKey(logs.tenant, stream.name, claim, id), until, isAnew };
  const looking = known ? goOn(place, condition) : register(place, condition, null);
  const result = await parking.busy(breakOff.guard(looking));
  return 'value' in result ? result.value : parking.park(result.dueAt);
}

/** The wait has ended with a value, or is looked at again at `dueAt`. */
type Looked = { value: Occurrence | null } | { dueAt: number };

/** Stores the waiter, then reads the log. @param expects the version of what still stands under the waiter's key */
async function register(place: Place, condition: Condition, expects: Version | null): Promise<Looked> {
  const { turn, id, stream, logs, key, until } = place;
  const { scope, memory, journal, deadline } = turn;
  const waiter = await beginWait(logs, stream, condition, deadline);
  const now = scope.runtime.now();
  // Its task may have ended meanwhile, in a race that another won: nobody would take the waiter away.
  if (turn.parking.isClosed()) return { dueAt: now };
  if (isHeld(waiter)) return finish(place, waiter.held, null);
  if (now >= until) return finish(place, null, null);
  const expiresAt = expiryOf(journal.header());
  await scope.quotas?.take(scope.store, waitQuota(scope.app, stream.name), journal.header().principal, 1);
  const hand = divide(scope.runtime, inHand(waiter));
  if (!isWaiting(hand)) throw new TidegateError('internal', 'a waiter that was divided holds');
  await storeParts(logs, stream.name, hand, expiresAt, deadline);
  note(place, {}, putWaiter(key, hand.waiter, { expects, expiresAt }, now), false);
  await turn.breakOff.flush();
  scope.waiting?.(logs.tenant, stream.name);
  return look(place, inHand(hand.waiter), memory.versionOf(id), hand.waiter.cursor);
}

/** Goes on with a wait that an earlier turn began. */
async function goOn(place: Place, condition: Condition): Promise<Looked> {
  const { stream, logs, key } = place;
  const { store, runtime, tenant } = logs;
  const first = await store.get(key, runtime.now());
  if (isPresent(first)) {
    const waiter = readWaiter(first, runtime.now());
    if (isHeld(waiter)) return finish(place, waiter.held, first.version, waiter);
  }
  // The position first: what a follower wrote before it moved on is seen in the waiter then.
  const position = await followerPosition(logs, WAITER_FOLLOWER, streamLog(tenant, stream.name));
  const reading = await store.get(key, runtime.now());
  // Only its task deletes it, so the store has lost it: the wait begins anew.
  if (!isPresent(reading)) return register(place, condition, reading.version);
  const waiter = readWaiter(reading, runtime.now());
  if (isHeld(waiter)) return finish(place, waiter.held, reading.version, waiter);
  const from = waiter.settled ? later(waiter.cursor, position) : waiter.cursor;
  const isOdd = place.isAnew || isDueElse(waiter, reading, runtime.now());
  return look(place, inHand(waiter), reading.version, from, isOdd);
}

/**
 * Reads the log from `from` to its end, and settles the waiter there. The wait ends where it holds, or its time is over.
 * @param isOdd what is stored of it has times of a clock that was ahead
 */
async function look(
  place: Place,
  standing: InHand<Waiting>,
  version: Version | null,
  from: Cursor | null,
  isOdd = false,
): Promise<Looked> {
  const { turn, stream, logs, key, until } = place;
  const { app, store, runtime, tenant } = logs;
  const log = streamLog(tenant, stream.name);
  const now = runtime.now();
  let hand: InHand = { ...standing, waiter: { ...standing.waiter, cursor: from } };
  let atEnd = false;
  // A turn that only reads would come to nothing: what it has read is stored in time.
  const enoughAt = turn.deadline - turn.wholeMs / 3;
  while (!atEnd && isWaiting(hand) && (runtime.now() < enoughAt || hand.waiter.cursor === from)) {
    const { entries, cursor } = obey(await store.read(log, hand.waiter.cursor, PAGE, besides(logs, stream.name)));
    atEnd = entries.length < PAGE;
    const [ready = hand] = await withParts(logs, stream, [{ hand, parts: wantedBy(hand, entries, now) }]);
    hand = takeInHand(runtime, ready, entries, stream.name, now, limitsOfWait(app));
    if (entries.length === 0 && isWaiting(hand)) hand = { ...hand, waiter: { ...hand.waiter, cursor } };
  }
  if (atEnd && isWaiting(hand)) hand = await passTimeInHand(logs, hand, now, stream);
  if (!isWaiting(hand)) return finish(place, heldBy(hand), version, hand.waiter);
  if (atEnd && now >= until) return finish(place, null, version, standing.waiter);
  const { waiter } = hand;
  const settled = standing.waiter.settled || atEnd;
  const isChanged = isOdd || waiter.state !== standing.waiter.state || hand.fresh.size + hand.stale.length > 0;
  if (isChanged || settled !== standing.waiter.settled || !atEnd) {
    // Where a follower was faster, what it wrote stays, and stays unsettled. That costs reads and loses nothing.
    const record = { expects: version, expiresAt: expiryOf(turn.journal.header()) };
    await storeParts(logs, stream.name, hand, record.expiresAt, turn.deadline);
    const put = putWaiter(key, { ...waiter, settled }, record, now);
    note(place, {}, put, true);
  }
  // After the waiter is stored, and each time: whoever finds that nothing waits does not see one that comes later.
  if (stream.tenants === 'each') await noteWork(logs, [`waits/${stream.name}`], WAITS_NOTED);
  return { dueAt: atEnd ? until : now };
}

/** The wait has ended: that is remembered and its waiter deleted, in one commit. */
async function finish(
  place: Place,
  value: Occurrence | null,
  version: Version | null,
  waiter: Waiter | null = null,
): Promise<Looked> {
  const { turn, key } = place;
  const end = { value, ...turn.order.placeOf(place.id) };
  note(place, end, version === null ? undefined : { kind: 'delete', ...key, expects: version }, true);
  await turn.breakOff.flush();
  if (version !== null) {
    const { scope, claim } = turn;
    const { principal, createdAt } = claim.header;
    await scope.quotas?.give(scope.store, waitQuota(scope.app, place.stream.name), principal, 1, createdAt);
  }
  if (waiter !== null) await dropParts(place.logs, place.stream.name, waiter, turn.deadline).catch(ignored);
  return { value };
}

/** The wait has ended, and what is left of it expires. */
function ignored(): void {}

function heldBy({ waiter }: InHand): Occurrence | null {
  return isHeld(waiter) ? waiter.held : null;
}

/** Remembers the wait with the next commit. @param beside what becomes of its waiter in the same commit */
function note(
  { turn, id, stream, until }: Place,
  end: Pick<Wait, 'value' | 'place'>,
  beside: Put | Delete | undefined,
  yields: boolean,
): void {
  const wait: Wait = { stream: stream.name, until, ...end };
  turn.memory.note(rememberedWait, id, wait, beside, yields);
}

/** The later of two cursors of one log. */
function later(cursor: Cursor | null, position: Cursor | null): Cursor | null {
  if (cursor === null || position === null) return cursor ?? position;
  return (entriesBetween(cursor, position) ?? 0) > 0 ? position : cursor;
}

/** @throws TidegateError `invalid_input` */
export function checkTimeout(timeoutMs: number | undefined): number | null {
  if (timeoutMs === undefined) return null;
  if (Number.isFinite(timeoutMs) && timeoutMs >= 0) return timeoutMs;
  const [field, expected] = ['timeoutMs', 'a number of ms, 0 or more'];
  throw invalidInput(field, expected);
}
