/**
 * `waitFor` within an entry of a task. No wake-up is lost, because a wait is entered in two commits with a read between:
 *
 *   1. under the lease: the waiter, with the cursor up to which the log has been taken in;
 *   2. the log is read from that cursor to its end. What was appended before this read, the task sees itself. What is
 *      appended after it, a follower reads later than the waiter was stored, and it lists the waiters after it has read
 *      (`follow.ts`): it sees the waiter. Only then is the waiter settled, and the entry left.
 *
 * Killed in between, the lease runs out, and the next entry finds the waiter and reads from its cursor again. However the
 * wait ends, what it ended with is remembered and its waiter deleted in one commit, so it ends once.
 */
import type { Condition } from '../../declare/condition.ts';
import type { DeclaredStream } from '../../declare/stream.ts';
import type { Occurrence } from '../../declare/task.ts';
import { TidegateError } from '../../base/errors.ts';
import type { Json } from '../../base/json.ts';
import { entriesBetween } from '../../store/cursor.ts';
import { type Cursor, type Delete, isPresent, type Put, type RecordKey, type Version } from '../../store/store.ts';
import { followerPosition } from '../../streams/log/follower.ts';
import { streamLog } from '../../streams/log/stream-log.ts';
import { WAITER_FOLLOWER } from '../waits/follow.ts';
import { expiryOf } from '../records/header.ts';
import { waiterKey } from '../records/names.ts';
import type { Placed } from './order.ts';
import type { Turn } from './shared.ts';
import { beginWait } from '../waits/start.ts';
import { advance, isHeld, passTime, putWaiter, readWaiter, type Waiter, type Waiting } from '../waits/waiter.ts';
import { type Scope, scopeOf } from '../../streams/scope.ts';

/** A wait as its task remembers it, under an id that begins with `WAIT`. */
export interface Wait extends Placed {
  stream: string;
  /** Epoch ms at which its time is over. */
  until: number;
  /** What it ended with, null: the time was over. Absent: it has not ended. */
  value?: Occurrence | null;
}

export const WAIT = 'wait ';
/** Most waits of one entry that have not ended. */
export const MOST_WAITS = 20;
const PAGE = 500;

interface Place {
  turn: Turn;
  id: string;
  stream: DeclaredStream;
  scope: Scope;
  key: RecordKey;
  /** When its time is over, epoch ms. */
  until: number;
}

/** The wait's end, from memory or from the log; never settles where it goes on after this entry. */
export async function waitFor(
  turn: Turn,
  id: string,
  stream: DeclaredStream,
  condition: Condition,
  timeoutMs: number | null,
): Promise<Occurrence | null> {
  const { claim, deps, journal, parking } = turn;
  const known = journal.recall(id) as unknown as Wait | undefined;
  if (known?.value !== undefined) return known.value;
  const { tenant, taskId, header } = claim;
  const scope = scopeOf(deps, claim);
  const until = known?.until ?? (timeoutMs === null ? header.endsBy : Math.round(deps.runtime.now() + timeoutMs));
  const place = { turn, id, stream, scope, key: waiterKey(tenant, stream.name, taskId, id), until };
  const result = await parking.busy(known ? goOn(place, condition) : register(place, condition, null));
  return 'value' in result ? result.value : parking.park(result.dueAt);
}

type Looked = { value: Occurrence | null } | { dueAt: number };

/** @param expects the version of what still stands in the waiter's place */
async function register(place: Place, condition: Condition, expects: Version | null): Promise<Looked> {
  const { turn, id, stream, scope, key, until } = place;
  const { deps, journal, deadline } = turn;
  const waiter = await beginWait(scope, stream, condition, deadline);
  const now = deps.runtime.now();
  // Its task may have ended meanwhile, in a race that another won: nobody would take the waiter away.
  if (turn.parking.isClosed()) return { dueAt: now };
  if (isHeld(waiter)) return finish(place, waiter.held, null);
  if (now >= until) return finish(place, null, null);
  const record = { expects, expiresAt: expiryOf(journal.header()) };
  note(place, {}, putWaiter(scope.tenant, key, waiter, record, now), false);
  await turn.flush();
  deps.waiting?.(scope.tenant, stream.name);
  return look(place, waiter, journal.versionOf(id), waiter.cursor);
}

/** A wait that an earlier entry began. */
async function goOn(place: Place, condition: Condition): Promise<Looked> {
  const { turn, stream, scope, key } = place;
  const { store, runtime } = turn.deps;
  const first = await store.get(key, runtime.now());
  if (isPresent(first)) {
    const waiter = readWaiter(first, runtime.now());
    if (isHeld(waiter)) return finish(place, waiter.held, first.version);
  }
  // The position first: what a follower wrote before it moved on is seen in the waiter then.
  const position = await followerPosition(scope, WAITER_FOLLOWER, streamLog(scope.tenant, stream.name));
  const reading = await store.get(key, runtime.now());
  // It goes with its task alone, so the store has lost it: it is waited for anew.
  if (!isPresent(reading)) return register(place, condition, reading.version);
  const waiter = readWaiter(reading, runtime.now());
  if (isHeld(waiter)) return finish(place, waiter.held, reading.version);
  const from = waiter.settled ? later(waiter.cursor, position) : waiter.cursor;
  return look(place, waiter, reading.version, from);
}

/** Reads the log from `from` to its end, and settles the waiter there. */
async function look(place: Place, standing: Waiting, version: Version | null, from: Cursor | null): Promise<Looked> {
  const { turn, stream, scope, key, until } = place;
  const { store, runtime } = turn.deps;
  const log = streamLog(scope.tenant, stream.name);
  const now = runtime.now();
  let waiter: Waiter = { ...standing, cursor: from };
  let atEnd = false;
  // An entry that only reads would come to nothing: what it has read is stored in time.
  const enoughAt = turn.deadline - turn.wholeMs / 3;
  while (!atEnd && !isHeld(waiter) && (runtime.now() < enoughAt || waiter.cursor === from)) {
    const page = await store.read(log, waiter.cursor, PAGE);
    atEnd = page.entries.length < PAGE;
    waiter = advance(waiter, page.entries, stream.name);
    if (page.entries.length === 0 && !isHeld(waiter)) waiter = { ...waiter, cursor: page.cursor };
  }
  if (atEnd && !isHeld(waiter)) waiter = passTime(waiter, now, stream.name);
  if (isHeld(waiter)) return finish(place, waiter.held, version);
  if (atEnd && now >= until) return finish(place, null, version);
  const settled = standing.settled || atEnd;
  if (waiter.state !== standing.state || settled !== standing.settled || !atEnd) {
    // Where a follower was faster its own stands, and stays unsettled: that costs reads, and loses nothing.
    const record = { expects: version, expiresAt: expiryOf(turn.journal.header()) };
    const put = putWaiter(scope.tenant, key, { ...waiter, settled }, record, now);
    note(place, {}, put, true);
  }
  return { dueAt: atEnd ? until : now };
}

async function finish(place: Place, value: Occurrence | null, version: Version | null): Promise<Looked> {
  const { turn, key } = place;
  const end = { value, ...turn.order.placeOf(place.id) };
  note(place, end, version === null ? undefined : { kind: 'delete', ...key, expects: version }, true);
  await turn.flush();
  return { value };
}

function note(
  { turn, id, stream, until }: Place,
  end: Pick<Wait, 'value' | 'place'>,
  beside: Put | Delete | undefined,
  yields: boolean,
): void {
  const wait: Wait = { stream: stream.name, until, ...end };
  turn.journal.note(id, wait as unknown as Exclude<Json, null>, beside, yields);
}

function later(cursor: Cursor | null, position: Cursor | null): Cursor | null {
  if (cursor === null || position === null) return cursor ?? position;
  return (entriesBetween(cursor, position) ?? 0) > 0 ? position : cursor;
}

/** @throws TidegateError `invalid_input` */
export function checkTimeout(timeoutMs: number | undefined): number | null {
  if (timeoutMs === undefined) return null;
  if (Number.isFinite(timeoutMs) && timeoutMs >= 0) return timeoutMs;
  const [field, expected] = ['timeoutMs', 'a number of ms, 0 or more'];
  throw new TidegateError('invalid_input', `${field}: expected ${expected}`, { field, expected });
}
